"""The one thread that writes.

    loop ──Work──▶ queue ──all that is queued──▶ BEGIN … COMMIT ──one call──▶ loop: waiters resolved

It takes whatever is queued and commits it as one: alone an event waits for nobody, a hundred share
one flush. Work that nobody waits for (a position) rides along, or is written after a second. On a
full disk the work is held and tried again each second; after any other error nothing is written
any more, because after a failed fsync SQLite and the kernel may disagree on what is on disk.
When nobody has written for a while, old history goes, a few events at a time.
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

from edge.journal import migration
from edge.journal.connecting import plain
from edge.journal.flushes import Flushes
from edge.journal.history import BATCH, Retention, prune
from edge.journal.records import Position
from edge.journal.rows import INSERT, Row
from edge.journal.wal import PAGES, Log

_MEMORY = "INSERT INTO memory VALUES (?, ?) ON CONFLICT DO UPDATE SET data = excluded.data"
_POSITION = (
    "INSERT INTO progress VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET cursor = excluded.cursor,"
    " live_first = excluded.live_first, live_last = excluded.live_last"
)
_PARKED = "INSERT INTO parked VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET reason = excluded.reason"

_NOTE = "INSERT INTO note VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET data = excluded.data"
_FORGET = "DELETE FROM note WHERE destination = ? AND key = ?"

_PATIENCE = 1.0
"""Seconds that a position waits for company, and between two tries on a full disk."""

_FILLED = 3300
"""Bytes of events that a page takes at least."""

_QUIET = 0.05
_LOOK = 60.0
"""Seconds without work before the next old events go, and between two looks for such."""

_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be committed together. Without a waiter it may wait for other work."""

    waiter: "Future[int] | None" = None
    rows: Sequence[Row] = ()
    memory: tuple[str, bytes] | None = None
    position: tuple[str, Position] | None = None
    parked: Sequence[tuple[str, int, str]] = ()
    notes: Sequence[tuple[str, str, bytes | None]] = ()


_WAKE = Work()
"""Nothing to write: only ends the waiting for something."""


