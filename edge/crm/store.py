"""The reference CRM's memory: one SQLite file, written before anything is answered.

    event  every event ever judged, once, with its raw JSON; `reason` tells why it was refused
    call   for each call_id the event that is its truth: the one with the highest sequence
    tally  one row of counters, so that they survive a restart with the rest
    command  what boxes are to do; see commands.py

The first verdict on an id stands: a repeat neither changes what is stored nor what is answered.
One thread does all, so requests queue behind each other's fsync, and readers see whole commits.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

from edge.crm.contract import Answer, Batch, Rejection
from edge.crm.enrolment import Register

SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS event (
    received INTEGER PRIMARY KEY,
    journal TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    call_id TEXT,
    reason TEXT,
    raw BLOB NOT NULL,
    UNIQUE (journal, sequence)
) STRICT;
CREATE INDEX IF NOT EXISTS refused ON event (journal, sequence) WHERE reason IS NOT NULL;
CREATE TABLE IF NOT EXISTS call (
    call_id TEXT PRIMARY KEY,
    journal TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    received INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tally (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    received INTEGER NOT NULL,
    stored INTEGER NOT NULL,
    duplicates INTEGER NOT NULL,
    rejected INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS command (
    seq INTEGER PRIMARY KEY,
    box TEXT NOT NULL,
    id TEXT NOT NULL UNIQUE,
    payload BLOB NOT NULL,
    acknowledged INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT OR IGNORE INTO tally VALUES (1, 0, 0, 0, 0);
"""
KEEP = "INSERT OR IGNORE INTO event (journal, sequence, call_id, reason, raw) VALUES (?,?,?,?,?)"
# A call_id lives in one journal. Should it come from a second one all the same (a box whose
# database was lost), their sequences do not compare, and what came last is believed.
FOLLOW = """
INSERT INTO call (call_id, journal, sequence, received)
SELECT call_id, journal, sequence, received FROM event
WHERE received > ? AND reason IS NULL AND call_id IS NOT NULL ORDER BY received
ON CONFLICT (call_id) DO UPDATE SET
    journal = excluded.journal, sequence = excluded.sequence, received = excluded.received
WHERE excluded.journal <> journal OR excluded.sequence > sequence
"""
REFUSED = """
SELECT sequence, reason FROM event
WHERE reason IS NOT NULL AND journal = ? AND sequence BETWEEN ? AND ?
"""
COUNT = """
UPDATE tally SET received = received + ?, stored = stored + ?,
    duplicates = duplicates + ?, rejected = rejected + ?
"""
# CROSS JOIN holds SQLite to this order: walk back from the newest event, stop at the limit.
TRUTH = """
SELECT event.received, raw FROM event CROSS JOIN call
    ON call.call_id = event.call_id AND call.received = event.received
WHERE event.received > ? ORDER BY event.received DESC LIMIT ?
"""

T = TypeVar("T")
LOCK_SECONDS = 1.0  # how long to wait for somebody who writes into the file by hand


class Stats(Struct, frozen=True):
    """Counters since the store was made.

    received = stored + duplicates + rejected. `stored` and `rejected` count each event once (but
    those without a box's id each time), `duplicates` counts every repeat of either. `calls` is the
    number of distinct call_ids.
    """

    received: int
    stored: int
    duplicates: int
    rejected: int
    calls: int


class Stored(Struct, frozen=True):
    """An event as one line of JSON, and its place in the order of arrival."""

    received: int
    json: bytes


class Store:
    """Open with `await Store.open(directory)`. All methods may raise sqlite3.Error."""

    def __init__(self, thread: ThreadPoolExecutor, connection: sqlite3.Connection) -> None:
        self._thread = thread
        self._connection = connection
        self._register = Register(connection)
        self._appended = asyncio.Event()

    @classmethod
    async def open(cls, directory: Path) -> "Store":
        """Make the directory and the file where missing. Raises OSError, sqlite3.Error."""
        thread = ThreadPoolExecutor(1, "crm-store")
        try:
            run = asyncio.get_running_loop().run_in_executor
            return cls(thread, await run(thread, _connect, directory))
        except BaseException:
            thread.shutdown(wait=False)
            raise

    async def append(self, batch: Batch) -> Answer:
        """Return when the batch is on disk; the answer is the same at every repeat."""
        answer = await self._run(lambda: self._append(batch))
        self._appended.set()
        self._appended = asyncio.Event()
        return answer

    @property
    def appended(self) -> asyncio.Event:
        """Set at the next append. Take it before reading, so that nothing falls in between."""
        return self._appended

    async def register(self, job: Callable[[Register], T]) -> T:
        """Return when what the job did to the register is on disk; nothing of it if it raises."""

        def work() -> T:
            with self._connection:
                self._connection.execute("BEGIN IMMEDIATE")
                return job(self._register)

        return await self._run(work)

    async def stats(self) -> Stats:
        return await self._run(self._stats)

    async def calls(self, limit: int, after: int = 0) -> list[Stored]:
        """Return the newest `limit` calls whose truth came in after place `after`, newest first."""
        return await self._rows(TRUTH, after, limit)

    async def events(self, after: int, limit: int) -> list[Stored]:
        """Return taken events that came in after place `after`, oldest first."""
        sql = "SELECT received, raw FROM event WHERE received > ? AND reason IS NULL"
        return await self._rows(sql + " ORDER BY received LIMIT ?", after, limit)

    async def use(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Do something else in this file, in its thread."""
        return await self._run(lambda: job(self._connection))

    async def close(self) -> None:
        await self._run(self._connection.close)
        self._thread.shutdown()

    async def _run(self, job: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, job)

    async def _rows(self, sql: str, after: int, limit: int) -> list[Stored]:
        def read() -> list[Stored]:
            rows = self._connection.execute(sql, (after, limit))
            return [Stored(received, msgspec.json.format(raw, indent=-1)) for received, raw in rows]

        return await self._run(read)

    def _append(self, batch: Batch) -> Answer:
        execute = self._connection.execute
        with self._connection:
            execute("BEGIN IMMEDIATE")
            (before,) = execute("SELECT coalesce(max(received), 0) FROM event").fetchone()
            fresh = self._connection.executemany(KEEP, batch.verdicts).rowcount
            if fresh > 0:
                execute(FOLLOW, (before,))
            span = batch.range
            refused = dict(execute(REFUSED, (span.journal, span.first, span.last)))
            self._count(batch, max(fresh, 0), before)
        rejected = [
            Rejection(f"{span.journal}-{sequence}", refused[sequence])
            for sequence in dict.fromkeys(verdict.sequence for verdict in batch.verdicts)
            if sequence in refused
        ]
        through = max((verdict.sequence for verdict in batch.verdicts), default=span.last)
        return Answer(through, rejected + batch.unkept)

    def _count(self, batch: Batch, fresh: int, before: int) -> None:
        sql = "SELECT count(*) FROM event WHERE received > ? AND reason IS NOT NULL"
        (refused,) = self._connection.execute(sql, (before,)).fetchone()
        total, unkept = len(batch.verdicts), len(batch.unkept)
        counts = (total + unkept, fresh - refused, total - fresh, refused + unkept)
        self._connection.execute(COUNT, counts)

    def _stats(self) -> Stats:
        sql = """SELECT received, stored, duplicates, rejected, (SELECT count(*) FROM call)
                 FROM tally"""
        return Stats(*self._connection.execute(sql).fetchone())


def _connect(directory: Path) -> sqlite3.Connection:
    directory.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(
        directory / "crm.sqlite",
        timeout=LOCK_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        connection.executescript(SCHEMA)
    except BaseException:
        connection.close()
        raise
    return connection
