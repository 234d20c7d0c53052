"""However much waits, the start is quick and memory stays flat."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from edge.journal.journal import Journal, Sealed

Make = Callable[..., Sealed]
SCRIPT = Path(__file__).with_name("starting.py")
COUNT = int(os.environ.get("BACKLOG", "60000"))
"""The soak runs it with BACKLOG=1000000."""


async def _filled(path: Path, sealed: Make, count: int) -> None:
    journal = await Journal.open(path)
    for first in range(0, count, 1000):
        await journal.append([sealed(first + n, size=400) for n in range(min(1000, count))])
    await journal.close()


def _start(path: Path) -> tuple[float, int, int]:
    """See starting.py."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(path)],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    opened, count, memory = done.stdout.split()
    return float(opened), int(count), int(memory)


async def test_start_with_a_long_backlog(path: Path, tmp_path: Path, sealed: Make) -> None:
    small = tmp_path / "small.db"
    await _filled(small, sealed, 1000)
    await _filled(path, sealed, COUNT)
    _, few, little = await asyncio.to_thread(_start, small)
    opened, count, memory = await asyncio.to_thread(_start, path)
    assert (few, count) == (1000, COUNT)
    assert memory - little <= 8 * 1024
    assert opened < 1
