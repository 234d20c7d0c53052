"""The one thread that writes.

    loop ──Work──▶ queue ──all that is queued──▶ BEGIN … COMMIT ──one call──▶ loop: waiters resolved

It takes whatever is queued and commits it as one: alone an event waits for nobody, a hundred share
one flush. Work that nobody waits for (a cursor) rides along, or is written after a second. On a
full disk the work is held and tried again each second; after any other error nothing is written
any more, because after a failed fsync SQLite and the kernel may disagree on what is on disk.
"""

import logging
import shutil
import sqlite3
import threading
import time
from asyncio import Future
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

from peewee import SqliteDatabase

from edge.journal import wal
from edge.journal.opening import plain

Row = tuple[str, str, str | None, int, str, str, float, bytes]

_EVENT = "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_MEMORY = "INSERT INTO memory VALUES (?, ?) ON CONFLICT DO UPDATE SET data = excluded.data"
_CURSOR = "INSERT INTO progress VALUES (?, ?) ON CONFLICT DO UPDATE SET cursor = excluded.cursor"
_PARKED = "INSERT INTO parked VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET reason = excluded.reason"

_PATIENCE = 1.0
"""Seconds that a cursor waits for company, and between two tries on a full disk."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be committed together. Without a waiter it may wait for other work."""

    waiter: "Future[int] | None" = None
    rows: Sequence[Row] = ()
    memory: tuple[str, bytes] | None = None
    cursor: tuple[str, int] | None = None
    parked: Sequence[tuple[str, int, str]] = ()


class Writer(threading.Thread):
    """Owns the connection from `start` on and closes it at its end.

    `committed(works)` tells what is on disk now; `failed(error, works)` what never will be, at most
    once and last.
    Both are called in this thread. `trouble` is what holds the writing up at this moment, or None.
    """

    def __init__(
        self,
        database: SqliteDatabase,
        last: int,
        committed: Callable[[list[Work]], None],
        failed: Callable[[Exception, list[Work]], None],
    ) -> None:
        super().__init__(name="journal-writer", daemon=True)
        self.trouble: str | None = None
        self.queue: SimpleQueue[Work | None] = SimpleQueue()
        self._database = database
        self._path = Path(database.database)
        self._last = last
        self._committed = committed
        self._failed = failed
        self._held: list[Work] = []
        self._ending = False

    def run(self) -> None:
        connection = plain(self._database)
        try:
            wal.grow(connection, self._path)
            while not self._ending:
                self._gather()
                self._write(connection)
            if self._held:
                self._failed(OSError(self.trouble), self._held)
        except Exception as error:  # noqa: BLE001 - whatever it is, no event may seem written
            self._failed(error, self._held)
        finally:
            self._database.close()

    def _gather(self) -> None:
        """Wait until something has to be written, and take all that is queued."""
        deadline = time.monotonic() + _PATIENCE if self._held else None
        urgent = False
        while not (urgent and self.trouble is None):
            patience = None if deadline is None else max(0.0, deadline - time.monotonic())
            try:
                work = self.queue.get(timeout=patience)
                while work is not None:
                    self._held.append(work)
                    urgent = urgent or work.waiter is not None
                    work = self.queue.get_nowait()
            except Empty:
                if deadline is not None and time.monotonic() >= deadline:
                    return
                deadline = deadline or time.monotonic() + _PATIENCE
            else:
                self._ending = True
                return

    def _write(self, connection: sqlite3.Connection) -> None:
        works = self._held
        rows = [row for work in works for row in work.rows]
        try:
            connection.execute("BEGIN IMMEDIATE")
            _insert(connection, works, rows, self._last + 1)
            connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self._bear(error)
            return
        self._last += len(rows)
        self._held = []
        if self.trouble is not None:
            _log.warning("The journal is written again: %d waiting events are on disk", len(rows))
            self.trouble = None
        self._committed(works)

    def _bear(self, error: sqlite3.OperationalError) -> None:
        """Note what passes by itself, log it once; anything else goes up."""
        if error.sqlite_errorcode in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE}:
            free = shutil.disk_usage(self._path.parent).free
            trouble = (
                f"the disk of {self._path} is full ({free // 1024} KiB free): free space on it; "
                "events wait and none is lost"
            )
        elif error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            trouble = (
                f"another program holds {self._path} locked: end it; events wait and none is lost"
            )
        else:
            raise error
        if self.trouble is None:
            _log.error("The journal cannot be written: %s", trouble)
        self.trouble = trouble


def _insert(connection: sqlite3.Connection, works: list[Work], rows: list[Row], first: int) -> None:
    """Of several memories of a device, or cursors of a destination, the last one counts."""
    if rows:
        connection.executemany(_EVENT, ((first + n, *row) for n, row in enumerate(rows)))
    if memories := dict(work.memory for work in works if work.memory):
        connection.executemany(_MEMORY, memories.items())
    if cursors := dict(work.cursor for work in works if work.cursor):
        connection.executemany(_CURSOR, cursors.items())
    if parked := [line for work in works for line in work.parked]:
        connection.executemany(_PARKED, parked)
