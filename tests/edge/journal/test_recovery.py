"""A damaged file is put aside, never the events that can still be read."""

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from edge.journal.connecting import look
from edge.journal.journal import Journal, JournalFailed, Parked, Position, Recovery, Sealed
from edge.journal.readable import events
from tests.edge.plain_event import PLAIN

Make = Callable[..., Sealed]
KillOpening = Callable[[Path, str, int], int]
PAGE = 2048
COUNT = 1000


def _tell(recovery: Recovery) -> Sealed:
    return replace(PLAIN, device="box", type="box.alarm", data=recovery.advice.encode())


async def _filled(path: Path, sealed: Make) -> Journal:
    """A closed journal with all that there can be: its `id` and `box` may still be asked."""
    journal = await Journal.open(path)
    await journal.append([sealed(n, size=400) for n in range(COUNT)], ("pbx1", b"open calls"))
    journal.advance("crm", Position(900))
    await journal.park("other", [(5, "no call_id")], Position(7))
    await journal.close()
    return journal


def _spoil(path: Path, *pages: int, count: int = 1) -> None:
    with path.open("r+b") as file:
        for page in pages:
            file.seek(PAGE * page)
            file.write(b"\xa5" * PAGE * count)


def _bytes(path: Path) -> bytes:
    return path.read_bytes()


def _write(path: Path, content: bytes | bytearray) -> None:
    path.write_bytes(content)


def _leaves(path: Path) -> list[int]:
    """The pages that hold events, in order of sequence."""
    query = "SELECT pageno - 1 FROM dbstat WHERE name = 'event' AND pagetype = 'leaf' ORDER BY path"
    with closing(sqlite3.connect(path)) as connection:
        return [number for (number,) in connection.execute(query)]


def _patched(folder: Path) -> list[Path]:
    return list(folder.glob("*.patched*"))


async def _opened(path: Path) -> tuple[Journal, Recovery]:
    journal = await Journal.open(path, _tell)
    assert journal.recovered is not None
    return journal, journal.recovered


