"""A file of an older version is brought up, and no crash on the way leaves less than one of both.

version_1.sql is the file as the first release made it.
"""

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from edge.journal.journal import Journal, JournalUnusable, Parked, Sealed
from edge.journal.models import VERSION

Make = Callable[..., Sealed]
KillOpening = Callable[[Path, str, int], int]
SQL = Path(__file__).with_name("version_1.sql").read_text(encoding="utf-8")


@pytest.fixture
def old(path: Path) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SQL)
    return path


def _copy(path: Path) -> Path:
    return path.with_name(f"{path.name}.version-1")


def _version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


async def _check(journal: Journal) -> None:
    assert (journal.id, journal.box, journal.last) == ("5f3a9c01", "0123456789ab", 300)
    assert journal.memory("pbx1") == b"open calls"
    assert journal.position("crm").cursor == 120
    assert await journal.parked("crm") == [Parked(7, "no call_id")]
    events = await journal.read(0)
    assert [event.data for event in events] == [b'{"number": %d}' % n for n in range(1, 301)]
    assert {journal.origin(event.sequence) for event in events} == {"5f3a9c01"}


async def test_all_is_taken_along_and_a_copy_is_kept(old: Path, sealed: Make) -> None:
    journal = await Journal.open(old)
    await _check(journal)
    assert await journal.append([sealed(1)]) == 301
    assert journal.origin(301) == "5f3a9c01"
    await journal.close()
    assert _version(old) == VERSION
    assert _version(_copy(old)) == 1
    with closing(sqlite3.connect(_copy(old))) as copy:
        assert copy.execute("SELECT COUNT(*), MAX(sequence) FROM event").fetchone() == (300, 300)
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert _copy(old).stat().st_mode & 0o077 == 0


async def test_the_copy_goes_when_the_new_version_stored_events_and_ended_well(
    old: Path, sealed: Make
) -> None:
    for _ in range(2):  # nothing was stored in the first run: nothing is proved
        journal = await Journal.open(old)
        await journal.close()
        assert _copy(old).exists()
    journal = await Journal.open(old)
    await journal.append([sealed(1)])
    await journal.close()
    assert _copy(old).exists()
    journal = await Journal.open(old)
    await journal.close()
    assert not _copy(old).exists()


async def test_the_copy_stays_after_a_crash(old: Path, appending: Callable[..., list[str]]) -> None:
    writer = await asyncio.create_subprocess_exec(
        *appending(old, 1_000_000), stdout=asyncio.subprocess.PIPE
    )
    assert writer.stdout
    async with asyncio.timeout(60):
        await writer.stdout.readline()
        writer.kill()
        await writer.communicate()
    journal = await Journal.open(old)
    assert journal.last >= 302
    await journal.close()
    assert _copy(old).exists()


async def test_the_copy_goes_after_a_day(
    old: Path, sealed: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.journal.migration.PROVED_SECONDS", 0.0)
    monkeypatch.setattr("edge.journal.writer._LOOK", 0.05)
    journal = await Journal.open(old)
    await asyncio.sleep(0.3)
    assert _copy(old).exists(), "nothing was stored yet"
    await journal.append([sealed(1)])
    async with asyncio.timeout(60):
        while _copy(old).exists():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    await journal.close()


async def test_the_log_of_the_old_version_is_in_the_copy(old: Path, tmp_path: Path) -> None:
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("DELETE FROM event WHERE sequence > 200")
        connection.commit()
        for end in ("", "-wal"):
            shutil.copy(f"{old}{end}", crashed)
    journal = await Journal.open(crashed / old.name)
    assert journal.last == 200
    await journal.close()
    with closing(sqlite3.connect(_copy(crashed / old.name))) as copy:
        assert copy.execute("SELECT COUNT(*) FROM event").fetchone() == (200,)


async def test_no_room_for_the_copy_changes_nothing(
    old: Path, small_disk: Path, fill: Callable[[Path], Path]
) -> None:
    there = small_disk / old.name
    shutil.copy(old, there)
    ballast = fill(small_disk)
    before = there.read_bytes()
    with pytest.raises(JournalUnusable, match="free space"):
        await Journal.open(there)
    assert there.read_bytes() == before
    assert not _copy(there).exists()
    ballast.unlink()
    journal = await Journal.open(there)
    await _check(journal)
    await journal.close()


@pytest.mark.parametrize(
    ("call", "whens"),
    [
        ("pwrite64", range(1, 80, 4)),  # the copy, the steps, and the log given its size
        ("fdatasync,fsync", range(1, 99)),
        ("rename,renameat,renameat2", range(1, 99)),
        ("unlink,unlinkat", range(1, 99)),
    ],
)
def test_a_kill_at_each_step_leaves_the_old_or_the_new(
    old: Path, tmp_path: Path, kill_opening: KillOpening, call: str, whens: range
) -> None:
    """Kill at the first call, the second, … until the opening comes through."""
    healthy = old.read_bytes()
    killed = set()
    for when in whens:
        room = tmp_path / str(when)
        room.mkdir()
        there = room / old.name
        there.write_bytes(healthy)
        code = kill_opening(there, call, when)
        version = _version(there)  # brings back what was committed, undoes what was not
        assert version in {1, VERSION}
        if version == VERSION:
            assert _version(_copy(there)) == 1
        asyncio.run(_whole(there))
        if code == 0:
            break
        killed.add(version)
    assert 1 in killed
    assert VERSION in killed or call not in {"pwrite64", "fdatasync,fsync"}


async def _whole(path: Path) -> None:
    journal = await Journal.open(path)
    await _check(journal)
    await journal.close()
    assert journal.recovered is None