class Writer(threading.Thread):
    """Owns the connection from `start` on and closes it at its end.

    `committed(works)` tells what is on disk now; `failed(error, works)` what never will be, at most
    once and last. Both are called in this thread. `trouble` is what holds the writing up at this
    moment, or None, and `full` whether that is a full disk. `flushes` tells how long its commits
    took. `copies` are files that go after a day's run.
    """

    def __init__(
        self,
        database: SqliteDatabase,
        last: int,
        committed: Callable[[list[Work]], None],
        failed: Callable[[Exception, list[Work]], None],
        copies: Sequence[Path] = (),
    ) -> None:
        super().__init__(name="journal-writer", daemon=True)
        self.trouble: str | None = None
        self.full = False
        self.flushes = Flushes()
        self.queue: SimpleQueue[Work | None] = SimpleQueue()
        self._database = database
        self._path = Path(database.database)
        self._last = last
        self._committed = committed
        self._failed = failed
        self._held: list[Work] = []
        self._ending = False
        self._copies = copies
        self._opened_last = last
        self._proved_at = time.monotonic() + migration.PROVED_SECONDS
        self._retention: Retention | None = None
        self._settling = False
        self._look_at = time.monotonic() + _LOOK
        self._log: Log

    def retain(self, retention: Retention) -> None:
        """Let old history go from now on; called in the loop's thread."""
        self._retention = retention
        self._look_at = 0.0
        self.queue.put(_WAKE)

    def settle(self) -> None:
        """Write the log back at once, while there is room; called in the loop's thread."""
        self._settling = True
        self._look_at = 0.0
        self.queue.put(_WAKE)

    def run(self) -> None:
        connection = plain(self._database)
        try:
            self._log = Log(connection, self._path)
            self._log.grow()
            while not self._ending:
                self._gather()
                if self._held:
                    self._write(connection)
                elif not self._ending:
                    self._tidy(connection)
            if self._held:
                self._failed(OSError(self.trouble), self._held)
        except Exception as error:  # noqa: BLE001 - whatever it is, no event may seem written
            self._failed(error, self._held)
        finally:
            self._database.close()

    def _gather(self) -> None:
        """Wait until something has to be written, and take all that is queued.

        Nothing, when it is time to tidy up.
        """
        deadline = time.monotonic() + _PATIENCE if self._held else None
        urgent = False
        while not (urgent and self.trouble is None):
            until = max(self._look_at, time.monotonic() + _QUIET) if deadline is None else deadline
            patience = max(0.0, until - time.monotonic())
            try:
                work = self.queue.get(timeout=patience)
                while work is not None:
                    if work is not _WAKE:
                        self._held.append(work)
                    urgent = urgent or work.waiter is not None
                    work = self.queue.get_nowait()
            except Empty:
                if not self._held or (deadline is not None and time.monotonic() >= deadline):
                    return
                deadline = deadline or time.monotonic() + _PATIENCE
            else:
                self._ending = True
                return

    def _write(self, connection: sqlite3.Connection) -> None:
        works = self._held
        rows = [row for work in works for row in work.rows]
        try:
            self._commit(connection, works, rows)
        except sqlite3.OperationalError as error:
            self._bear(error)
            return
        self._last += len(rows)
        self._held = []
        if self.trouble is not None:
            _log.warning("The journal is written again: %d waiting events are on disk", len(rows))
            self.trouble = None
            self.full = False
        self._committed(works)
        self._log.committed(_pages(works) + self._settled())

    def _commit(self, connection: sqlite3.Connection, works: list[Work], rows: list[Row]) -> None:
        """On a full disk once more with the log written back, because it cannot grow there."""
        try:
            self._try(connection, works, rows)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode not in _FULL:
                raise
            self._log.committed(PAGES)
            self._try(connection, works, rows)

    def _try(self, connection: sqlite3.Connection, works: list[Work], rows: list[Row]) -> None:
        try:
            connection.execute("BEGIN IMMEDIATE")
            _insert(connection, works, rows, self._last + 1)
            begun = time.monotonic()
            connection.execute("COMMIT")
            ended = time.monotonic()
            self.flushes.note(ended - begun, ended)
        except sqlite3.OperationalError:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _tidy(self, connection: sqlite3.Connection) -> None:
        """Drop some old history, and what the last migration left once it is not needed."""
        self._look_at = time.monotonic() + _LOOK
        self._log.committed(self._settled())
        if self._last > self._opened_last and time.monotonic() > self._proved_at:
            for copy in self._copies:
                copy.unlink(missing_ok=True)
            self._copies = ()
        if self._retention is None:
            return
        try:
            connection.execute("BEGIN IMMEDIATE")
            more = prune(connection, self._retention, self._last)
            connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            if error.sqlite_errorcode not in {*_FULL, sqlite3.SQLITE_BUSY}:
                raise
            if error.sqlite_errorcode in _FULL:
                self._log.committed(PAGES)
            return
        if more:
            self._look_at = 0.0
            self._log.committed(2 + BATCH // 5)

    def _settled(self) -> int:
        """So many pages more make a checkpoint come now, if one was asked for."""
        asked, self._settling = self._settling, False
        return PAGES if asked else 0

    def _bear(self, error: sqlite3.OperationalError) -> None:
        """Note what passes by itself, log it once; anything else goes up."""
        self.full = error.sqlite_errorcode in _FULL
        if self.full:
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
    """Of several memories of a device, or positions of a destination, the last one counts."""
    if rows:
        connection.executemany(INSERT, ((first + n, *row) for n, row in enumerate(rows)))
    if memories := dict(work.memory for work in works if work.memory):
        connection.executemany(_MEMORY, memories.items())
    if positions := dict(work.position for work in works if work.position):
        moved = ((name, at.cursor, *(at.live or (None, None))) for name, at in positions.items())
        connection.executemany(_POSITION, moved)
    if parked := [line for work in works for line in work.parked]:
        connection.executemany(_PARKED, parked)
    for destination, key, data in (note for work in works for note in work.notes):
        if data is None:
            connection.execute(_FORGET, (destination, key))
        else:
            connection.execute(_NOTE, (destination, key, data))


def _pages(works: list[Work]) -> int:
    """How many pages a commit writes to the log, rather too many than too few."""
    rows = sum(len(work.rows) + len(work.parked) + len(work.notes) for work in works)
    size = sum(len(row[-1]) for work in works for row in work.rows)
    size += sum(len(work.memory[1]) for work in works if work.memory)
    tables = any(work.memory for work in works) + any(work.position for work in works)
    return 2 + tables + rows // 20 + size // _FILLED
