"""Room on the disk for what the log holds and the file does not yet.

    file ── as long as it was at the last checkpoint ──│── reserve: blocks of its own, no length ──│

A log on a full disk is a trap: it takes pages that are new to the file, cannot write them back, and
in the end takes nothing any more, not even the DELETE that would make room. So before a commit may
make the file longer, the disk gives it the blocks (fallocate(2) with FALLOC_FL_KEEP_SIZE), and what
does not fit is seen then. A checkpoint sets the length and gives back what was not needed.
"""

import ctypes
import errno
import os
from contextlib import suppress

_AHEAD = 1 << 20
"""Bytes to ask for at once, where the disk has them: a flush for that many."""

_KEEP_SIZE = 1
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
_NO_SUCH_CALL = (errno.EOPNOTSUPP, errno.ENOSYS)

_libc = ctypes.CDLL(None, use_errno=True)


class NoRoom(Exception):
    """The disk has no room for a longer file."""


class Reserve:
    """The blocks of one file, by its descriptor."""

    def __init__(self, file: int) -> None:
        self._file = file
        self._size = 0
        self._given = True

    def holds(self, size: int) -> bool:
        """Whether so many bytes were held already."""
        return size <= self._size

    def hold(self, size: int) -> None:
        """See that the file can take so many bytes. Raises NoRoom, and OSError for a bad disk.

        A file system that gives no blocks ahead is left as it is.
        """
        if self.holds(size) or size <= os.fstat(self._file).st_size:
            return
        try:
            self._ask(size + _AHEAD)
        except NoRoom:
            self._ask(size)

    def renew(self, size: int) -> None:
        """A checkpoint has cut the file to so many bytes: ask anew, while there may be room."""
        self._size = 0
        with suppress(NoRoom):
            self._ask(size + _AHEAD)

    def _ask(self, size: int) -> None:
        if not self._given:
            return
        have = os.fstat(self._file).st_size
        # Asked first: a try that fails may keep what there was, and leave the log without any.
        disk = os.fstatvfs(self._file)
        if size - max(have, self._size) > disk.f_bavail * disk.f_frsize:
            raise NoRoom
        failed = _allocate(self._file, have, size - have)
        if failed in _NO_SPACE:
            raise NoRoom
        if failed in _NO_SUCH_CALL:
            self._given = False
        elif failed:
            raise OSError(failed, os.strerror(failed))
        else:
            os.fsync(self._file)  # or a power cut takes it back, and leaves the log
            self._size = size


def _allocate(file: int, begin: int, length: int) -> int:
    """The error, 0 for none."""
    result = _libc.fallocate64(file, _KEEP_SIZE, ctypes.c_int64(begin), ctypes.c_int64(length))
    return ctypes.get_errno() if result else 0
