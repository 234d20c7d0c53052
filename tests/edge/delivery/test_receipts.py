"""Receipts of a night, against a CRM that really compares, behind a real forwarder."""

import asyncio
import hashlib
import sqlite3
import tracemalloc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import monotonic
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web
from msgspec.structs import replace

from edge.delivery.backoff import Pace
from edge.delivery.choosing import Choice
from edge.delivery.destination import Branch, DeliveryError
from edge.delivery.destinations.link.destination import LinkDestination
from edge.delivery.destinations.link.receipts import LinkReceipts
from edge.delivery.destinations.link.settings import LinkSettings
from edge.delivery.forwarder import Forwarder
from edge.delivery.night import TRIES
from edge.delivery.notebook import JournalNotebook
from edge.delivery.receipts import Accounting
from edge.delivery.repeats import Repeats
from edge.delivery.retimed import Retimed, Times
from edge.delivery.tally import Tally
from edge.delivery.terms import Terms
from edge.delivery.wanted import Wanted
from edge.intake.clock import BoxClock, Reading
from edge.journal.journal import Journal
from edge.journal.records import Sealed
from edge.journal.retime import Timeline
from tests.edge.delivery.comparing import ComparingCrm
from tests.edge.delivery.conftest import House, call

TEHRAN = ZoneInfo("Asia/Tehran")
DAY = date(2026, 11, 21)
NEXT = DAY + timedelta(days=1)
NOON = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)  # of the branch: 12:00


@dataclass(slots=True)
class Box:
    journal: Journal
    crm: ComparingCrm
    wanted: Wanted = Wanted()  # noqa: RUF009 - it is frozen
    now: datetime | None = NOON

    async def fill(self, count: int, device: str = "pbx1", at: datetime = NOON) -> None:
        first = self.journal.last + 1
        events = [replace(call(first + n), device=device, time=at) for n in range(count)]
        await self.journal.append(events)

    def tally(self) -> Tally:
        clock = BoxClock("b00t", Timeline(), Reading(NOON.timestamp(), monotonic(), True))  # noqa: FBT003
        return Tally(
            "crm",
            self.journal,
            Choice("crm", self.wanted, self.journal),
            Times(self.journal, clock),
        )

    def accounting(self, repeats: Repeats | None = None) -> Accounting:
        settings = LinkSettings(url=self.crm.url, token="made-up-token")
        notebook = JournalNotebook(self.journal, "crm")
        branch = Branch(self.journal.box, TEHRAN, notebook, lambda _: 0.0, lambda: self.now)
        return Accounting(
            "crm",
            self.journal,
            self.tally(),
            lambda: LinkReceipts(settings, branch),
            repeats or Repeats(),
            TEHRAN,
            lambda: self.now,
        )

    @asynccontextmanager
    async def working(self) -> AsyncIterator[Accounting]:
        """A start of the box: a forwarder, and the accounting that goes with it."""
        settings = LinkSettings(url=self.crm.url, token="made-up-token")
        clock = BoxClock("b00t", Timeline(), Reading(NOON.timestamp(), monotonic(), True))  # noqa: FBT003
        link = Retimed(LinkDestination(settings), Times(self.journal, clock), clock)
        terms = Terms(Pace(base=0.01, cap=0.05, refused=0.05), wanted=self.wanted)
        forwarder = Forwarder("crm", self.journal, link, terms)
        accounting = self.accounting(forwarder.repeats)
        await accounting.load()
        async with asyncio.TaskGroup() as group:
            task = group.create_task(forwarder.run())
            await until(lambda: self.journal.pending("crm") == 0)
            yield accounting
            await until(lambda: forwarder.repeats.waiting == 0)
            task.cancel()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 - what it waits for raises no event
            await asyncio.sleep(0.005)


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    crm = ComparingCrm()
    app = web.Application()
    app.add_routes(crm.routes())
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    crm.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    journal = await Journal.open(tmp_path / "journal.sqlite")
    yield Box(journal, crm)
    await runner.cleanup()
    await journal.close()


async def test_a_receipt_counts_what_one_device_sent_of_one_day(box: Box) -> None:
    await box.fill(3)
    await box.fill(1, device="pbx2")
    await box.fill(2)
    async with box.working() as accounting:
        await accounting.run(NEXT)
    [asked] = box.crm.asked
    assert (asked["journal"], asked["through"]) == (box.journal.id, 6)
    digest = hashlib.sha256(b"1\n2\n3\n5\n6\n").hexdigest()
    assert asked["receipts"][0] == {
        "device": "pbx1",
        "day": "2026-11-21",
        "first": 1,
        "last": 6,
        "events": 5,
        "calls": 5,
        "sha256": digest,
    }
    assert [each["device"] for each in asked["receipts"]] == ["pbx1", "pbx2"]
    assert box.crm.headers == ["Bearer made-up-token"]


async def test_several_events_of_a_call_are_one_call(box: Box) -> None:
    ringing = replace(call(7), type="call.ringing")
    await box.journal.append([ringing, call(7), call(8)])
    async with box.working() as accounting:
        await accounting.run(NEXT)
    [receipt] = box.crm.asked[0]["receipts"]
    assert (receipt["events"], receipt["calls"]) == (3, 2)


