"""What devices sent, on a real disk: bounded, private, read again, also torn."""

import asyncio
import os
import re
import stat
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

import pytest

from drivers.contract import Moment
from edge.errors import BadInput
from edge.intake.tap import Chunk
from edge.wire import journal as wire_journal
from edge.wire.journal import FOLDER, SEGMENT_BYTES, WireJournal, segments
from edge.wire.reading import kept, read_torn
from edge.wire.settings import Wire

WALL = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.utc = WALL
        self.monotonic = 1000.0
        self.trusted = True

    def __call__(self) -> Moment:
        return Moment(self.utc, self.monotonic, self.trusted, live=True)

    def pass_time(self, seconds: float) -> None:
        self.utc += timedelta(seconds=seconds)
        self.monotonic += seconds


def written(journal: WireJournal) -> None:
    journal._write(journal._taken())


def sizes(folder: Path) -> list[int]:
    return [path.stat().st_size for _, path in sorted(segments(folder / FOLDER))]


def test_chunks_come_back_with_their_times_over_restarts(tmp_path: Path) -> None:
    clock = Clock()
    for part in (b"one", b"two"):
        journal = WireJournal(tmp_path, Wire(), clock)
        hear = journal.hearer("pbx1", "panasonic", "/dev/ttyUSB0")
        other = journal.hearer("pbx2", "panasonic", "/dev/ttyUSB1")
        hear(Chunk(clock.monotonic, "<", part))
        hear(Chunk(clock.monotonic, ">", b"sent"))
        other(Chunk(clock.monotonic, "<", b"of another device"))
        clock.pass_time(5.0)
        hear(Chunk(clock.monotonic, "<", b"\x00\xff\r\n"))
        written(journal)
        clock.pass_time(3600.0)
    found = kept(tmp_path, "pbx1")
    assert found.started == WALL
    assert found.chunks == [
        (0.0, b"one"),
        (5.0, b"\x00\xff\r\n"),
        (3605.0, b"two"),
        (3610.0, b"\x00\xff\r\n"),
    ]
    later = kept(tmp_path, "pbx1", WALL + timedelta(hours=1))
    assert [data for _, data in later.chunks] == [b"two", b"\x00\xff\r\n"]


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    clock = Clock()
    journal = WireJournal(tmp_path, Wire(), clock)
    journal.hearer("pbx1", "panasonic", "x")(Chunk(clock.monotonic, "<", b"x"))
    written(journal)
    ((_, path),) = segments(tmp_path / FOLDER)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / FOLDER).stat().st_mode) == 0o700


def test_size_is_bounded_and_the_oldest_goes(tmp_path: Path) -> None:
    clock = Clock()
    journal = WireJournal(tmp_path, Wire(megabytes=1), clock)
    hear = journal.hearer("pbx1", "panasonic", "x")
    for number in range(60):
        hear(Chunk(clock.monotonic, "<", b"%08d" % number + b"x" * 60_000))
        clock.pass_time(60)
        written(journal)
    assert sum(sizes(tmp_path)) <= 1_000_000
    assert max(sizes(tmp_path)) < 2 * SEGMENT_BYTES
    chunks = kept(tmp_path, "pbx1").chunks
    assert chunks[-1][1].startswith(b"00000059")
    assert len(chunks) > 10


def test_what_is_too_old_goes_unless_the_clock_is_not_trusted(tmp_path: Path) -> None:
    clock = Clock()
    clock.utc = datetime.now(UTC)
    journal = WireJournal(tmp_path, Wire(days=2), clock)
    hear = journal.hearer("pbx1", "panasonic", "x")
    hear(Chunk(clock.monotonic, "<", b"old"))
    written(journal)
    ((_, old),) = segments(tmp_path / FOLDER)
    long_ago = (clock.utc - timedelta(days=3)).timestamp()
    os.utime(old, (long_ago, long_ago))
    journal = WireJournal(tmp_path, Wire(days=2), clock)
    clock.trusted = False
    written(journal)
    assert old.exists()
    clock.trusted = True
    written(journal)
    assert not old.exists()


