"""The log keeps its size, is written back in time, and hides no failed flush."""

import asyncio
import os
import re
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from edge.journal.journal import Journal, Sealed

Make = Callable[..., Sealed]
Command = Callable[..., list[str]]


def _log(path: Path) -> int:
    return _size(Path(f"{path}-wal"))


def _size(path: Path) -> int:
    return path.stat().st_size


async def test_the_log_has_its_size_before_the_first_event_and_keeps_it(
    journal: Journal, path: Path, sealed: Make
) -> None:
    await journal.append([sealed(1)])
    log = _log(path)
    assert _size(path) < 100_000
    assert log > 4_000_000
    for n in range(3000):
        await journal.append([sealed(n)], ("pbx1", b"x" * 700))
    for n in range(60):
        await journal.append([sealed(n, size=500) for n in range(100)])
    for n in range(150):
        await journal.append([sealed(n, size=100_000)])
    assert _size(path) > 10_000_000
    assert _log(path) == log


async def test_a_reader_that_stays_makes_the_log_wait_and_no_event(
    journal: Journal, path: Path, sealed: Make
) -> None:
    await journal.append([sealed(1)])
    with closing(sqlite3.connect(path)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT COUNT(*) FROM event").fetchone() == (1,)
        for n in range(100):
            await journal.append([sealed(n, size=100_000)])
        grown = _log(path)
        assert grown > 8_000_000
        assert reader.execute("SELECT COUNT(*) FROM event").fetchone() == (1,)
    for n in range(200):
        await journal.append([sealed(n, size=100_000)])
    assert _log(path) <= grown + 2_000_000


def test_over_a_long_run_each_event_costs_one_flush(
    path: Path, tmp_path: Path, appending: Command, strace: str
) -> None:
    calls = tmp_path / "calls"
    trace = [strace, "-f", "-qq", "-y", "-o", str(calls), "-e", "trace=fsync,fdatasync,ftruncate"]
    appends = 1500
    subprocess.run(
        [*trace, *appending(path, appends)], check=True, stdout=subprocess.PIPE, timeout=60
    )
    told = calls.read_text()
    database = len(re.findall(rf"sync\(\d+<{re.escape(str(path))}>", told))
    assert database >= 4, "there were checkpoints"
    flushes = len(re.findall(r"sync\(", told))
    assert appends <= flushes <= 1.02 * appends + 10
    assert not re.search(r"ftruncate\(\d+<[^>]*-wal>", told)


def test_a_failed_flush_of_the_database_ends_the_process_too(
    path: Path, appending: Command, strace: str
) -> None:
    """Only checkpoints flush the database file itself: one of theirs fails, no commit does."""
    subprocess.run(appending(path, 1), check=True, stdout=subprocess.PIPE, timeout=60)
    ended = subprocess.run(
        [
            *(strace, "-f", "-qq", "-o", os.devnull, "-P", str(path)),
            *("-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO:when=2"),
            *appending(path, 3000),
        ],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    *acknowledged, last = ended.stdout.splitlines()
    assert last.startswith("watched")
    assert re.search("disk I/O error|Input/output error", last)
    assert 100 < len(acknowledged) < 1500
    assert asyncio.run(_last(path)) >= int(acknowledged[-1])


async def _last(path: Path) -> int:
    journal = await Journal.open(path)
    await journal.close()
    assert journal.recovered is None
    return journal.last
