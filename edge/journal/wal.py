"""The write-ahead log: given its full size before the first event comes, and kept at it.

While the log file grows, each commit costs two flushes and some 12 KB of flash; once it has its
size and is only written over, one flush and 6 KB. So a transaction fills it and is rolled back:
the pages were spilled to the log, never reach the database, and the file keeps its size.

SQLite's own checkpoints come within a commit and hide their errors. Here they come after the commit
was told to its waiters, well before the log is full, and an error goes up: after a failed fsync
nobody knows what is in the database file.
"""

import os
import sqlite3
from pathlib import Path

from edge.journal.reserve import Reserve

FILLED_BYTES = 4_096_000
"""A checkpoint comes before the log holds so much; then it begins again at its start."""

_AGAIN = FILLED_BYTES // 10
"""So much later a checkpoint is tried again that could not end: somebody was reading."""

LOG_BYTES = FILLED_BYTES + _AGAIN
"""What the log takes, and what writing it back may take again."""


class Log:
    """The log of one connection in WAL mode, with `wal_autocheckpoint` off.

    file: a descriptor of the database. Any other one, once closed, would drop SQLite's locks.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, file: int) -> None:
        self._connection = connection
        self._reserve = Reserve(file)
        self._file = path.with_name(f"{path.name}-wal")
        self._held = 0
        self._most = 0
        self._page = self._ask("page_size")

    def grow(self) -> None:
        """Make it as large as it gets, on disk, unless it is. A full disk leaves it smaller.

        And somewhat larger than that: the last pages stay in the cache and never reach it.
        """
        if not (self._file.exists() and self._file.stat().st_size >= FILLED_BYTES):
            self._fill()
        self._renew()

    def _fill(self) -> None:
        connection, size = self._connection, LOG_BYTES
        (cache,) = connection.execute("PRAGMA cache_size").fetchone()
        connection.execute("PRAGMA cache_size = 16")
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("CREATE TABLE filler (content)")
            connection.execute("INSERT INTO filler VALUES (zeroblob(?))", (size,))
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode not in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY}:
                raise
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            connection.execute(f"PRAGMA cache_size = {cache}")
        self._flush()

    def make_room(self, size: int) -> None:
        """See that a commit of so many bytes can be written back, however full the disk gets.

        Raises NoRoom, and OSError for a bad disk. What the file has free is asked, which takes as
        long as writing a small commit, only when the room might not do without it.
        """
        self._most += size
        if not self._reserve.holds(self._most):
            free = self._ask("freelist_count") * self._page
            self._most = self._size() + max(0, size - free)
            self._reserve.hold(self._most)

    def _renew(self) -> None:
        self._most = self._size()
        self._reserve.renew(self._most)

    def _size(self) -> int:
        """Of the file, with what the log holds for it."""
        return self._ask("page_count") * self._page

    def _ask(self, name: str) -> int:
        (count,) = self._connection.execute(f"PRAGMA {name}").fetchone()
        return int(count)

    def committed(self, size: int) -> None:
        """Count the bytes of a commit, and write the log back before it is full.

        Guessed too high, they cost a checkpoint more; too low, the log grows once. Raises
        sqlite3.OperationalError where the disk failed. On a full disk the log stays as it is;
        nothing is lost.
        """
        self._held += size
        if self._held < FILLED_BYTES:
            return
        try:
            found = self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
                raise
            found = (1, 0, 0)
        busy, held, written = found
        self._renew()
        self._held = FILLED_BYTES - _AGAIN if busy or written < held else 0

    def _flush(self) -> None:
        """Pay for the growth now, not in the first event's commit."""
        if self._file.exists():
            descriptor = os.open(self._file, os.O_RDWR)
            try:
                os.fdatasync(descriptor)
            finally:
                os.close(descriptor)
