"""A real journal, and a forwarder from it to whatever destination a test names."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from edge.delivery.backoff import Pace
from edge.delivery.destination import Branch, Destination
from edge.delivery.forwarder import Forwarder
from edge.delivery.notebook import JournalNotebook
from edge.delivery.terms import Terms
from edge.journal.journal import Journal
from edge.journal.records import Sealed, Stored

CAPTURES = Path(__file__).parents[3] / "captures" / "panasonic"
NAME = "crm"


class Line(msgspec.Struct, frozen=True):
    """A line of a capture's events.jsonl."""

    type: str
    data: msgspec.Raw


def captured(case: str) -> list[Sealed]:
    """What the exchange of a capture told, sealed a second after the other."""
    lines = (CAPTURES / case / "events.jsonl").read_bytes().splitlines()
    return [sealed(msgspec.json.decode(line, type=Line), n) for n, line in enumerate(lines, 1)]


def sealed(line: Line, second: int) -> Sealed:
    data = bytes(line.data)
    call_id = msgspec.json.decode(data).get("call_id")
    return Sealed(
        device="pbx1",
        type=line.type,
        subject=call_id and f"call/{call_id}",
        time=datetime(2026, 3, 9, 4, 50, tzinfo=UTC) + timedelta(seconds=second),
        timequality="synced",
        boot="b00t",
        monotonic=float(second),
        data=data,
    )


class Box:
    """The box's side. `age` is how long ago every event happened; `time` what the box believes."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.age = 0.0
        self.time: datetime | None = None

    def branch(self) -> Branch:
        return Branch(
            self.journal.box,
            ZoneInfo("Asia/Tehran"),
            JournalNotebook(self.journal, NAME),
            self._age,
            lambda: self.time,
            lambda: self.journal.position(NAME).cursor,
        )

    def _age(self, _: Stored) -> float:
        return self.age

    @asynccontextmanager
    async def forwarding(
        self, destination: Destination, most_events: int = 1
    ) -> AsyncIterator[Forwarder]:
        pace = Pace(base=0.005, cap=0.02, refused=0.02, longest_order=0.05)
        forwarder = Forwarder(NAME, self.journal, destination, Terms(pace, most_events=most_events))
        async with asyncio.TaskGroup() as group:
            task = group.create_task(forwarder.run())
            yield forwarder
            task.cancel()

    async def settled(self, seconds: float = 60.0) -> None:
        await until(lambda: self.journal.pending(NAME) == 0, seconds)


async def until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - what it waits for raises no event
            await asyncio.sleep(0.002)


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    journal = await Journal.open(tmp_path / "journal.sqlite")
    yield Box(journal)
    await journal.close()
