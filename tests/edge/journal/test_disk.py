"""What a filling disk costs, in which order, and that it passes by itself: on real small disks."""

import asyncio
import errno
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import box_alarm
from edge.intake.clock import BoxClock, boot_id, read_kernel
from edge.intake.numbers import NumberPlan
from edge.intake.seal import Seal
from edge.journal import disk as disk_module
from edge.journal import leftovers
from edge.journal.disk import BALLAST, Disk, Sacrifice, give_way, look, make
from edge.journal.history import BATCH, Retention
from edge.journal.journal import History, Journal, Position, Sealed
from edge.journal.retime import Timeline
from edge.journal.room import (
    MARKS,
    SMALL,
    Growth,
    Notice,
    Room,
    ballast_size,
    decide,
    marks_over,
)
from edge.journal.wal import LOG_BYTES
from tests.edge.journal.noise import noise
from tests.small_disk import MIB, Filler, mounted
from tests.system.faults import moments

GIB = 1 << 30
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PROMISED_SECONDS = 10.0
SECONDS = 60.0


def room(free: int, ballast: int, *, full: bool = False, total: int = 8 * GIB) -> Room:
    return Room(total, free, ballast, full)


def test_the_ballast_is_small_on_a_small_disk() -> None:
    assert ballast_size(8 * GIB) == 16 * MIB
    assert ballast_size(200 * MIB) == 10 * MIB


@pytest.mark.parametrize("total", [4 * MIB, 24 * MIB, 80 * MIB])
def test_the_ballast_is_never_less_than_writing_the_log_back_may_take(total: int) -> None:
    assert LOG_BYTES < ballast_size(total) < 6 * MIB


def test_a_disk_that_is_too_small_is_told_with_what_to_do() -> None:
    assert marks_over([], room(15 * MIB, 0, total=20 * MIB)) == {SMALL}
    assert marks_over([SMALL], room(23 * MIB, 0, total=24 * MIB)) == set()
    told = Notice(SMALL, raised=True, percent=10)
    assert told.code == "disk-small"
    assert "put the data directory on a larger one" in told.advice


@pytest.mark.parametrize(
    ("seen", "action"),
    [
        (room(GIB, 0), "make"),
        (room(GIB, 16 * MIB), None),
        (room(4 * MIB, 16 * MIB), None),
        (room(4 * MIB - 1, 16 * MIB), "release"),
        (room(GIB, 16 * MIB, full=True), "release"),
        (room(20 * MIB, 0), "sacrifice"),
        (room(24 * MIB, 0), "make"),
        (room(GIB, 0, full=True), "sacrifice"),
    ],
)
def test_what_a_moment_asks_for(seen: Room, action: str | None) -> None:
    assert decide(seen) == action


@given(total=st.integers(MIB, 1 << 42), free=st.integers(0, 1 << 42))
def test_the_ballast_is_not_made_and_given_up_in_turns(total: int, free: int) -> None:
    free = min(free, total)
    size = ballast_size(total)
    if decide(Room(total, free, 0)) == "make":
        assert decide(Room(total, free - size, size)) is None
    if free >= size and decide(Room(total, free - size, size)) == "release":
        assert decide(Room(total, free, 0)) == "sacrifice"


@given(total=st.integers(1, 1 << 42), free=st.integers(0, 1 << 42))
def test_the_ballast_moves_no_mark(total: int, free: int) -> None:
    free = min(free, total)
    size = min(free, ballast_size(total))
    assert Room(total, free, 0).percent == Room(total, free - size, size).percent


def test_marks_are_left_below_where_they_were_reached() -> None:
    seen: list[frozenset[int]] = [frozenset()]
    for percent in (79, 80, 78, 95, 93, 92, 78, 77, 79):
        seen.append(marks_over(seen[-1], room((100 - percent) * GIB, 0, total=100 * GIB)))
    low, high = MARKS[0][0], MARKS[1][0]
    none, one, both = frozenset[int](), frozenset({low}), frozenset({low, high})
    assert seen[1:] == [none, one, one, both, both, one, one, none, none]


