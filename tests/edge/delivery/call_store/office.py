"""A real journal, a stand-in CRM on a real port, and a forwarder between them."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web
from msgspec import Raw, Struct

from edge.delivery.backoff import Pace
from edge.delivery.call_store.stand_in import Seen, StandIn
from edge.delivery.destination import Branch, Destination
from edge.delivery.forwarder import Forwarder
from edge.delivery.notebook import JournalNotebook
from edge.delivery.terms import Terms
from edge.journal.journal import Journal
from edge.journal.records import Sealed, Stored

TEHRAN = ZoneInfo("Asia/Tehran")
NOW = datetime(2026, 11, 21, 16, 42, tzinfo=UTC)
CASES = Path(__file__).parent / "cases"
CASE_NAMES = sorted(path.stem for path in CASES.glob("*.jsonl"))


class _Line(Struct, frozen=True):
    type: str
    live: bool
    data: Raw


def case(name: str) -> list[Sealed]:
    """The events of a case, in order."""
    decoder = msgspec.json.Decoder(_Line)
    lines = decoder.decode_lines((CASES / f"{name}.jsonl").read_bytes())
    return [event(line.type, bytes(line.data), live=line.live) for line in lines]


def event(kind: str, data: bytes, *, live: bool = True, at: datetime = NOW) -> Sealed:
    call_id = msgspec.json.decode(data).get("call_id")
    return Sealed(
        device="pbx1",
        type=kind,
        subject=f"call/{call_id}" if call_id else None,
        time=at,
        timequality="synced",
        boot="now" if live else "before",
        monotonic=0.0,
        data=data,
    )


def age(stored: Stored) -> float:
    return 1.0 if stored.boot == "now" else math.inf


class Office:
    """make: the destination, given the stand-in's address and the branch."""

    def __init__(
        self, journal: Journal, stand_in: StandIn, make: Callable[[str, Branch], Destination]
    ) -> None:
        self.journal = journal
        self.stand_in = stand_in
        self.make = make
        self.url = ""
        self._runner: web.AppRunner | None = None

    async def open(self) -> None:
        app = self.stand_in.app()
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def misbehave(self, mode: str, **more: Any) -> None:  # noqa: ANN401 - fields of an order
        self.stand_in.bad_day.order(mode, **more)

    @property
    def seen(self) -> list[Seen]:
        return self.stand_in.seen

    def asked(self, word: str = "") -> list[str]:
        return [each.what for each in self.seen if word in each.what]

    @asynccontextmanager
    async def forwarding(self) -> AsyncIterator[Forwarder]:
        notebook = JournalNotebook(self.journal, "crm")
        branch = Branch(
            self.journal.box,
            TEHRAN,
            notebook,
            age,
            lambda: NOW,
            lambda: self.journal.position("crm").cursor,
        )
        terms = Terms(Pace(base=0.01, cap=0.05, refused=0.05), most_events=1)
        forwarder = Forwarder("crm", self.journal, self.make(self.url, branch), terms)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(forwarder.run())
            try:
                yield forwarder
            finally:
                task.cancel()

    async def settled(self, seconds: float = 60.0) -> None:
        """Wait until the journal has nothing left for the CRM."""
        await self.until(lambda: self.journal.pending("crm") == 0, seconds)

    async def until(self, true: Callable[[], bool], seconds: float = 60.0) -> None:
        async with asyncio.timeout(seconds):
            while not true():  # noqa: ASYNC110 - what it waits for raises no event
                await asyncio.sleep(0.005)

    async def tell(self, *events: Sealed) -> None:
        """Append and deliver, in one life of the forwarder."""
        await self.journal.append(list(events))
        async with self.forwarding():
            await self.settled()


def later(sealed: Sealed, by: timedelta) -> Sealed:
    return msgspec.structs.replace(sealed, time=sealed.time + by)


def conversation(seen: list[Seen]) -> bytes:
    """As it stands in a golden file: a line for each request."""
    return b"".join(msgspec.json.encode(each) + b"\n" for each in seen)