def _quarantined(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{path.name}.damaged-*"))


async def test_what_can_be_read_is_carried_on_and_the_rest_is_told(
    path: Path, sealed: Make
) -> None:
    before = await _filled(path, sealed)
    leaves = _leaves(path)
    _spoil(path, leaves[3], leaves[5], leaves[40])
    content = _bytes(path)
    journal, told = await _opened(path)
    stored = await journal.read(0, 10_000, 1 << 30)
    alarms = await journal.read(COUNT)
    await journal.close()

    assert COUNT - 30 <= told.events < COUNT
    assert told.events + told.lost == COUNT
    assert [event.sequence for event in stored] == sorted(event.sequence for event in stored)
    assert len(stored) == told.events
    for event in stored:
        assert event.data == sealed(event.sequence - 1, size=400).data
    assert journal.memory("pbx1") == b"open calls"
    assert (journal.position("crm").cursor, journal.position("other").cursor) == (900, 7)
    assert journal.box == before.box
    assert journal.id != before.id
    assert {journal.origin(event.sequence) for event in stored} == {before.id}
    assert [(a.sequence, a.type, a.data.decode()) for a in alarms] == [
        (COUNT + 1, "box.alarm", told.advice)
    ]
    assert journal.origin(COUNT + 1) == journal.id
    aside = [file.name for file in _quarantined(path)]
    assert aside == [told.quarantined]
    assert _bytes(path.parent / aside[0]) == content
    assert (path.parent / aside[0]).stat().st_nlink == 1


async def test_parked_events_stay_parked(path: Path, sealed: Make) -> None:
    await _filled(path, sealed)
    _spoil(path, _leaves(path)[9])
    journal, _ = await _opened(path)
    assert await journal.parked("other") == [Parked(5, "no call_id")]
    await journal.close()


async def test_it_is_recovered_and_told_once(path: Path, sealed: Make) -> None:
    await _filled(path, sealed)
    _spoil(path, _leaves(path)[9])
    first, _ = await _opened(path)
    await first.close()
    again = await Journal.open(path, _tell)
    await again.close()
    assert again.recovered is None
    assert (again.id, again.last) == (first.id, first.last) == (again.id, COUNT + 1)


async def test_numbers_begin_above_all_that_was_ever_given_out(path: Path, sealed: Make) -> None:
    """The last events are gone, but a cursor tells that there were more."""
    before = await _filled(path, sealed)
    _spoil(path, *_leaves(path)[-30:])
    journal, told = await _opened(path)
    kept = await journal.read(0, 10_000, 1 << 30)
    assert kept[-1].sequence < 900
    assert journal.last == 901
    assert await journal.append([sealed(1)]) == 902
    assert journal.origin(kept[-1].sequence) == before.id
    assert journal.origin(902) == journal.id != before.id
    assert told.lost == 900 - kept[-1].sequence
    assert [event.sequence for event in await journal.read(journal.position("crm").cursor)] == [
        901,
        902,
    ]
    await journal.close()


async def test_a_read_never_mixes_journal_ids(path: Path, sealed: Make) -> None:
    await _filled(path, sealed)
    _spoil(path, _leaves(path)[9])
    journal, _ = await _opened(path)
    await journal.append([sealed(n) for n in range(5)])
    assert [event.sequence for event in await journal.read(COUNT - 2)] == [COUNT - 1, COUNT]
    assert [event.sequence for event in await journal.read(COUNT)] == [
        COUNT + n for n in range(1, 7)
    ]
    await journal.close()


@pytest.mark.parametrize("content", [b"01/02/07 20:12 101 01 5550100\r\n" * 200, b"\0" * PAGE * 9])
async def test_a_file_that_is_no_database_is_put_aside(
    path: Path, sealed: Make, content: bytes
) -> None:
    _write(path, content)
    journal, told = await _opened(path)
    assert (told.events, told.lost) == (0, 0)
    assert "not a database" in told.damage
    assert _bytes(path.parent / told.quarantined) == content
    assert await journal.append([sealed(1)]) == 2
    await journal.close()


async def test_a_journal_cut_short_keeps_its_first_part(path: Path, sealed: Make) -> None:
    await _filled(path, sealed)
    with path.open("r+b") as file:
        file.truncate(PAGE * 40 + 100)
    journal, told = await _opened(path)
    assert 50 < told.events < COUNT
    assert (await journal.read(0))[0].data == sealed(0, size=400).data
    await journal.close()


@pytest.mark.parametrize("page", [PAGE, 4096])  # that of files made by earlier versions
@pytest.mark.parametrize(
    ("gone", "in_log"),
    [
        (slice(0, 100), False),
        (slice(100, PAGE), False),
        (slice(0, PAGE), False),
        (slice(0, PAGE), True),
    ],
)
async def test_nothing_is_lost_with_the_first_page(
    path: Path,
    sealed: Make,
    tmp_path: Path,
    gone: slice,
    page: int,
    monkeypatch: pytest.MonkeyPatch,
    *,
    in_log: bool,
) -> None:
    """Without it SQLite reads nothing: neither tables nor size."""
    monkeypatch.setattr("edge.journal.connecting.PAGE", page)
    before = await _filled(path, sealed)
    there = path
    if in_log:
        before = await Journal.open(path)
        await before.append([sealed(COUNT)])
        there = tmp_path / "crashed.db"
        for end in ("", "-wal"):
            shutil.copy(f"{path}{end}", f"{there}{end}")
        await before.close()
    content = bytearray(_bytes(there))
    content[gone] = bytes(len(content[gone]))
    _write(there, content)
    journal, told = await _opened(there)
    assert (told.events, told.lost) == (COUNT + in_log, 0)
    assert journal.box == before.box
    assert journal.origin(COUNT) == before.id != journal.id
    assert (journal.position("crm").cursor, journal.memory("pbx1")) == (900, b"open calls")
    await journal.close()
    assert not _patched(tmp_path)


async def test_the_log_goes_aside_with_its_file(path: Path, sealed: Make, tmp_path: Path) -> None:
    """Events that lie only in the log are read, and the log is not taken for the new file's."""
    journal = await Journal.open(path)
    await journal.append([sealed(n, size=400) for n in range(COUNT)])
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    for n in range(50):
        await journal.append([sealed(COUNT + n)])
    there = crashed / path.name
    for end in ("", "-wal"):
        shutil.copy(f"{path}{end}", f"{there}{end}")
    await journal.close()
    _spoil(there, 60)
    again, told = await _opened(there)
    assert COUNT + 50 - 20 < told.events < COUNT + 50
    assert (await again.read(COUNT + 49))[0].data == sealed(COUNT + 49).data
    await again.close()
    assert len(_quarantined(there)) >= 2
    assert (await _reopened(there)) == again.last


async def _reopened(path: Path) -> int:
    journal = await Journal.open(path)
    await journal.close()
    assert journal.recovered is None
    return journal.last


async def test_damage_met_in_service_is_looked_for_at_the_next_start(
    path: Path, sealed: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = await Journal.open(path)
    await journal.append([sealed(n, size=400) for n in range(60_000)])
    await journal.close()
    _spoil(path, _leaves(path)[40])
    # With a large file the check at the start does not come so far.
    monkeypatch.setattr("edge.journal.inspection._CHECK_SECONDS", 0.001)
    journal = await Journal.open(path, _tell)
    assert journal.recovered is None
    with pytest.raises(JournalFailed, match="malformed"):
        await journal.read(0, 1000, 1 << 30)
    with pytest.raises(JournalFailed, match="malformed"):
        await journal.watch()
    await journal.close()
    again, told = await _opened(path)
    assert told.lost > 0
    await again.close()
    assert not path.with_name(f"{path.name}.suspect").exists()


@pytest.mark.parametrize("count", [1, 2, 7])
async def test_every_row_outside_the_damage_is_found(path: Path, sealed: Make, count: int) -> None:
    """Whichever pages are gone: the rows that are missing are those of these pages."""
    await _filled(path, sealed)
    leaves = _leaves(path)
    healthy = _bytes(path)
    for first in range(0, len(leaves), 9):
        _write(path, healthy)
        gone = {leaves[(first + 2 * n) % len(leaves)] for n in range(count)}
        _spoil(path, *gone)
        with closing(look(path)) as source:
            found = [event[0] for event in events(source)]
        assert len(found) == len(set(found))
        lost = COUNT - len(found)
        assert len(gone) <= lost <= 10 * len(gone), f"pages {sorted(gone)}"


@pytest.mark.parametrize(
    ("call", "most"),
    [("link,linkat", 4), ("rename,renameat,renameat2", 4), ("unlink,unlinkat", 9), ("fsync", 9)],
)
def test_a_kill_at_any_step_loses_nothing_more(
    path: Path, tmp_path: Path, sealed: Make, kill_opening: KillOpening, call: str, most: int
) -> None:
    before = asyncio.run(_filled(path, sealed))
    _spoil(path, _leaves(path)[9])
    healthy = path.read_bytes()
    killed = 0
    for when in range(1, most + 1):
        room = tmp_path / f"{call.partition(',')[0]}-{when}"
        room.mkdir()
        there = room / path.name
        there.write_bytes(healthy)
        code = kill_opening(there, call, when)
        killed += code != 0
        asyncio.run(_still_whole(there, before, sealed))
    assert killed > 0


async def _still_whole(path: Path, before: Journal, sealed: Make) -> None:
    journal = await Journal.open(path)
    stored = await journal.read(0, 10_000, 1 << 30)
    await journal.close()
    assert COUNT - 10 <= len(stored) < COUNT
    assert all(event.data == sealed(event.sequence - 1, size=400).data for event in stored)
    assert journal.origin(1) == before.id != journal.id
    assert journal.box == before.box
    assert _quarantined(path)
