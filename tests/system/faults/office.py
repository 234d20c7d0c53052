"""A whole branch office: an exchange on a pty, the box as a process, the reference CRM as another.

    paper ──pty──▶ payvand run ──▶ payvand crm            both lie where no fault of the box's
                        └──▶ payvand events --follow      disk reaches

The exchange prints outgoing calls, each with a number of its own that tells how manieth it is; what
the box is dead for it waits with, as its handshake makes it. An event counts as acknowledged once
the box has shown it or the CRM has it.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zlib import crc32
from zoneinfo import ZoneInfo

import tomli_w

from drivers.panasonic.day import Talk, TrueCall
from drivers.panasonic.exchange_port import SerialPort
from drivers.panasonic.printout import exchange_of
from drivers.panasonic.simulator import print_calls
from edge.durable_file import replace_file
from edge.errors import CommandFailed
from edge.local.client import Client
from edge.local.status import Status
from tests.ports import free_port
from tests.system import processes
from tests.system.faults.checker import Entry, Evidence, Vitals

SECONDS = 60.0
TOKEN = "made-up-token-5150"
CANARY = "0935"
"""What all printed numbers begin with. The digits after it must stand in no log."""
COUNTED_FROM = 1_000_000
BOX, CRM = "run", "crm"


class Program(processes.Program):
    """A program that is watched for what it uses."""

    seconds = SECONDS

    def vitals(self) -> Vitals:
        process = Path(f"/proc/{self.pid}")
        for line in (process / "status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return Vitals(int(line.split()[1]), sum(1 for _ in (process / "fd").iterdir()))
        raise AssertionError(f"{process} tells no memory")


class Office:
    """`data` may lie on a disk that fails; everything else lies in `folder`."""

    def __init__(self, folder: Path, data: Path) -> None:
        port = free_port()
        self.data = data
        self.url = f"http://127.0.0.1:{port}"
        self.box = Program(folder / "box.log", BOX, "--data", data)
        crm = (CRM, "--port", str(port), "--data", folder / "crm", "--token", TOKEN)
        self.crm = Program(folder / "crm.log", *crm)
        self.port = SerialPort(folder / "ttyUSB0")
        self.printed = 0
        self.shown: dict[str, Entry] = {}
        self._watching: asyncio.Future[None]
        self._exchange = exchange_of("KX-TDA200", ZoneInfo("Asia/Tehran"))

    def settle(self) -> None:
        """Write site.toml, so that no power cut takes it away."""
        device = {
            "key": "pbx1",
            "driver": "panasonic",
            "link": {"serial": str(self.port.path)},
            "settings": {"model": "KX-TDA200", "area_code": "51"},
        }
        access = {"url": self.url, "token": TOKEN}
        site = {
            "version": 1,
            "name": "mashhad",
            "timezone": "Asia/Tehran",
            "device": [device],
            "destination": [{"name": "crm", "kind": "link", "settings": access}],
        }
        replace_file(self.data / "site.toml", tomli_w.dumps(site).encode())

    async def print(self, count: int) -> None:
        """Print so many calls; returns when the line has taken them."""
        for _ in range(count):
            await self.port.write(self._line(self.printed + 1))
            self.printed += 1

    def _line(self, number: int) -> bytes:
        start = datetime(2026, 3, 27, 6, tzinfo=UTC) + timedelta(minutes=number)
        talk = Talk("101", start, 30)
        call = TrueCall(
            direction="outgoing",
            start=start,
            end=talk.end,
            extension=talk.extension,
            line=1,
            number=f"{CANARY}{COUNTED_FROM + number}",
            talks=(talk,),
        )
        (printed,) = print_calls([call], self._exchange)
        return printed.text

    async def print_on(self, seconds: float) -> None:
        """Print without end, a call each `seconds`."""
        while True:
            await self.print(1)
            await asyncio.sleep(seconds)  # the exchange's own pace

    def begin_watching(self) -> None:
        self._watching = asyncio.ensure_future(self._watch())

    async def stop_watching(self) -> None:
        """Harmless twice."""
        self._watching.cancel()
        await asyncio.wait([self._watching])

    async def _watch(self) -> None:
        """Note what `payvand events --follow` shows, over all lives of the box."""
        while True:
            with suppress(CommandFailed):
                async with Client(self.data) as client:
                    after = max((entry.sequence for entry in self.shown.values()), default=0)
                    async with aclosing(client.follow(after)) as lines:
                        async for line in lines:
                            self._show(json.loads(line))
            await asyncio.sleep(0.02)  # the box is dead: ask again

    def _show(self, event: dict[str, Any]) -> None:
        for entry in _entries([event]):
            self.shown.setdefault(entry.id, entry)

    async def status(self) -> Status | None:
        """None while the box does not answer."""
        try:
            async with Client(self.data) as client:
                return await client.status()
        except CommandFailed:
            return None

    async def online(self) -> None:
        async def look() -> bool:
            assert self.box.alive, self.box.log
            status = await self.status()
            return status is not None and status.devices[0].state == "online"

        try:
            await until(look, "the exchange is online")
        except AssertionError as error:
            raise AssertionError(f"{error}; {await self.status()}; log:\n{self.box.log}") from None

    async def settled(self, seconds: float = SECONDS) -> None:
        """Wait until the CRM has all printed calls that are stored, and the box is at rest."""

        async def look() -> bool:
            assert self.box.alive, self.box.log
            status = await self.status()
            return status is not None and all(each.backlog == 0 for each in status.destinations)

        await until(look, "an empty backlog", seconds)

    async def has(self, number: int) -> None:
        """Wait until the CRM has the call that was printed as this one."""

        async def look() -> bool:
            return any(each.number == number for each in _entries(await self.delivered()))

        await until(look, f"call {number} is at the CRM", 240)

    async def start_crm(self) -> None:
        self.crm.spawn()

        async def look() -> bool:
            assert self.crm.alive, self.crm.log
            with suppress(OSError):
                await self.get("/stats")
                return True
            return False

        await until(look, "the CRM listens")

    async def misbehave(self, mode: str, **order: object) -> None:
        """See edge/crm/misbehave.py."""
        import aiohttp

        order = {"mode": mode, **order}
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.url}/misbehave", json=order) as response,
        ):
            assert response.status == 200, await response.text()

    async def get(self, path: str) -> str:
        import aiohttp

        async with aiohttp.ClientSession() as session, session.get(self.url + path) as response:
            assert response.status == 200, await response.text()
            return await response.text()

    async def stored(self) -> list[dict[str, Any]]:
        """All events that the living box has, as `payvand events` prints them."""
        async with Client(self.data) as client:
            return [json.loads(line) async for line in client.events()]

    async def delivered(self) -> list[dict[str, Any]]:
        """What the CRM has, in order of arrival."""
        return [json.loads(line) for line in (await self.get("/events")).splitlines()]

    async def evidence(self, *vitals: Vitals) -> Evidence:
        """What is known while the box lives."""
        # Each is asked for before what must hold all of it.
        status = await self.status()
        assert status is not None
        delivered = list(_entries(await self.delivered()))
        stored = list(_entries(await self.stored()))
        return Evidence(
            acknowledged=[*self.shown.values(), *delivered],
            stored=stored,
            delivered=delivered,
            cursor=status.destinations[0].cursor,
            vitals=vitals,
            log=self.box.log,
            secrets=(TOKEN, *self._numbers()),
        )

    def _numbers(self) -> list[str]:
        return [f"{CANARY[1:]}{COUNTED_FROM + number}" for number in range(1, self.printed + 1)]

    def kill(self) -> None:
        self.box.kill()
        self.crm.kill()


async def until(look: Callable[[], Awaitable[bool]], what: str, seconds: float = SECONDS) -> None:
    """Ask until it is so; fails naming `what`."""
    await processes.eventually(look, what, seconds)


def _entries(events: list[dict[str, Any]]) -> list[Entry]:
    """The calls as their numbers; what the box says of itself counts by its sequence."""
    return [Entry(event["id"], _device(event), _number(event), _digest(event)) for event in events]


def _device(event: dict[str, Any]) -> str:
    device: str = event["source"].rpartition("/")[2]
    return device if event["type"] == "call.ended" else f"{device} {event['type']}"


def _number(event: dict[str, Any]) -> int:
    if event["type"] != "call.ended":
        return int(event["sequence"])
    return int(event["data"]["number_raw"].removeprefix(CANARY)) - COUNTED_FROM


def _digest(event: dict[str, Any]) -> int:
    """Of all but times, which may be put right later."""
    data = {
        name: value
        for name, value in event["data"].items()
        if name != "since" and not name.endswith("_at")
    }
    return crc32(json.dumps([event["type"], data], sort_keys=True).encode())