@pytest.mark.parametrize("settings", [Wire(days=0), Wire(megabytes=0)])
def test_nothing_is_kept_where_nothing_is_wanted(tmp_path: Path, settings: Wire) -> None:
    clock = Clock()
    journal = WireJournal(tmp_path, settings, clock)
    journal.hearer("pbx1", "panasonic", "x")(Chunk(clock.monotonic, "<", b"x"))
    written(journal)
    assert list(segments(tmp_path / FOLDER)) == []


def test_clock_that_becomes_right_begins_a_new_file(tmp_path: Path) -> None:
    clock = Clock()
    clock.utc, clock.trusted = datetime(1970, 1, 1, tzinfo=UTC), False
    journal = WireJournal(tmp_path, Wire(), clock)
    hear = journal.hearer("pbx1", "panasonic", "x")
    hear(Chunk(clock.monotonic, "<", b"early"))
    written(journal)
    clock.pass_time(1.0)
    clock.utc, clock.trusted = WALL, True
    hear(Chunk(clock.monotonic, "<", b"right"))
    written(journal)
    assert len(sizes(tmp_path)) == 2
    last = read_torn(max(segments(tmp_path / FOLDER))[1].read_bytes())
    assert last is not None
    assert (last.started, last.value("clock")) == (WALL, "synced")


def test_torn_ends_cost_the_torn_line_alone(tmp_path: Path) -> None:
    clock = Clock()
    journal = WireJournal(tmp_path, Wire(), clock)
    hear = journal.hearer("pbx1", "panasonic", "x")
    for number in range(5):
        hear(Chunk(clock.monotonic, "<", b"line %d" % number))
    written(journal)
    ((_, path),) = segments(tmp_path / FOLDER)
    whole = path.read_bytes()
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut] + bytes(4096 * (cut % 2)))
        capture = read_torn(path.read_bytes())
        told = b"" if capture is None else capture.received
        assert b"line 0line 1line 2line 3line 4".startswith(told)
        lines = re.findall(rb'< "line \d"(?=\n|$)', path.read_bytes())
        assert len(lines) == len(told) // 6


def test_mad_wire_and_a_failing_disk_cost_no_memory_and_no_device(tmp_path: Path) -> None:
    clock = Clock()
    (tmp_path / FOLDER).write_text("a file where the folder should be")
    journal = WireJournal(tmp_path, Wire(), clock)
    hear = journal.hearer("pbx1", "panasonic", "x")
    for _ in range(1000):
        hear(Chunk(clock.monotonic, "<", bytes(4096)))
    assert journal._devices["pbx1"].buffered <= 2 * wire_journal.MOST_BUFFERED
    written(journal)
    written(journal)
    assert journal._failed


def test_full_disk_takes_all_of_it_and_it_goes_on(tmp_path: Path) -> None:
    clock = Clock()
    journal = WireJournal(tmp_path, Wire(), clock)
    hear = journal.hearer("pbx1", "panasonic", "x")
    hear(Chunk(clock.monotonic, "<", bytes(50_000)))
    written(journal)
    assert journal.drop() >= 50_000
    assert journal.drop() == 0
    hear(Chunk(clock.monotonic, "<", b"after"))
    written(journal)
    assert [data for _, data in kept(tmp_path, "pbx1").chunks] == [b"after"]


async def test_what_waits_is_written_at_the_end(tmp_path: Path) -> None:
    def clock() -> Moment:
        return Moment(WALL, monotonic(), trusted=True, live=True)

    journal = WireJournal(tmp_path, Wire(), clock)
    task = asyncio.create_task(journal.keep())
    journal.hearer("pbx1", "panasonic", "x")(Chunk(monotonic(), "<", b"last words"))
    await asyncio.sleep(0)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert [data for _, data in kept(tmp_path, "pbx1").chunks] == [b"last words"]


def test_device_of_which_nothing_is_kept_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="pbx9"):
        kept(tmp_path, "pbx9")
