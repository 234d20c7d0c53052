"""The box and the reference CRM as real processes, started, killed and asked by a test."""

import asyncio
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import tomli_w

from edge.errors import CommandFailed
from edge.local.client import Client
from edge.local.status import DestinationStatus, DeviceStatus, Status
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
TOKEN = "made-up-token"
SECONDS = 60.0
POLL_SECONDS = 0.03

T = TypeVar("T")
Event = dict[str, Any]


async def eventually(
    look: Callable[[], Awaitable[T | None]], what: str, seconds: float = SECONDS
) -> T:
    """What `look` sees once it is true of it, asked again and again; fails naming `what`."""
    last: T | None = None
    try:
        async with asyncio.timeout(seconds):
            while not (last := await look()):  # noqa: ASYNC110 - other processes set no event
                await asyncio.sleep(POLL_SECONDS)
            return last
    except TimeoutError:
        raise AssertionError(f"not within {seconds:g} s: {what} (last seen: {last!r})") from None


def payvand(*words: str | Path, seconds: float = SECONDS) -> subprocess.CompletedProcess[str]:
    """One command of `payvand`, run to its end."""
    return subprocess.run(
        [sys.executable, "-m", "edge", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


class Program:
    """`payvand <words>` as a process; what it says goes to a file, over all its lives.

    seconds: how long to wait for its end.
    """

    seconds = SECONDS

    def __init__(self, log: Path, *words: str | Path) -> None:
        self._log = log
        self._words = words
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        return self._log.read_text() if self._log.exists() else ""

    @property
    def pid(self) -> int:
        return self._started().pid

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def spawn(self) -> None:
        assert not self.alive
        command = [sys.executable, "-m", "edge", *self._words]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def kill(self, at_once: Callable[[], None] = lambda: None) -> None:
        """SIGKILL, and in the same moment `at_once`; it is gone when this returns.

        Harmless when it is not there.
        """
        if self._process is not None:
            self._process.kill()
            at_once()
            self._process.wait(self.seconds)

    async def stop(self) -> int:
        """SIGTERM; the exit code."""
        os.kill(self.pid, signal.SIGTERM)
        return await self.ended()

    async def ended(self) -> int:
        """Wait until it has ended by itself; the exit code."""
        return await asyncio.to_thread(self._started().wait, self.seconds)

    def _started(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process


class Box(Program):
    """`payvand run` on one data directory."""

    def __init__(self, data: Path) -> None:
        data.mkdir(exist_ok=True)
        super().__init__(data.with_name(f"{data.name}.log"), "run", "--data", data)
        self.data = data

    def settle(
        self,
        link: dict[str, Any],
        settings: dict[str, Any],
        url: str | None,
        forwarding: dict[str, Any] | None = None,
    ) -> None:
        """Write site.toml: one exchange `pbx1` and, unless `url` is None, one CRM."""
        settings = {"area_code": "51", "hidden_extensions": ["601", "602", "691"]} | settings
        device = {"key": "pbx1", "driver": "panasonic", "link": link, "settings": settings}
        site: dict[str, Any] = {"version": 1, "name": "mashhad", "timezone": "Asia/Tehran"}
        site["device"] = [device]
        if url is not None:
            access = {"url": url, "token": TOKEN}
            crm = {"name": "crm", "kind": "link", "settings": access}
            site["destination"] = [crm | {"forwarding": forwarding or {}}]
        (self.data / "site.toml").write_text(tomli_w.dumps(site))

    async def status(self) -> Status | None:
        """None while it does not answer."""
        try:
            async with Client(self.data) as client:
                return await client.status()
        except CommandFailed:
            return None

    async def device(self) -> DeviceStatus | None:
        status = await self.status()
        return status.devices[0] if status else None

    async def destination(self) -> DestinationStatus | None:
        status = await self.status()
        return status.destinations[0] if status else None

    async def becomes(self, state: str, code: str | None = None) -> DeviceStatus:
        """Wait until its device is in this state, and for this reason."""

        async def look() -> DeviceStatus | None:
            device = await self.device()
            here = device and device.state == state and code in (None, device.code)
            return device if here else None

        try:
            return await eventually(look, f"device {state} {code or ''}")
        except AssertionError as error:
            raise AssertionError(f"{error}; now {await self.device()}; log:\n{self.log}") from None

    async def start(self) -> None:
        """Run until the exchange is online: what it prints from now on is read."""
        self.spawn()
        await self.becomes("online")

    async def delivers(self, state: str) -> DestinationStatus:
        async def look() -> DestinationStatus | None:
            destination = await self.destination()
            return destination if destination and destination.state == state else None

        return await eventually(look, f"the CRM {state}; log:\n{self.log}")

    async def settled(self, seconds: float = SECONDS) -> Status:
        """Wait until the CRM has or has refused everything that is stored."""

        async def look() -> Status | None:
            status = await self.status()
            done = status and all(crm.backlog == 0 for crm in status.destinations)
            return status if done else None

        return await eventually(look, "an empty backlog", seconds)

    def rows(self, sql: str) -> list[Any]:
        """What the journal has on disk; asked from outside, read-only."""
        file = self.data / "journal.sqlite"
        if not file.exists() or not file.stat().st_size:
            return []
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as connection:
            return connection.execute(sql).fetchall()

    def stored(self, kind: str) -> int:
        """How many events of a type, with % for any text, are on disk."""
        if not self.rows("SELECT 1 FROM sqlite_master WHERE name = 'event'"):
            return 0
        ((count,),) = self.rows(f"SELECT count(*) FROM event WHERE type LIKE '{kind}'")  # noqa: S608
        return int(count)


class Crm(Program):
    """`payvand crm` on a port that stays the same over its lives."""

    def __init__(self, folder: Path, token: str = TOKEN) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        words = ("crm", "--port", str(port), "--data", folder, "--token", token)
        super().__init__(folder.with_name(f"{folder.name}.log"), *words)

    async def start(self) -> None:
        self.spawn()

        async def look() -> bool:
            assert self.alive, self.log
            return await self._answers()

        await eventually(look, "the CRM listens")

    async def misbehave(self, mode: str, **order: object) -> None:
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.url}/misbehave", json={"mode": mode, **order}) as response,
        ):
            assert response.status == 200, await response.text()

    async def mood(self) -> str:
        mode: str = json.loads(await self._get("/misbehave"))["mode"]
        return mode

    async def events(self) -> list[Event]:
        """What it took, in order of arrival."""
        return [json.loads(line) for line in (await self._get("/events")).splitlines()]

    async def calls(self) -> list[dict[str, Any]]:
        """The final word on each call."""
        events = json.loads(await self._get("/calls?limit=10000"))
        return [event["data"] for event in events]

    async def stats(self) -> dict[str, int]:
        stats: dict[str, int] = json.loads(await self._get("/stats"))
        return stats

    async def holds(self, count: int, seconds: float = SECONDS) -> list[Event]:
        """Wait until it holds so many events."""

        async def look() -> bool:
            return (await self.stats())["stored"] >= count

        await eventually(look, f"{count} events in the CRM", seconds)
        return await self.events()

    async def told(self, kind: str, code: str | None = None, count: int = 1) -> list[Event]:
        """Wait until it has so many events of a type, and return these."""

        async def look() -> list[Event] | None:
            found = of_type(await self.events(), kind, code)
            return found if len(found) >= count else None

        return await eventually(look, f"{count} {kind} {code or ''} in the CRM")

    async def _answers(self) -> bool:
        try:
            return bool(await self.stats())
        except aiohttp.ClientError:
            return False

    async def _get(self, path: str) -> str:
        async with aiohttp.ClientSession() as session, session.get(self.url + path) as response:
            assert response.status == 200, await response.text()
            return await response.text()


def of_type(events: list[Event], kind: str, code: str | None = None) -> list[Event]:
    """Events of a type; `call.*` takes all that begin so."""
    pattern = re.compile(re.escape(kind).replace(r"\*", ".*"))
    found = [event for event in events if pattern.fullmatch(event["type"])]
    return [event for event in found if code in (None, event["data"].get("code"))]


def assert_exactly_once(events: list[Event], missing: frozenset[int] = frozenset()) -> None:
    """Each id once, no gap but `missing`, each call's events in order, one end for each call."""
    repeated = [id_ for id_, times in Counter(event["id"] for event in events).items() if times > 1]
    assert repeated == []
    assert len({event["id"].split("-")[0] for event in events}) == 1
    sequences = [int(event["sequence"]) for event in events]
    top = max([*sequences, *missing])
    assert sorted(sequences) == [n for n in range(1, top + 1) if n not in missing]
    by_call: dict[str, list[int]] = defaultdict(list)
    for event in of_type(events, "call.*"):
        by_call[event["data"]["call_id"]].append(int(event["sequence"]))
    assert all(theirs == sorted(theirs) for theirs in by_call.values())
    if not missing:
        ends = Counter(event["data"]["call_id"] for event in of_type(events, "call.ended"))
        assert {call: ends[call] for call in by_call} == dict.fromkeys(by_call, 1)