async def test_the_day_is_the_branchs_own(box: Box) -> None:
    late = datetime(2026, 11, 21, 20, 29, 59, tzinfo=UTC)  # 23:59:59 in Tehran
    await box.fill(1, at=late)
    await box.fill(1, at=late + timedelta(seconds=1))
    async with box.working() as accounting:
        await accounting.run(NEXT)
        await accounting.run(NEXT + timedelta(days=1))
    days = [(each["day"], each["first"]) for asked in box.crm.asked for each in asked["receipts"]]
    assert days == [("2026-11-21", 1), ("2026-11-22", 2)]


async def test_nothing_is_counted_twice_when_the_crm_is_content(box: Box) -> None:
    await box.fill(4)
    async with box.working() as accounting:
        await accounting.run(NEXT)
        await accounting.run(NEXT + timedelta(days=1))
    async with box.working() as accounting:  # and after a restart
        await accounting.run(NEXT + timedelta(days=2))
    assert len(box.crm.asked) == 1


async def test_what_is_missing_goes_once_more_and_is_counted_again(box: Box) -> None:
    await box.fill(900)
    async with box.working() as accounting:
        box.crm.lose(*range(110, 113), 700)
        await accounting.run(NEXT)
        assert accounting.status.again == 4
    assert box.crm.stored() == list(range(1, 901))
    assert sorted(box.crm.came[900:]) == [110, 111, 112, 700]
    async with box.working() as accounting:
        await accounting.run(NEXT + timedelta(days=1))
        await accounting.run(NEXT + timedelta(days=2))
        assert (accounting.status.again, accounting.status.lost) == (0, 0)
    assert [asked["receipts"][0]["events"] for asked in box.crm.asked] == [900, 900]


async def test_a_repeat_moves_no_progress_and_parks_nothing(box: Box) -> None:
    await box.fill(3)
    async with box.working() as accounting:
        box.crm.lose(1, 2, 3)
        await accounting.run(NEXT)
    assert box.journal.position("crm").cursor == 3
    assert await box.journal.parked("crm") == []


async def test_a_crm_that_is_never_content_is_no_loop(box: Box) -> None:
    await box.fill(5)
    async with box.working() as accounting:
        box.crm.deaf = {2}
        box.crm.lose(2)
        for night in range(TRIES + 3):
            await accounting.run(NEXT + timedelta(days=night))
        assert accounting.status.lost == 1
    assert box.crm.came.count(2) == 1 + TRIES
    assert len(box.crm.asked) == TRIES + 1


async def test_a_crm_that_asks_for_what_was_never_counted_gets_nothing(box: Box) -> None:
    await box.fill(5)
    box.crm.always = [(0, 0), (6, 4), (-5, -1), (6, 10**17)]
    async with box.working() as accounting:
        await accounting.run(NEXT)
        assert (accounting.status.again, accounting.status.lost) == (0, 0)
    assert box.crm.came == [1, 2, 3, 4, 5]


async def test_filtered_events_are_neither_counted_nor_sent(box: Box) -> None:
    box.wanted = Wanted(all_but_devices=("pbx2",))
    await box.fill(2)
    await box.fill(2, device="pbx2")
    await box.fill(2)
    async with box.working() as accounting:
        box.crm.lose(6)
        await accounting.run(NEXT)
        assert (accounting.status.again, accounting.status.lost) == (1, 0)
    [receipt] = box.crm.asked[0]["receipts"]
    assert (receipt["device"], receipt["events"]) == ("pbx1", 4)
    assert box.crm.stored() == [1, 2, 5, 6]


async def test_parked_events_are_not_counted(box: Box) -> None:
    await box.fill(3)
    async with box.working() as accounting:
        await box.journal.park("crm", [(2, "refused")], box.journal.position("crm"))
        box.crm.lose(2)
        await accounting.run(NEXT)
    [receipt] = box.crm.asked[0]["receipts"]
    assert receipt["events"] == 2
    assert box.crm.came == [1, 2, 3]


async def test_what_the_journal_no_longer_holds_is_told(box: Box, tmp_path: Path) -> None:
    await box.fill(6)
    async with box.working():
        pass
    box.crm.lose(3, 4)
    box.crm.always = [(3, 4)]
    await box.journal.close()
    await asyncio.to_thread(_drop, tmp_path / "journal.sqlite", 3, 4)
    box.journal = await Journal.open(tmp_path / "journal.sqlite")
    async with box.working() as accounting:
        await accounting.run(NEXT)
        assert (accounting.status.again, accounting.status.lost) == (0, 2)
        await accounting.run(NEXT + timedelta(days=1))
        assert accounting.status.lost == 2
        await box.fill(1, at=NOON + timedelta(days=8))
        await until(lambda: box.journal.pending("crm") == 0)
        box.crm.always = []
        await accounting.run(NEXT + timedelta(days=9))
        assert accounting.status.lost == 0


