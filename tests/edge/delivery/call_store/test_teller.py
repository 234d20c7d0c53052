"""Settling events: each once whatever comes again, live or not, and a notebook that stays small."""

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from edge.delivery.call_store.records import KEPT
from edge.delivery.destination import Batch, Branch
from edge.delivery.destinations.opencrm.destination import OpenCrm
from edge.delivery.destinations.opencrm.settings import OpenCrmSettings
from edge.delivery.destinations.opencrm.stand_in import OpenCrmStandIn
from edge.delivery.notebook import JournalNotebook
from edge.journal.journal import Journal
from edge.journal.records import Sealed, Stored
from tests.edge.delivery.call_store.office import NOW, TEHRAN, Office, case


class Desk:
    """A destination to which a test hands events in the order it likes."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.crm = OpenCrmStandIn()
        self.office = Office(journal, self.crm, OpenCrm)  # type: ignore[arg-type]
        self.age = 0.0
        self.settled = 0
        self.events: list[Stored] = []

    async def append(self, *events: Sealed) -> None:
        await self.journal.append(list(events))
        self.events = await self.journal.read(0)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[OpenCrm]:
        branch = Branch(
            self.journal.box,
            TEHRAN,
            JournalNotebook(self.journal, "crm"),
            lambda _: self.age,
            lambda: NOW,
            lambda: self.settled,
        )
        destination = OpenCrm(OpenCrmSettings(url=self.office.url), branch, patience=30.0)
        await destination.start()
        try:
            yield destination
        finally:
            await destination.close()

    async def hand(self, to: OpenCrm, sequence: int, after: int | None = None) -> list[str]:
        """What was asked for this event. after: as the forwarder's lane has it."""
        before = len(self.crm.seen)
        event = self.events[sequence - 1]
        batch = Batch(
            "0a0b0c0d", self.journal.box, sequence - 1 if after is None else after, [event]
        )
        delivered = await to.deliver(batch, to.pack(batch))
        assert (delivered.through, delivered.rejected) == (sequence, ())
        return [seen.what.rpartition("/")[2] for seen in self.crm.seen[before:]]

    async def notes(self) -> set[str]:
        return set(await self.journal.notes("crm"))

    def lives(self) -> list[bool]:
        bodies = [msgspec.json.decode(seen.body) for seen in self.crm.seen]
        return [body["IsLive"] for body in bodies]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    journal = await Journal.open(tmp_path / "journal.sqlite")
    desk = Desk(journal)
    await desk.office.open()
    yield desk
    await desk.office.close()
    await journal.close()


async def test_an_event_sent_ahead_is_settled_in_its_turn_without_a_word(desk: Desk) -> None:
    await desk.append(*case("transferred"))
    async with desk.open() as crm:
        for sequence in (1, 2, 3):
            assert await desk.hand(crm, sequence)
        for sequence in (1, 2, 3):
            assert await desk.hand(crm, sequence) == []
    async with desk.open() as crm:  # a new process remembers it too
        for sequence in (1, 2, 3):
            assert await desk.hand(crm, sequence) == []
        assert await desk.hand(crm, 4)
        assert await desk.hand(crm, 4) == []


async def test_an_older_event_does_not_undo_a_newer_one(desk: Desk) -> None:
    await desk.append(*case("incoming-answered"))
    async with desk.open() as crm:
        await desk.hand(crm, 3)
        assert await desk.hand(crm, 1) == []
        assert await desk.hand(crm, 2) == []
    (call,) = desk.crm.calls
    assert (call.result, call.end is not None) == ("Answered", True)


async def test_a_new_life_goes_on_with_the_names_of_the_one_before(desk: Desk) -> None:
    await desk.append(*case("transferred"))
    for sequence in (1, 2, 3, 4):
        async with desk.open() as crm:
            await desk.hand(crm, sequence)
    (call,) = desk.crm.calls
    assert [channel.peers for channel in call.channels] == [["04"], ["109", "250"]]


@pytest.mark.parametrize(
    ("age", "resolution", "live"),
    [
        (1.0, "second", True),
        (29.0, "second", True),
        (31.0, "second", False),
        (math.inf, "second", False),
        (1.0, "minute", False),
    ],
)
async def test_live_is_what_happens_now(
    desk: Desk, age: float, resolution: str, *, live: bool
) -> None:
    ringing = case("incoming-answered")[0]
    printed = ringing.data.replace(b'"second"', b'"%s"' % resolution.encode())
    await desk.append(msgspec.structs.replace(ringing, data=printed))
    desk.age = age
    async with desk.open() as crm:
        await desk.hand(crm, 1)
    assert set(desk.lives()) == {live}


