"""The one thread that writes.

    loop ──Work──▶ queue ──all that is queued──▶ BEGIN … COMMIT ──one call──▶ loop: waiters resolved

It takes whatever is queued and commits it as one: alone an event waits for nobody, a hundred share
one flush. Positions, which nobody waits for, wait themselves: for a commit that writes what a
destination wants saved at once, for their number of events, for a minute, or for the end. On a full
disk events are held and tried again each second, but positions are saved and old history goes all
the same; after any other error nothing is written any more, because after a failed fsync SQLite and
the kernel may disagree on what is on disk. When nobody has written for a while, old history goes, a
few events at a time.
"""

import logging
import math
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue

from edge.journal import migration
from edge.journal.alone import Alone
from edge.journal.connecting import plain
from edge.journal.flushes import Flushes
from edge.journal.history import BATCH, Retention, prune
from edge.journal.opening import Opened
from edge.journal.records import Position
from edge.journal.reserve import NoRoom
from edge.journal.wal import FILLED_BYTES, Log
from edge.journal.work import Work, insert, logged, part

_PATIENCE = 60.0
_REPEATS = 1000
"""For so many seconds and so many events a position waits for company: a commit of its own costs a
flush, one that it rides on a page, and what is sent again after a power cut is known again."""

_AGAIN = 1.0
"""Seconds between two tries on a full disk."""

_DROPPED = 900
"""Bytes in the log for an event that is dropped."""

_QUIET = 0.05
_LOOK = 60.0
"""Seconds without work before the next old events go, and between two looks for such."""

_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE}
_PASSING = {*_FULL, sqlite3.SQLITE_BUSY}

_log = logging.getLogger(__name__)


_WAKE = Work()  # nothing to write: only ends the waiting for something


class Writer(threading.Thread):
    """Owns the connection from `start` on and closes it at its end.

    `committed(works)` tells what is on disk now; `failed(error, works)` what never will be, at most
    once and last. Both are called in this thread. `trouble` is what holds the writing up at this
    moment, or None, and `full` whether that is a full disk. `flushes` tells how long its commits
    took. `copies` are files that go after a day's run. `alone` is done when nothing is to write.
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
        self.alone = Alone()
        self.queue: SimpleQueue[Work | None] = SimpleQueue()
        self._database = opened.database
        self._path = Path(opened.database.database)
        self._file = opened.lock
        self._last = self._opened_last = opened.last
        self._committed = committed
        self._failed = failed
        self._held: list[Work] = []
        self._moved: dict[str, Work] = {}
        self._saved = dict(opened.positions)
        self._save_at = math.inf
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
        again = time.monotonic() + _AGAIN if self._held else 0.0
        while not self._ending:
            now = time.monotonic()
            if now >= self._save_at:
                self._hold_positions()
            if self._held and now >= again:
                return
            idle = max(self._look_at, now + _QUIET)
            until = again if self._held else min(self._save_at, idle)
            try:
                work = self.queue.get(timeout=max(0.0, until - now))
                while work is not None:
                    self._take(work)
                    work = self.queue.get_nowait()
            except Empty:
                if not self._held and time.monotonic() >= idle:
                    return
            else:
                self._ending = True
                self._hold_positions()

    def _take(self, work: Work) -> None:
        """Hold it, or let it wait if it is a position that nobody waits for."""
        if work is _WAKE:
            self._save_at = 0.0
        elif work.waiter is not None:
            self._held.append(work)
            if work.position is not None:
                self._moved.pop(work.position[0], None)
            if work.position is not None or work.notes:
                self._save_at = 0.0
        elif work.position is not None:
            name, position = work.position
            self._moved[name] = work
            self._save_at = min(self._save_at, time.monotonic() + _PATIENCE)
            if self._saved.get(name, Position()).pending(0) - position.pending(0) >= _REPEATS:
                self._save_at = 0.0

    def _hold_positions(self) -> None:
        self._held += self._moved.values()
        self._moved.clear()
        self._save_at = math.inf

    def _write(self, connection: sqlite3.Connection) -> None:
        """Commit what is held, in parts that the log can take."""
        waited = 0
        while self._held:
            works, size = part(self._held)
            try:
                self._commit(connection, works, size)
            except (sqlite3.OperationalError, NoRoom) as error:
                if isinstance(error, NoRoom) and self._make_do(connection):
                    continue
                self._bear(error)
                return
            waited += self._told(works, size)
        if self.trouble is not None:
            _log.warning("The journal is written again: %d waiting events are on disk", waited)
            self.trouble = None
            self.full = False

    def _make_do(self, connection: sqlite3.Connection) -> bool:
        """On a full disk: save the positions, which take no room, and give old history up.

        Whether some went.
        """
        self._hold_positions()
        moved = [work for work in self._held if work.position and work.waiter is None]
        if moved:
            try:
                self._try(connection, moved)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode not in _PASSING:
                    raise
                return False
            self._told(moved, logged(moved))
        return self._tidy(connection)

    def _told(self, works: list[Work], size: int) -> int:
        """Tell that these are on disk; how many events they hold. size: see `logged`."""
        rows = sum(len(work.rows) for work in works)
        self._last += rows
        self._saved.update(work.position for work in works if work.position)
        done = set(map(id, works))
        self._held = [work for work in self._held if id(work) not in done]
        self._committed(works)
        self._log.committed(size + self._settled())
        return rows

    def _commit(self, connection: sqlite3.Connection, works: list[Work], size: int) -> None:
        """On a full disk once more with the log written back, because it cannot grow there."""
        try:
            self._log.make_room(size)
            self._try(connection, works)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode not in _FULL:
                raise
            self._log.committed(FILLED_BYTES)
            self._log.make_room(size)
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
        self.alone.run(connection, self._log)
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
                self._log.committed(FILLED_BYTES)
            return False
        if more:
            self._look_at = 0.0
            self._log.committed(BATCH * _DROPPED)
        return more

    def _settled(self) -> int:
        """So many bytes more make a checkpoint come now, if one was asked for."""
        asked, self._settling = self._settling, False
        return FILLED_BYTES if asked else 0

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