def _drop(path: Path, first: int, last: int) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM event WHERE sequence BETWEEN ? AND ?", (first, last))


@pytest.mark.parametrize("status", [404, 405, 501])
async def test_a_crm_without_receipts_is_asked_again_the_next_night(box: Box, status: int) -> None:
    await box.fill(3)
    box.crm.status = status
    async with box.working() as accounting:
        await accounting.run(NEXT)
        assert accounting.status.refused
        box.now = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
        assert accounting.due() is None
        box.crm.status = 200
        await accounting.run(NEXT + timedelta(days=1))
        assert accounting.status.events == 3


async def test_a_failure_keeps_what_is_to_be_counted(box: Box) -> None:
    await box.fill(3)
    box.crm.status = 503
    async with box.working() as accounting:
        with pytest.raises(DeliveryError):
            await accounting.run(NEXT)
        box.crm.status = 200
        await accounting.run(NEXT)
    assert [asked["receipts"][0]["events"] for asked in box.crm.asked] == [3, 3]


async def test_each_journal_has_a_request_of_its_own(box: Box, tmp_path: Path) -> None:
    from edge.journal.backup import back_up, restore

    await box.fill(3)
    async with box.working():
        pass
    await box.journal.close()
    back_up(tmp_path / "journal.sqlite", tmp_path / "backup", None)
    (tmp_path / "new").mkdir()
    restore(tmp_path / "backup", tmp_path / "new" / "journal.sqlite")
    old = box.journal.id
    box.journal = await Journal.open(tmp_path / "new" / "journal.sqlite")
    await box.fill(2)
    async with box.working() as accounting:
        box.crm.lose(2, 5)
        await accounting.run(NEXT)
    asked = [(each["journal"], each["through"]) for each in box.crm.asked]
    assert asked == [(old, 3), (box.journal.id, 5)]
    assert box.crm.stored() == [1, 2, 3, 4, 5]


async def test_a_clock_set_back_makes_two_rows_and_no_sequence_is_in_both(box: Box) -> None:
    for days, count in ((0, 2), (-1, 1), (0, 2)):
        await box.fill(count, at=NOON + timedelta(days=days))
    async with box.working() as accounting:
        await accounting.run(NEXT)
    rows = [(r["day"], r["first"], r["last"]) for r in box.crm.asked[0]["receipts"]]
    assert rows == [("2026-11-21", 1, 2), ("2026-11-20", 3, 3), ("2026-11-21", 4, 5)]


async def test_boxes_are_spread_over_two_hours(box: Box) -> None:
    midnight = datetime(2026, 11, 21, 20, 30, tzinfo=UTC)
    asked = []
    for _ in range(500):
        accounting, minute = box.accounting(), 0
        box.now = midnight
        while accounting.due() is None:
            minute += 1
            box.now = midnight + timedelta(minutes=minute)
        assert accounting.due() == NEXT
        asked.append(minute)
    assert min(asked) >= 5
    assert max(asked) <= 126
    assert max(asked.count(minute) for minute in set(asked)) < 25


async def test_a_missed_night_is_made_up_at_once_and_a_wrong_day_ends(box: Box) -> None:
    box.now = datetime(2026, 11, 21, 20, 31, tzinfo=UTC)  # one minute after midnight
    for ran, due in ((-3, NEXT), (-1, None), (0, None), (1, None), (400, None)):
        accounting = box.accounting()
        await accounting.run(NEXT + timedelta(days=ran))
        assert accounting.due() == due
    box.now += timedelta(hours=3)
    assert accounting.due() == NEXT


async def test_without_a_known_time_nobody_asks(box: Box) -> None:
    accounting = box.accounting()
    box.now = None
    assert accounting.due() is None


async def test_the_reference_crm_gets_back_what_it_lost(house: House, tmp_path: Path) -> None:
    box = Box(house.journal, ComparingCrm(url=house.crm.url))
    await box.fill(400)
    await box.fill(2, device="box")
    async with box.working() as accounting:
        await asyncio.to_thread(_lose, tmp_path / "crm" / "crm.sqlite")
        assert len(await house.stored()) == 398
        await accounting.run(NEXT)
        assert accounting.status.again == 4
    assert sorted(await house.stored()) == list(range(1, 403))
    async with box.working() as accounting:
        await accounting.run(NEXT + timedelta(days=1))
        assert (accounting.status.again, accounting.status.lost) == (0, 0)
        assert (accounting.status.events, accounting.status.calls) == (402, 402)


def _lose(path: Path) -> None:
    with closing(sqlite3.connect(path)) as crm, crm:
        crm.execute("DELETE FROM event WHERE sequence IN (7, 8, 300, 402)")


async def test_fifty_thousand_events_of_a_day_take_no_memory(box: Box) -> None:
    events: list[Sealed] = [call(n) for n in range(5000)]
    for _ in range(10):
        await box.journal.append(events)
    tally = box.tally()
    tracemalloc.start()
    rows = [row async for row in tally.rows((1, 50_000), TEHRAN)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (rows[0].receipt.events, rows[0].receipt.calls) == (50_000, 5000)
    assert peak < 8 << 20