async def test_what_is_over_is_never_live(desk: Desk) -> None:
    await desk.append(*case("ring-group")[1:], *case("outgoing"))
    async with desk.open() as crm:
        for sequence in range(1, len(desk.events) + 1):
            await desk.hand(crm, sequence)
    assert set(desk.lives()) == {False}


# --- the notebook


def _late(event: Sealed, by: timedelta, call_id: str = "late") -> Sealed:
    data = event.data.replace(b'"c1"', b'"%s"' % call_id.encode())
    return msgspec.structs.replace(
        event, subject=f"call/{call_id}", time=event.time + by, data=data
    )


async def test_a_correction_finds_its_call_for_two_days_and_then_the_note_goes(desk: Desk) -> None:
    ended, corrected = case("transferred")[2:4]
    later = case("ended-only")[0]
    await desk.append(
        ended,
        _late(later, KEPT - timedelta(minutes=1), "b"),
        _late(corrected, KEPT - timedelta(minutes=1), "c1"),
        _late(later, 2 * KEPT, "d"),
        _late(later, 2 * KEPT + timedelta(hours=2), "e"),
    )
    async with desk.open() as crm:
        for sequence in (1, 2, 3, 4):
            desk.settled = sequence - 1
            await desk.hand(crm, sequence)
            assert sequence == 4 or "c1" in await desk.notes()
        assert len([call for call in desk.crm.calls if call.source == "c1"]) == 1
        assert await desk.notes() == {"d"}
        desk.settled = 4
        await desk.hand(crm, 5)
    assert await desk.notes() == {"d", "e"}


async def test_an_open_call_keeps_its_note(desk: Desk) -> None:
    await desk.append(case("incoming-answered")[0], _late(case("ended-only")[0], 10 * KEPT))
    async with desk.open() as crm:
        for sequence in (1, 2):
            desk.settled = sequence - 1
            await desk.hand(crm, sequence)
    assert await desk.notes() == {"c1", "late"}


async def test_new_events_ahead_of_a_backlog_let_none_of_its_notes_go(desk: Desk) -> None:
    """The backlog is a month old, and its next event may belong to the call of its last one."""
    ended, corrected = case("transferred")[2:4]
    await desk.append(ended, corrected, _late(case("ended-only")[0], 10 * KEPT))
    async with desk.open() as crm:
        await desk.hand(crm, 1)
        desk.settled = 1
        await desk.hand(crm, 3, after=2)
        assert await desk.notes() == {"c1", "late"}
        await desk.hand(crm, 2)
    assert [call.source for call in desk.crm.calls] == ["c1", "late"]


async def test_a_note_without_a_time_is_dated_when_the_time_is_known(desk: Desk) -> None:
    unknown = msgspec.structs.replace(
        case("ended-only")[0], timequality="estimated", time=NOW - timedelta(days=20_000)
    )
    later = case("ended-only")[0]
    await desk.append(
        unknown,
        _late(later, timedelta(), "b"),
        _late(later, KEPT / 2, "c"),
        _late(later, 2 * KEPT, "d"),
    )
    async with desk.open() as crm:
        for sequence in (1, 2, 3):
            desk.settled = sequence - 1
            await desk.hand(crm, sequence)
        assert await desk.notes() == {"c1", "b", "c"}
        desk.settled = 3
        await desk.hand(crm, 4)
    assert await desk.notes() == {"d"}


async def test_a_note_of_another_form_counts_as_none(desk: Desk) -> None:
    await desk.journal.note("crm", [("c1", b"\xff\x00"), ("other", b"{}")])
    await desk.append(*case("ended-only"))
    async with desk.open() as crm:
        assert (await desk.hand(crm, 1))[0] == "CallCreated"


async def test_a_call_of_a_test_is_not_told_where_nothing_can_mark_it(desk: Desk) -> None:
    marked = [
        msgspec.structs.replace(each, data=_marked(each.data)) for each in case("incoming-answered")
    ]
    await desk.append(*marked, *case("ended-only"))
    async with desk.open() as crm:
        for sequence in range(1, len(marked) + 1):
            assert await desk.hand(crm, sequence) == []
        assert (await desk.hand(crm, len(marked) + 1))[0] == "CallCreated"


def _marked(data: bytes) -> bytes:
    return msgspec.json.encode({**msgspec.json.decode(data), "test": True})
