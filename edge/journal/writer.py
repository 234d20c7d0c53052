"""The one thread that writes.

    loop ──Work──▶ queue ──all that is queued──▶ BEGIN … COMMIT ──one call──▶ loop: waiters resolved

It takes whatever is queued and commits it as one: alone an event waits for nobody, a hundred share
one flush. Work that nobody waits for (a position) rides along, or is written after a second. On a
full disk events are held and tried again each second, but positions are saved and old history goes
all the same; after any other error nothing is written any more, because after a failed fsync SQLite
and the kernel may disagree on what is on disk. When nobody has written for a while, old history
goes, a few events at a time.
"""

import logging
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue

from edge.journal import migration
from edge.journal.connecting import plain
from edge.journal.flushes import Flushes
from edge.journal.history import BATCH, Retention, prune
from edge.journal.opening import Opened
from edge.journal.reserve import NoRoom
from edge.journal.wal import PAGES, Log
from edge.journal.work import Work, insert, pages, part

_PATIENCE = 1.0
"""Seconds that a position waits for company, and between two tries on a full disk."""

_QUIET = 0.05
_LOOK = 60.0
"""Seconds without work before the next old events go, and between two looks for such."""

_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE}
_PASSING = {*_FULL, sqlite3.SQLITE_BUSY}

_log = logging.getLogger(__name__)


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
        opened: Opened,
        committed: Callable[[list[Work]], None],
        failed: Callable[[Exception, list[Work]], None],
    ) -> None:
        super().__init__(name="journal-writer", daemon=True)
        self.trouble: str | None = None
        self.full = False
        self.flushes = Flushes()
        self.queue: SimpleQueue[Work | None] = SimpleQueue()
        self._database = opened.database
        self._path = Path(opened.database.database)
        self._file = opened.lock
        self._last = self._opened_last = opened.last
        self._committed = committed
        self._failed = failed
        self._held: list[Work] = []
        self._ending = False
        self._copies: Sequence[Path] = opened.copies
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
            self._log = Log(connection, self._path, self._file)
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
        """Commit what is held, in parts that the log can take."""
        waited = 0
        while self._held:
            works = part(self._held)
            try:
                self._commit(connection, works)
            except (sqlite3.OperationalError, NoRoom) as error:
                if isinstance(error, NoRoom) and self._make_do(connection):
                    continue
                self._bear(error)
                return
            waited += self._told(works)
        if self.trouble is not None:
            _log.warning("The journal is written again: %d waiting events are on disk", waited)
            self.trouble = None
            self.full = False

    def _make_do(self, connection: sqlite3.Connection) -> bool:
        """On a full disk: save the positions, which take no room, and give old history up.

        Whether some went.
        """
        moved = [work for work in self._held if work.position and work.waiter is None]
        if moved:
            try:
                self._try(connection, moved)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode not in _PASSING:
                    raise
                return False
            self._told(moved)
        return self._tidy(connection)

    def _told(self, works: list[Work]) -> int:
        """Tell that these are on disk; how many events they hold."""
        rows = sum(len(work.rows) for work in works)
        self._last += rows
        done = set(map(id, works))
        self._held = [work for work in self._held if id(work) not in done]
        self._committed(works)
        self._log.committed(pages(works) + self._settled())
        return rows

    def _commit(self, connection: sqlite3.Connection, works: list[Work]) -> None:
        """On a full disk once more with the log written back, because it cannot grow there."""
        try:
            self._log.make_room(pages(works))
            self._try(connection, works)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode not in _FULL:
                raise
            self._log.committed(PAGES)
            self._log.make_room(pages(works))
            self._try(connection, works)

    def _try(self, connection: sqlite3.Connection, works: list[Work]) -> None:
        try:
            connection.execute("BEGIN IMMEDIATE")
            insert(connection, works, self._last + 1)
            begun = time.monotonic()
            connection.execute("COMMIT")
            ended = time.monotonic()
            self.flushes.note(ended - begun, ended)
        except sqlite3.OperationalError:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _tidy(self, connection: sqlite3.Connection) -> bool:
        """Drop some old history, and what the last migration left once it is not needed.

        Whether more may follow.
        """
        self._look_at = time.monotonic() + _LOOK
        self._log.committed(self._settled())
        if self._last > self._opened_last and time.monotonic() > self._proved_at:
            for copy in self._copies:
                copy.unlink(missing_ok=True)
            self._copies = ()
        if self._retention is None:
            return False
        try:
            connection.execute("BEGIN IMMEDIATE")
            more = prune(connection, self._retention, self._last)
            connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            if error.sqlite_errorcode not in _PASSING:
                raise
            if error.sqlite_errorcode in _FULL:
                self._log.committed(PAGES)
            return False
        if more:
            self._look_at = 0.0
            self._log.committed(2 + BATCH // 5)
        return more

    def _settled(self) -> int:
        """So many pages more make a checkpoint come now, if one was asked for."""
        asked, self._settling = self._settling, False
        return PAGES if asked else 0

    def _bear(self, error: sqlite3.OperationalError | NoRoom) -> None:
        """Note what passes by itself, log it once; anything else goes up."""
        self.full = isinstance(error, NoRoom) or error.sqlite_errorcode in _FULL
        if self.full:
            free = shutil.disk_usage(self._path.parent).free
            trouble = (
                f"the disk of {self._path} is full ({free // 1024} KiB free): free space on it; "
                "events wait and none is lost"
            )
        elif getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
            trouble = (
                f"another program holds {self._path} locked: end it; events wait and none is lost"
            )
        else:
            raise error
        if self.trouble is None:
            _log.error("The journal cannot be written: %s", trouble)
        self.trouble = trouble