def test_days_left_come_from_the_rate_of_the_last_day() -> None:
    growth = Growth()
    for hour in range(30):
        growth.note(hour * 3600.0, hour * MIB)
    assert growth.days_left(240 * MIB) == pytest.approx(10)


def test_days_left_are_unknown_at_first_and_where_nothing_grows() -> None:
    growth = Growth()
    assert growth.days_left(GIB) is None
    growth.note(0, 5 * MIB)
    growth.note(3000, 6 * MIB)
    assert growth.days_left(GIB) is None, "an hour tells more than a minute"
    growth.note(7200, 5 * MIB)
    assert growth.days_left(GIB) is None, "history goes as fast as events come"


def test_only_the_last_day_counts() -> None:
    growth = Growth()
    for sample in range(300):
        growth.note(sample * 600.0, 0 if sample < 150 else (sample - 150) * MIB)
    assert growth.days_left(144 * MIB) == pytest.approx(1)


def test_an_alarm_says_what_to_do() -> None:
    advice = Notice(80, True, 83, 11.7).advice  # noqa: FBT003
    assert advice == (
        "The disk of the box is 83 % full and lasts for about 12 days: free space on it, and see"
        " that the CRM takes the events."
    )
    assert "lasts" not in Notice(80, True, 83).advice  # noqa: FBT003


@pytest.fixture(params=["ext4", "tmpfs"])
def small_disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A disk of 48 MB, by kind; its ballast is the smallest that does its work."""
    with mounted(tmp_path, request.param, 48) as place:
        yield place


async def _until(true: Callable[[], Awaitable[bool] | bool], seconds: float = SECONDS) -> float:
    """Wait for it; how many seconds that took."""
    begun = time.monotonic()
    async with asyncio.timeout(seconds):
        while True:
            found = true()
            if found if isinstance(found, bool) else await found:
                return time.monotonic() - begun
            await asyncio.sleep(0.02)


class Box:
    """A journal on a small disk, and what watches it."""

    def __init__(self, folder: Path, journal: Journal, disk: Disk) -> None:
        self.folder = folder
        self.journal = journal
        self.disk = disk
        self.filler = Filler(folder)

    @property
    def ballast(self) -> bool:
        return (self.folder / BALLAST).exists()

    async def told(self) -> list[str]:
        """The codes of the box's own events."""
        events = await self.journal.read(0, 100_000, 1 << 30)
        alarms = [event for event in events if event.type in {"box.alarm", "box.health"}]
        return [event.data.split(b'"')[3].decode() for event in alarms]

    async def count(self) -> int:
        return len(await self.journal.read(0, 1_000_000, 1 << 30))

    async def gives_the_ballast_up(self) -> None:
        """Return when the log is written back in the room that the ballast left."""
        await _until(lambda: self.disk.status is not None and not self.disk.status.ballast)
        await self.all_written()

    async def all_written(self) -> None:
        """The log is written back behind the commit that it is asked with: the second one knows."""
        for number in range(2):
            await self.journal.append([], ("test", b"%d" % number))


@asynccontextmanager
async def watched(folder: Path, *sacrifices: Sacrifice) -> AsyncIterator[Box]:
    journal = await Journal.open(folder / "journal.sqlite")
    clock = BoxClock(boot_id(), Timeline(), read_kernel())
    seal = Seal("box", clock.boot, NumberPlan())
    disk = Disk(
        journal,
        folder,
        Retention(History(), ("crm",), lambda: NOW),
        lambda notice: box_alarm.disk(notice, seal, clock.now()),
        sacrifices,
    )
    watching = asyncio.ensure_future(disk.watch())
    box = Box(folder, journal, disk)
    try:
        await _until(lambda: box.ballast or watching.done())
        await box.all_written()  # and so the log has the size that it keeps
        yield box
    finally:
        watching.cancel()
        await asyncio.wait([watching])
        box.filler.give_back()
        await journal.close()


