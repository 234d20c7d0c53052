"""A backup holds one moment of a journal in service; a restored one never repeats an id."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from edge.journal.backup import back_up, restore
from edge.journal.journal import Journal, JournalUnusable, Parked, Position, Sealed

Make = Callable[..., Sealed]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "box.backup"


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Where another box would have its journal."""
    folder = tmp_path / "other"
    folder.mkdir()
    return folder / "journal.db"


def _bytes(path: Path) -> bytes:
    return path.read_bytes()


def _mode(path: Path) -> int:
    return path.stat().st_mode


async def test_a_backup_of_a_journal_in_service_is_one_moment_of_it(
    journal: Journal, path: Path, file: Path, other: Path, sealed: Make
) -> None:
    """Each append writes two events and their number as memory, so a torn moment would show."""
    await journal.append([sealed(n, size=2000) for n in range(5000)], ("pbx1", b"5000"))
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        writing = group.create_task(_write_on(journal, sealed))
        for _ in range(3):
            contents = await asyncio.to_thread(back_up, path, file, None)
        writing.cancel()
    assert 5000 < contents.last < journal.last
    await asyncio.to_thread(restore, file, other)
    restored = await Journal.open(other)
    events = await restored.read(0, 1_000_000, 1 << 30)
    assert [event.sequence for event in events] == list(range(1, contents.last + 1))
    assert restored.memory("pbx1") == b"%d" % contents.last
    await restored.close()


async def _write_on(journal: Journal, sealed: Make) -> None:
    while True:
        number = b"%d" % (journal.last + 2)
        await journal.append([sealed(1, size=2000), sealed(2, size=2000)], ("pbx1", number))


async def test_only_its_owner_may_read_it_and_it_is_one_file(
    journal: Journal, path: Path, file: Path, sealed: Make
) -> None:
    await journal.append([sealed(1)])
    back_up(path, file, "name = 'mashhad'")
    assert _mode(file) & 0o777 == 0o600
    assert [each.name for each in file.parent.glob("*box.backup*")] == [file.name]
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert connection.execute("SELECT settings FROM backup").fetchone() == ("name = 'mashhad'",)


async def test_a_backup_of_a_journal_at_rest_leaves_no_trace(
    path: Path, file: Path, sealed: Make
) -> None:
    journal = await Journal.open(path)
    await journal.append([sealed(1)])
    await journal.close()
    before = _bytes(path)
    assert back_up(path, file, None).events == 1
    assert _bytes(path) == before
    assert [each.name for each in path.parent.glob("journal*")] == [path.name]


async def test_ids_go_on_without_ever_naming_two_contents(
    journal: Journal, path: Path, file: Path, other: Path, sealed: Make
) -> None:
    await journal.append([sealed(n) for n in range(10)], ("pbx1", b"open calls"))
    await journal.park("crm", [(3, "no line")], Position(6))
    back_up(path, file, None)
    await journal.append([sealed(99)])  # the old box goes on: <journal>-11
    await asyncio.to_thread(restore, file, other)
    restored = await Journal.open(other)
    assert restored.box == journal.box
    assert restored.id != journal.id
    assert restored.memory("pbx1") == b"open calls"
    assert await restored.parked("crm") == [Parked(3, "no line")]
    assert restored.last == 10
    assert await restored.append([sealed(1)]) == 11
    waiting = await restored.read(restored.position("crm").cursor)
    assert [e.sequence for e in waiting] == [7, 8, 9, 10], "a read ends with the journal id"
    assert {restored.origin(n) for n in range(1, 11)} == {journal.id}
    assert restored.origin(11) == restored.id
    await restored.close()


async def test_a_restored_box_can_be_backed_up_and_restored_again(
    journal: Journal, path: Path, file: Path, sealed: Make, tmp_path: Path
) -> None:
    ids = [journal.id]
    await journal.append([sealed(n) for n in range(10)])
    await asyncio.to_thread(back_up, path, file, None)
    for turn in range(3):
        there = tmp_path / f"turn-{turn}.db"
        await asyncio.to_thread(restore, file, there)
        again = await Journal.open(there)
        await again.append([sealed(1)])
        ids.append(again.id)
        await again.close()
        await asyncio.to_thread(back_up, there, file, None)
        assert again.last == 11 + turn
    assert len(set(ids)) == 4
    assert [again.origin(n) for n in (1, 10, 11, 12, 13)] == [ids[0], *ids]


async def test_a_backup_is_not_taken_for_a_journal(
    journal: Journal, path: Path, file: Path, sealed: Make
) -> None:
    await journal.append([sealed(1)])
    back_up(path, file, None)
    before = _bytes(file)
    with pytest.raises(JournalUnusable, match="payvand restore"):
        await Journal.open(file)
    assert _bytes(file) == before


async def test_a_damaged_backup_is_refused(
    journal: Journal, path: Path, file: Path, other: Path, sealed: Make
) -> None:
    await journal.append([sealed(n, size=400) for n in range(1000)])
    back_up(path, file, None)
    with file.open("r+b") as content:
        content.seek(4096 * 30)
        content.write(b"\xa5" * 4096)
    with pytest.raises(JournalUnusable, match="damaged"):
        restore(file, other)
    assert list(other.parent.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"name = 'mashhad'\n", b"SQLite format 3\0" * 64])
def test_what_is_no_backup_is_refused(file: Path, other: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(JournalUnusable, match="not a backup"):
        restore(file, other)
    assert list(other.parent.iterdir()) == []


async def test_the_copy_of_a_migration_can_be_restored(path: Path, other: Path) -> None:
    sql = Path(__file__).with_name("version_1.sql").read_text(encoding="utf-8")
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(sql)
    assert restore(path, other).last == 300
    journal = await Journal.open(other)
    assert (journal.box, journal.origin(300)) == ("0123456789ab", "5f3a9c01")
    assert journal.id != "5f3a9c01"
    await journal.close()


async def test_a_full_disk_leaves_the_backup_before(
    journal: Journal, path: Path, small_disk: Path, fill: Callable[[Path], Path], sealed: Make
) -> None:
    target = small_disk / "box.backup"
    await journal.append([sealed(1)])
    back_up(path, target, None)
    before = target.read_bytes()
    await journal.append([sealed(n, size=20_000) for n in range(100)])
    fill(small_disk)
    with pytest.raises((OSError, sqlite3.Error)):
        back_up(path, target, None)
    assert target.read_bytes() == before
