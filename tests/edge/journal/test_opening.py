import asyncio
import hashlib
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from edge.journal.journal import Journal, JournalUnusable, Sealed

Make = Callable[..., Sealed]


def _prints(directory: Path) -> dict[str, str]:
    """All files but the log's index, which SQLite makes anew whenever it reads a log."""
    files = [file for file in directory.glob("*.db*") if not file.name.endswith("-shm")]
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


async def _refused(path: Path) -> str:
    before = _prints(path.parent)
    assert before
    with pytest.raises(JournalUnusable) as refusal:
        await Journal.open(path)
    assert _prints(path.parent) == before
    advice = refusal.value.advice
    assert str(path) in advice
    assert "\n" not in advice
    return advice


async def _filled(path: Path, sealed: Make) -> None:
    journal = await Journal.open(path)
    await journal.append([sealed(n, size=400) for n in range(1000)])
    await journal.close()


async def test_another_programs_database_is_refused(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE event (sequence INTEGER PRIMARY KEY)")
    assert "another program" in await _refused(path)


async def test_a_newer_journal_is_refused(path: Path, sealed: Make) -> None:
    await _filled(path, sealed)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    advice = await _refused(path)
    assert "version 99" in advice
    assert "newer payvand" in advice


async def test_a_newer_version_that_only_the_log_tells_is_refused(
    path: Path, tmp_path: Path, sealed: Make
) -> None:
    await _filled(path, sealed)
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
        for end in ("", "-wal"):
            shutil.copy(f"{path}{end}", crashed)
    assert "version 99" in await _refused(crashed / path.name)


async def test_a_full_disk_is_not_taken_for_damage(
    path: Path, small_disk: Path, fill: Callable[[Path], Path], sealed: Make
) -> None:
    journal = await Journal.open(path)
    await journal.append([sealed(1)])
    for end in ("", "-wal"):
        shutil.copy(f"{path}{end}", small_disk)
    await journal.close()
    ballast = fill(small_disk)
    advice = await _refused(small_disk / path.name)
    assert "damaged" not in advice
    assert "free space" in advice
    ballast.unlink()
    again = await Journal.open(small_disk / path.name)
    assert again.last == 1
    await again.close()


async def test_a_missing_directory_is_told(tmp_path: Path) -> None:
    with pytest.raises(JournalUnusable, match="No such file or directory"):
        await Journal.open(tmp_path / "absent" / "journal.db")


async def test_a_second_opening_is_refused_while_the_first_lasts(path: Path, sealed: Make) -> None:
    first = await Journal.open(path)
    with pytest.raises(JournalUnusable, match="in use"):
        await Journal.open(path)
    assert await first.append([sealed(1)]) == 1
    await first.close()
    second = await Journal.open(path)
    assert second.last == 1
    await second.close()


async def test_nobody_else_may_read_the_file(journal: Journal, path: Path, sealed: Make) -> None:
    await journal.append([sealed(1)])
    for file in path.parent.glob("journal.db*"):
        assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "call",
    [
        "pwrite64:when=1",
        "pwrite64:when=3",
        "pwrite64:when=6",
        "fdatasync:when=1",
        "fdatasync:when=2",
        "unlink:when=1",
    ],
)
def test_a_creation_cut_short_is_made_good(
    path: Path, appending: Callable[..., list[str]], strace: str, call: str
) -> None:
    name = call.partition(":")[0]
    tracing = [strace, "-f", "-qq", "-o", "/dev/null", "-e", f"trace={name}"]
    inject = ["-e", f"inject={call.replace(':', ':signal=KILL:', 1)}"]
    ended = subprocess.run(
        [*tracing, *inject, *appending(path, 1)], check=False, capture_output=True, timeout=60
    )
    assert ended.returncode == -9, ended.stderr
    last, memory = asyncio.run(_last(path))
    assert last in {2 * len(ended.stdout.split()), 2}
    assert memory == (b"2" if last else b"")


async def _last(path: Path) -> tuple[int, bytes]:
    journal = await Journal.open(path)
    try:
        return journal.last, journal.memory("pbx1")
    finally:
        await journal.close()