async def test_the_ballast_goes_first_and_comes_back(
    small_disk: Path, make_event: Callable[[int], Sealed], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with watched(small_disk) as box:
        assert look(small_disk).ballast >= ballast_size(look(small_disk).total)
        box.filler.fill()
        await box.gives_the_ballast_up()
        assert look(small_disk).free > ballast_size(look(small_disk).total) * 3 // 4
        await _until(lambda: disk_told(box, "disk-80"))
        box.filler.fill()
        await box.journal.append([make_event(1)])
        await _until(lambda: disk_told(box, "disk-80", "disk-95"))

        box.filler.give_back()
        assert await _until(lambda: box.ballast) < PROMISED_SECONDS
        await _until(lambda: disk_told(box, "disk-80", "disk-95", "disk-80-over", "disk-95-over"))
        await _until(lambda: sum("in its place" in line for line in _logged(caplog)) == 2)
    lines = _logged(caplog)
    assert sum("is given up" in line for line in lines) == 1
    assert not any("delivered events go" in line for line in lines), "there were none"


def _logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.name == disk_module.__name__]


async def disk_told(box: Box, *codes: str) -> bool:
    return await box.told() == list(codes)


@pytest.fixture
def make_event() -> Callable[[int], Sealed]:
    def event(number: int) -> Sealed:
        return Sealed(
            device="pbx1",
            type="call.ended",
            subject=None,
            time=NOW,
            timequality="synced",
            boot="b",
            monotonic=float(number),
            data=b'{"filling": "%s"}' % (noise(600, number)),
        )

    return event


async def _store(box: Box, make_event: Callable[[int], Sealed], count: int) -> None:
    for begin in range(0, count, 500):
        await box.journal.append([make_event(n) for n in range(begin, begin + 500)])


async def test_delivered_history_goes_after_all_else_and_keeps_the_journal_going(
    small_disk: Path, make_event: Callable[[int], Sealed], caplog: pytest.LogCaptureFixture
) -> None:
    """The filler takes the ballast's room too: what is left is the room inside the journal."""
    caplog.set_level(logging.INFO)
    asked: list[str] = []
    stock = {"captures": 1, "metrics": 2}

    def sacrifice(name: str) -> Sacrifice:
        def drop() -> int:
            asked.append(name)
            stock[name] -= 1
            return 100 if stock[name] >= 0 else 0

        return Sacrifice(name, drop)

    async with watched(small_disk, sacrifice("captures"), sacrifice("metrics")) as box:
        await _store(box, make_event, 10_000)
        await box.journal.park("crm", [], Position(9_000))
        box.filler.fill()
        await box.gives_the_ballast_up()
        await _until(lambda: _gone(box, 9_000))
        box.filler.fill()  # all that the ballast left
        undelivered = box.journal.last
        for _ in range(3):
            await asyncio.wait_for(_store(box, make_event, 500), SECONDS)
        assert box.journal.trouble is None
        kept = [event.sequence for event in await box.journal.read(0, 100_000, 1 << 30)]
        assert kept[-1] >= undelivered + 1500
        assert set(range(9_001, kept[-1] + 1)) <= set(kept), "undelivered events never go"
        box.filler.give_back()
        assert await _until(lambda: box.ballast) < PROMISED_SECONDS
        await _until(lambda: sum("in its place" in line for line in _logged(caplog)) == 2)
    lines = [line for line in _logged(caplog) if not line.startswith("The disk of the box")]
    words = ("in its place", "given up", "captures went", "metrics went", "events go", "its place")
    assert [word for word, line in zip(words, lines, strict=True) if word not in line] == []
    assert asked[:5] == ["captures", "captures", "metrics", "captures", "metrics"]


async def _gone(box: Box, count: int) -> bool:
    """Whether some of the first `count` events were dropped."""
    events = await box.journal.read(0, 1)
    return 1 < events[0].sequence <= count


