import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge.journal.journal import Journal, Sealed
from tests.edge.journal.noise import noise

ROOT = Path(__file__).parents[3]
SCRIPT = Path(__file__).with_name("appending.py")
OPENING = """
import asyncio, sys
from pathlib import Path
from edge.journal.journal import Journal

async def main():
    journal = await Journal.open(Path(sys.argv[1]))
    await journal.close()

asyncio.run(main())
"""
START = datetime(2026, 3, 21, 8, 30, 0, 123456, tzinfo=UTC)


@pytest.fixture
def sealed() -> Callable[..., Sealed]:
    def make(number: int, device: str = "pbx1", size: int = 0) -> Sealed:
        return Sealed(
            device=device,
            type="call.ended",
            subject=f"call/{device}-{number}",
            time=START + timedelta(seconds=number),
            timequality="synced",
            boot="5f1e0c6a",
            monotonic=number / 8,
            data=b'{"number": %d, "name": "%s"}' % (number, noise(size, number)),
        )

    return make


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
async def journal(path: Path) -> AsyncIterator[Journal]:
    journal = await Journal.open(path)
    yield journal
    await journal.close()


@pytest.fixture
def appending() -> Callable[..., list[str]]:
    """The command that appends to PATH one by one until COUNT, as a real process."""

    def command(path: Path, count: int) -> list[str]:
        return [sys.executable, str(SCRIPT), str(path), str(count)]

    return command


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.fixture
def strace(needs: Callable[[str, str], Path]) -> str:
    return str(needs("strace", "strace"))


@pytest.fixture
def kill_opening(strace: str) -> Callable[[Path, str, int], int]:
    """`kill_opening(path, "unlink,unlinkat", 3)`: kills at the third such call; the exit code.

    0: the journal was opened and closed with fewer of these calls.
    """

    def kill(path: Path, call: str, when: int) -> int:
        ended = subprocess.run(
            [
                *(strace, "-f", "-qq", "-o", os.devnull, "-e", f"trace={call}"),
                *("-e", f"inject={call}:signal=KILL:when={when}"),
                *(sys.executable, "-B", "-c", OPENING, str(path)),
            ],
            check=False,
            timeout=60,
        )
        return ended.returncode

    return kill


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 12 MB of its own."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to mount a small file system")
    room = tmp_path / "small"
    room.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(room)], check=False
    )
    if mounted.returncode != 0:
        pytest.skip("needs the right to mount a file system")
    yield room
    subprocess.run(["umount", str(room)], check=True)


@pytest.fixture
def fill() -> Callable[[Path], Path]:
    return _fill


def _fill(disk: Path) -> Path:
    """Take all the room there is, to the last byte."""
    ballast = disk / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 10, 1):
            with suppress(OSError):
                while file.write(b"\0" * size) == size:
                    pass
    return ballast
