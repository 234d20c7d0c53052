"""What is acknowledged stays, whatever happens to the process or the disk."""

import asyncio
import logging
import re
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from edge.journal.journal import Journal, JournalFailed, Position, Sealed, Stored

Make = Callable[..., Sealed]
Command = Callable[..., list[str]]
Fill = Callable[[Path], Path]


async def _all(path: Path) -> tuple[list[Stored], bytes]:
    journal = await Journal.open(path)
    try:
        return await journal.read(0, limit=1_000_000, max_bytes=1 << 30), journal.memory("pbx1")
    finally:
        await journal.close()


@pytest.mark.parametrize("lines", [1, 50, 700])
async def test_kill_loses_nothing_acknowledged(path: Path, appending: Command, lines: int) -> None:
    writer = await asyncio.create_subprocess_exec(
        *appending(path, 1_000_000), stdout=asyncio.subprocess.PIPE
    )
    assert writer.stdout
    async with asyncio.timeout(60):
        for _ in range(lines):
            await writer.stdout.readline()
        writer.kill()
        rest = (await writer.stdout.read()).split(b"\n")[:-1]
        await writer.wait()
    acknowledged = int(rest[-1]) if rest else lines * 2
    stored, memory = await _all(path)
    assert acknowledged <= len(stored) <= acknowledged + 2
    assert [event.sequence for event in stored] == list(range(1, len(stored) + 1))
    assert [int(event.data) for event in stored] == list(range(1, len(stored) + 1))
    assert int(memory) == len(stored)


def test_each_commit_is_flushed_once(
    path: Path, tmp_path: Path, appending: Command, strace: str
) -> None:
    calls = tmp_path / "calls"
    trace = [strace, "-f", "-qq", "-o", str(calls), "-e", "trace=fsync,fdatasync,write"]
    subprocess.run([*trace, *appending(path, 60)], check=True, stdout=subprocess.PIPE, timeout=60)
    told = re.findall(r"(fsync\(|fdatasync\(|write\(1,)", calls.read_text())
    line = "".join("A" if call == "write(1," else "F" for call in told)
    assert re.fullmatch(r"F+A(FA){59}F+", line)


@pytest.mark.parametrize("when", [6, 25])
def test_a_failed_flush_ends_the_writing(
    path: Path, appending: Command, strace: str, when: int
) -> None:
    subprocess.run(appending(path, 1), check=True, stdout=subprocess.PIPE, timeout=60)
    inject = f"inject=fsync,fdatasync:error=EIO:when={when}+"
    trace = [strace, "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync,fdatasync", "-e", inject]
    ended = subprocess.run(
        [*trace, *appending(path, 100)], check=True, capture_output=True, text=True, timeout=60
    )
    *acknowledged, last = ended.stdout.splitlines()
    assert last.startswith("watched")
    assert "disk I/O error" in last
    assert 0 < len(acknowledged) < when
    stored, memory = asyncio.run(_all(path))
    assert len(stored) >= int(acknowledged[-1])
    assert int(memory) == len(stored) == stored[-1].sequence


async def test_a_full_disk_makes_appenders_wait_and_loses_nothing(
    small_disk: Path, fill: Fill, sealed: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    path = small_disk / "journal.db"
    journal = await Journal.open(path)
    assert await journal.append([sealed(0)], ("pbx0", b"0")) == 1
    ballast = fill(small_disk)
    acknowledged: list[int] = []

    async def append(device: str) -> None:
        for number in range(1, 101):
            memory = (device, b"%d" % number)
            acknowledged.append(await journal.append([sealed(number, device, 20_000)], memory))

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        writers = [group.create_task(append(f"pbx{n}")) for n in range(3)]
        await _in_trouble(journal)
        assert "is full" in str(journal.trouble)
        held = list(acknowledged)
        journal.advance("crm", Position(1))
        await _tries_again(journal)
        assert acknowledged == held
        assert not any(writer.done() for writer in writers)
        assert len(await journal.read(0, 1000, 1 << 30)) == journal.last == len(held) + 1
        ballast.unlink()
    await _is_well(journal)
    assert sorted(acknowledged) == list(range(2, 302))
    assert [journal.memory(f"pbx{n}") for n in range(3)] == [b"100"] * 3
    assert len(caplog.records) == 2
    assert "free space" in caplog.records[0].getMessage()
    await journal.close()
    stored, _ = await _all(path)
    assert [event.sequence for event in stored] == list(range(1, 302))


async def test_closing_on_a_full_disk_acknowledges_nothing(
    small_disk: Path, fill: Fill, sealed: Make
) -> None:
    path = small_disk / "journal.db"
    journal = await Journal.open(path)
    ballast = fill(small_disk)
    large = [sealed(n, size=100_000) for n in range(100)]
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        append = group.create_task(_outcome(journal, large))
        await _in_trouble(journal)
        await journal.close()
    assert isinstance(append.result(), JournalFailed)
    assert "full" in str(append.result())
    ballast.unlink()
    assert (await _all(path))[0] == []


async def _in_trouble(journal: Journal) -> None:
    while journal.trouble is None:  # noqa: ASYNC110 - the writer's thread sets it, without an event
        await asyncio.sleep(0.01)


async def _is_well(journal: Journal) -> None:
    """The writer says so a moment after it has told those who waited."""
    async with asyncio.timeout(60):
        while journal.trouble is not None:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)


async def _tries_again(journal: Journal) -> None:
    """Return when one more try has failed: each of them makes its own word of it."""
    before = journal.trouble
    async with asyncio.timeout(60):
        while journal.trouble is before:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)


async def _outcome(journal: Journal, events: list[Sealed]) -> object:
    try:
        return await journal.append(events)
    except JournalFailed as error:
        return error


async def test_another_programs_lock_is_waited_out(
    journal: Journal, path: Path, sealed: Make, caplog: pytest.LogCaptureFixture
) -> None:
    await journal.append([sealed(1)])
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            append = group.create_task(journal.append([sealed(2)]))
            await _in_trouble(journal)
            assert "another program" in str(journal.trouble)
            assert not append.done()
            other.execute("ROLLBACK")
        assert await append == 2
    await _is_well(journal)
    assert len(caplog.records) == 2