async def test_undelivered_events_wait_and_go_on_by_themselves(
    small_disk: Path, make_event: Callable[[int], Sealed], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with watched(small_disk) as box:
        await _store(box, make_event, 2_000)
        box.filler.fill()
        await box.gives_the_ballast_up()
        box.filler.fill()
        writing = asyncio.ensure_future(_store(box, make_event, 20_000))
        await _until(lambda: box.journal.full)
        before = box.journal.last
        assert not writing.done()
        box.filler.give_back()
        assert await _until(lambda: box.journal.last > before) < PROMISED_SECONDS
        await asyncio.wait_for(writing, SECONDS)
        assert not box.journal.full
        await _until(lambda: box.ballast)
        assert await box.count() >= 22_000
    assert sum("cannot be written" in record.message for record in caplog.records) == 1
    assert sum("is given up" in record.message for record in caplog.records) == 1


async def test_an_alarm_is_told_once_over_all_restarts(small_disk: Path) -> None:
    total = look(small_disk).total
    filler = Filler(small_disk)
    async with watched(small_disk) as box:
        seen = look(small_disk)
        filler.take(seen.free + seen.ballast - total * 18 // 100)
        await _until(lambda: disk_told(box, "disk-80"))
        status = box.disk.status
        assert status
        assert 80 <= status.percent < 95
        assert "free space on it" in status.advice
        (small_disk / "filler").rename(small_disk / "other")
    async with watched(small_disk) as box:
        await _until(lambda: box.disk.status is not None)
        (small_disk / "other").unlink()
        await _until(lambda: disk_told(box, "disk-80", "disk-80-over"))
        assert box.disk.status
        assert box.disk.status.advice == ""


def test_a_box_that_starts_on_a_full_disk_gives_way(small_disk: Path) -> None:
    make(small_disk, ballast_size(look(small_disk).total))
    give_way(small_disk)
    assert (small_disk / BALLAST).exists(), "there is room"
    Filler(small_disk).fill()
    give_way(small_disk)
    assert not (small_disk / BALLAST).exists()
    assert look(small_disk).free > MIB


def test_no_part_of_a_ballast_is_left_where_there_is_no_room(small_disk: Path) -> None:
    with pytest.raises(OSError, match="No space left") as raised:
        make(small_disk, 64 * MIB)
    assert raised.value.errno == errno.ENOSPC
    assert not (small_disk / BALLAST).exists()


async def test_a_log_that_cannot_grow_is_written_back_and_used_again(
    small_disk: Path, make_event: Callable[[int], Sealed], caplog: pytest.LogCaptureFixture
) -> None:
    """A box that starts on a full disk: a small log, but free pages in the journal's file."""
    path = small_disk / "journal.sqlite"
    journal = await Journal.open(path)
    await journal.append([make_event(n) for n in range(3000)])
    await journal.park("crm", [], Position(3000))
    journal.retain(History(megabytes=0), ["crm"], lambda: NOW)

    async def spare() -> bool:
        return (await journal.figures()).spare > MIB

    await _until(spare)
    await journal.close()
    filler = Filler(small_disk)
    filler.take(look(small_disk).free - 300 * 1024)

    journal = await Journal.open(path)
    try:
        async with asyncio.timeout(SECONDS):
            for number in range(500):
                await journal.append([make_event(number)])
        assert (small_disk / "journal.sqlite-wal").stat().st_size < MIB
        assert look(small_disk).free < 100 * 1024
        assert "cannot be written" not in caplog.text
    finally:
        filler.give_back()
        await journal.close()


@pytest.mark.parametrize("small_disk", ["ext4"], indirect=True)
async def test_delivered_history_goes_while_the_log_holds_all_it_can(
    small_disk: Path, make_event: Callable[[int], Sealed]
) -> None:
    """The log is full of pages that are new to the file: the ballast must leave room for them."""
    async with watched(small_disk) as box:
        await _store(box, make_event, 12_000)
        await box.journal.park("crm", [], Position(11_900))
        path = small_disk / "journal.sqlite"
        while moments.look(path).frames < 850:
            await _store(box, make_event, 500)
        box.filler.fill()
        await box.gives_the_ballast_up()
        box.filler.fill()
        undelivered = box.journal.last
        await asyncio.wait_for(_store(box, make_event, 4_000), SECONDS)
        kept = {event.sequence for event in await box.journal.read(0, 100_000, 1 << 30)}
        assert set(range(11_901, undelivered + 4_001)) <= kept, "undelivered events never go"
        assert min(kept) > 1


async def test_a_crm_that_comes_back_ends_the_waiting_on_a_disk_that_stays_full(
    small_disk: Path, make_event: Callable[[int], Sealed], caplog: pytest.LogCaptureFixture
) -> None:
    """Saving the position and giving up what was delivered must not need room themselves."""
    async with watched(small_disk) as box:
        await _store(box, make_event, 8_000)
        box.filler.fill()
        await box.gives_the_ballast_up()
        box.filler.fill()
        storing = asyncio.ensure_future(_store(box, make_event, 4_000))
        await _until(lambda: box.journal.full)
        stored = box.journal.last
        assert not storing.done()
        box.journal.advance("crm", Position(7_500))
        await asyncio.wait_for(storing, SECONDS)
        box.filler.fill()
        last = box.journal.last  # an alarm may follow any moment
        kept = {event.sequence for event in await box.journal.read(0, 100_000, 1 << 30)}
        assert set(range(7_501, last + 1)) <= kept
        assert 8_000 <= stored < last
    written = [each for each in caplog.messages if "The journal cannot be written" in each]
    assert len(written) == 1


@pytest.mark.parametrize("small_disk", ["tmpfs"], indirect=True)
async def test_a_damaged_file_goes_after_all_delivered_history(
    small_disk: Path, make_event: Callable[[int], Sealed], caplog: pytest.LogCaptureFixture
) -> None:
    path = small_disk / "journal.sqlite"
    aside = path.with_name(f"{path.name}.damaged-20261121T120000.000000Z")
    copy = path.with_name(f"{path.name}.version-1")
    log = Path(f"{aside}-wal")
    for file in (aside, log, copy):
        file.write_bytes(bytes(MIB))
    copies = Sacrifice("copies", partial(leftovers.drop_copies, path))
    damaged = Sacrifice("a damaged file", partial(leftovers.drop_damaged, path), late=True)
    async with watched(small_disk, damaged, copies) as box:
        await _store(box, make_event, 8_000)
        await box.journal.park("crm", [], Position(4_000))  # less than the ballast would take
        box.filler.fill()
        await _until(lambda: not aside.exists() and not log.exists())
        assert await box.count() <= 4_000 + BATCH
    words = ("given up", "copies went", "delivered events go", "a damaged file went")
    lines = [word for line in _logged(caplog) for word in words if word in line]
    assert lines == list(words), "told once, in this order"


def test_the_oldest_damaged_file_goes_first_and_with_its_log(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    names = [f"{path.name}.damaged-2026112{day}T120000.000000Z" for day in (1, 2)]
    for name in (*names, f"{names[0]}-wal", path.name):
        (tmp_path / name).write_bytes(bytes(8192))
    assert leftovers.drop_damaged(path) == 2 * 8192
    assert sorted(file.name for file in tmp_path.iterdir()) == [path.name, names[1]]
    assert leftovers.drop_damaged(path) == 8192
    assert leftovers.drop_damaged(path) == 0


def test_copies_and_what_was_cut_short_go_together(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    for word in ("version-1", "restoring", "restoring-journal", "copying"):
        path.with_name(f"{path.name}.{word}").write_bytes(bytes(4096))
    path.with_name(f"{path.name}.damaged-20261121T120000.000000Z").write_bytes(bytes(4096))
    assert leftovers.drop_copies(path) == 4 * 4096
    assert [file.name for file in tmp_path.iterdir()] == [
        "journal.sqlite.damaged-20261121T120000.000000Z"
    ]
