"""A real journal and a real device, and a CRM that signs what the test wants, or does not."""

import asyncio
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from drivers.contract import Surroundings
from drivers.wire.address import TcpAddress
from edge.commands.listener import Listener
from edge.commands.target import Target
from edge.delivery.backoff import Pace
from edge.delivery.destination import Branch
from edge.delivery.destinations.link.commands import LinkCommands
from edge.delivery.destinations.link.settings import LinkSettings
from edge.delivery.notebook import JournalNotebook
from edge.intake.clock import BoxClock, Reading
from edge.intake.intake import Intake
from edge.intake.numbers import NumberPlan
from edge.intake.seal import Seal
from edge.intake.supervisor import Supervisor
from edge.journal.journal import Journal
from edge.journal.records import Stored
from edge.journal.retime import Timeline
from tests.edge.commands.echo import SPEC, EchoSettings, FarEnd, far_end

BOOT = "5f1e0c6a-made-up"


@dataclass(slots=True)
class SigningCrm:
    """items: all that it ever gives, by number. after: what each question acknowledged.

    clock: what it says and signs as the time; `signs_time` False leaves the header out, `nonce` is
    put in place of the question's own. status: of every answer. portal: a web page comes instead.
    """

    url: str = ""
    items: list[dict[str, Any]] = field(default_factory=list)
    after: list[int] = field(default_factory=list)
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    ahead: timedelta = timedelta()
    signs_time: bool = True
    nonce: str | None = None
    status: int = 200
    waits: bool = True
    portal: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def settings(self) -> LinkSettings:
        key = b64encode(self.key.public_key().public_bytes_raw()).decode()
        settings = LinkSettings(url=self.url, command_keys={"k1": key})
        assert settings.problems() == []
        return settings

    def payload(self, box: str, id_: str, **changes: object) -> bytes:
        right = {
            "id": id_,
            "device": f"/boxes/{box}/echo1",
            "type": "say",
            "args": {"text": "hello"},
            "issued": self.now,
            "ttl": 30,
        }
        return msgspec.json.encode(right | changes)

    def give(self, signed: bytes, **changes: object) -> None:
        """Sign and queue; `changes` go into the item, None takes a field away."""
        item = {
            "seq": len(self.items) + 1,
            "payload": b64encode(signed).decode(),
            "keyid": "k1",
            "signature": b64encode(self.key.sign(signed)).decode(),
        }
        kept = {name: value for name, value in (item | changes).items() if value is not None}
        self.items.append(kept)
        self.wake()

    def wake(self) -> None:
        self.news.set()
        self.news = asyncio.Event()

    async def answer(self, request: web.Request) -> web.Response:
        began = time.monotonic()
        after = int(request.query["after"])
        self.after.append(after)
        news = self.news
        if self.waits and after >= len(self.items):
            with suppress(TimeoutError):
                async with asyncio.timeout(int(request.query["wait"])):
                    await news.wait()
        found = [item for item in self.items if item["seq"] > after]
        headers = {}
        if self.signs_time:
            nonce = request.headers["Payvand-Nonce"] if self.nonce is None else self.nonce
            said = {"time": self.now, "held": time.monotonic() - began, "nonce": nonce}
            text = msgspec.json.encode(said)
            signed = b64encode(self.key.sign(text)).decode()
            headers["Payvand-Time"] = f"{b64encode(text).decode()} k1 {signed}"
        if self.portal:
            return web.Response(text="<p>Please log in.", content_type="text/html")
        return web.json_response(found, status=self.status, headers=headers)


@dataclass(slots=True)
class House:
    """The box's side, the device and the CRM."""

    journal: Journal
    crm: SigningCrm
    device: FarEnd
    allowed: dict[str, int] = field(default_factory=lambda: {"say": 100})
    trusted: bool = False
    pace: Pace = field(default_factory=lambda: Pace(base=0.01, cap=0.05, refused=0.05))

    def give(self, id_: str, **changes: object) -> None:
        """The CRM orders; `changes` go into the payload."""
        self.crm.give(self.crm.payload(self.journal.box, id_, **changes))

    @asynccontextmanager
    async def listening(self, port: int | None = None) -> AsyncIterator[Listener]:
        """With the device at `port`, its own one unless told. What was ordered before is old."""
        wall = time.time() if self.trusted else 0.0
        clock = BoxClock(BOOT, Timeline(), Reading(wall, time.monotonic(), self.trusted))
        seal = Seal("echo1", BOOT, NumberPlan())
        around = Surroundings(ZoneInfo("UTC"), "c", "tcp", BOOT)
        driver = SPEC.driver(EchoSettings(), around, clock.now)
        address = TcpAddress("127.0.0.1", port or self.device.port)
        intake = Intake(seal, self.journal, clock.now)
        supervisor = Supervisor("echo", address, driver, intake, self.journal)
        target = Target(seal, driver, SPEC.commands, self.allowed, supervisor.online)
        notebook = JournalNotebook(self.journal, "crm")
        branch = Branch(self.journal.box, UTC, notebook, clock.age, lambda: None)
        source = LinkCommands(self.crm.settings(), branch, wait=1, patience=30)
        listener = Listener("crm", source, self.journal, {"echo1": target}, clock, self.pace)
        asked = len(self.crm.after)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(supervisor.keep()), group.create_task(listener.run())]
            await self.until(lambda: len(self.crm.after) > asked)
            self.crm.wake()  # the answer tells the time; then it asks again
            await self.until(lambda: len(self.crm.after) > asked + 1)
            yield listener
            for task in tasks:
                task.cancel()

    async def results(self, count: int = 1) -> dict[str, tuple[str, str]]:
        """Wait for so many results: id to state and detail; each id once."""
        async with asyncio.timeout(60):
            found = await self._told("command.result", count)
        told = [msgspec.json.decode(event.data) for event in found]
        results = {each["command_id"]: (each["state"], each["detail"]) for each in told}
        assert len(results) == len(found) == count
        return results

    async def alarms(self, count: int = 1) -> list[str]:
        """Wait for so many alarms, and for the question that acknowledges all; their advice."""
        async with asyncio.timeout(60):
            found = await self._told("box.alarm", count)
        await self.until(lambda: self.crm.after[-1] == len(self.crm.items))
        return [msgspec.json.decode(event.data)["advice"] for event in found]

    async def events(self, kind: str) -> list[Stored]:
        return [event for event in await self.journal.read(0) if event.type == kind]

    async def _told(self, kind: str, count: int) -> list[Stored]:
        last = self.journal.last
        while len(found := await self.events(kind)) < count:
            await self.journal.changed(last)
            last = self.journal.last
        return found

    async def until(self, true: Callable[[], bool], seconds: float = 60.0) -> None:
        async with asyncio.timeout(seconds):
            while not true():  # noqa: ASYNC110 - what it waits for raises no event
                await asyncio.sleep(0.005)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    crm = SigningCrm()
    app = web.Application()
    app.router.add_get("/v1/commands", crm.answer)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    crm.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    journal = await Journal.open(tmp_path / "journal.sqlite")
    async with far_end() as device:
        yield House(journal, crm, device)
    await runner.cleanup()
    await journal.close()
