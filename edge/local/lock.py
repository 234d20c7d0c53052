"""One edge per data directory.

    DATA/lock   held by flock for the life of the process; the text in it is the holder's pid

The kernel drops the lock when the process dies, however it dies.
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge.errors import CommandFailed

DATABASE = "journal.sqlite"
"""The journal's name, beside the lock."""
SOCKET = "control.sock"
"""The control socket's name, beside the lock: see edge.local.control."""
WEB_SOCKET = "web.sock"
"""The name of the web process's socket, where nobody names another place: see edge.local.doors."""
_LONGEST_PATH = 107
"""Bytes of a unix socket's path (unix(7), sun_path without its end)."""
_ADVICE = {
    errno.EISDIR: "move that directory away",
    errno.ENOENT: "make the directory, or name another one",
    errno.ENOSPC: "make room on its disk",
    errno.EROFS: "mount its file system for writing",
}
_GIVE = "give it to the user with chown, or run payvand as its owner"


class AlreadyRunning(CommandFailed):
    """Another living process holds the data directory."""


@dataclass(frozen=True, slots=True)
class DataLock:
    """Proof that this process alone uses `folder`; made only by `hold`."""

    folder: Path


@contextmanager
def hold(folder: Path) -> Iterator[DataLock]:
    """Hold the data directory while the context lasts. Take it before the journal is opened.

    Raises AlreadyRunning, and CommandFailed where the directory is not there, may not be written,
    or has so long a path that nobody could ask the edge for its status.
    """
    if (size := len(os.fsencode(folder / SOCKET))) > _LONGEST_PATH:
        raise CommandFailed(
            f"the path {folder / SOCKET} has {size} bytes, a socket's may have {_LONGEST_PATH}: "
            "give a data directory that has a shorter path"
        )
    place = folder / "lock"
    try:
        descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unwritable(place, error) from error
    try:
        _take(descriptor, place)
        # The file stays when we leave: taking it away would let two processes hold two of them.
        yield DataLock(folder)
    finally:
        os.close(descriptor)


def _take(descriptor: int, place: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    except BlockingIOError as error:
        raise AlreadyRunning(_refusal(descriptor, place.parent)) from error
    except OSError as error:
        raise _unwritable(place, error) from error


def _unwritable(place: Path, error: OSError) -> CommandFailed:
    advice = _ADVICE.get(error.errno or 0, _GIVE)
    why = f"{place}: {error.strerror}"
    return CommandFailed(f"{place.parent} may not be written by this user ({why}): {advice}")


def _refusal(descriptor: int, folder: Path) -> str:
    pid = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
    return (
        f"payvand is already running with this data directory (pid {pid}): "
        f"stop it first, or give another directory than {folder}"
    )
