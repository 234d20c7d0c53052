"""One edge per data directory.

    DATA/lock   held by flock for the life of the process; the text in it is the holder's pid

The kernel drops the lock when the process dies, however it dies.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge.errors import CommandFailed


class AlreadyRunning(CommandFailed):
    """Another living process holds the data directory."""


@dataclass(frozen=True, slots=True)
class DataLock:
    """Proof that this process alone uses `folder`; made only by `hold`."""

    folder: Path


@contextmanager
def hold(folder: Path) -> Iterator[DataLock]:
    """Hold the data directory while the context lasts. Take it before the journal is opened.

    The directory must exist. Raises AlreadyRunning, and OSError where the lock cannot be written.
    """
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunning(_refusal(descriptor, folder)) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        # The file stays when we leave: taking it away would let two processes hold two of them.
        yield DataLock(folder)
    finally:
        os.close(descriptor)


def _refusal(descriptor: int, folder: Path) -> str:
    pid = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
    return (
        f"payvand is already running with this data directory (pid {pid}): "
        f"stop it first, or give another directory than {folder}"
    )
