"""The journal: one SQLite file that is queue and history at once.

    append ──▶ writer thread ──commit──▶ append returns; changed() wakes ──▶ read ──▶ forwarder
                                                                  advance / park ◀── destination

Nothing is acknowledged to anybody before its commit returned. Sequences are gap-free and rising,
given at the commit. A journal belongs to the event loop in which it was opened.
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from queue import Empty
from typing import NoReturn, Self, TypeVar, cast

from peewee import SqliteDatabase

from edge.journal import models
from edge.journal.opening import Opened, connect, open_file, plain
from edge.journal.records import JournalFailed, JournalUnusable, Parked, Sealed, Stored
from edge.journal.writer import Row, Work, Writer

__all__ = ["Journal", "JournalFailed", "JournalUnusable", "Parked", "Sealed", "Stored"]

T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_READ = (
    "SELECT sequence, device, type, subject, time, timequality, boot, monotonic, data"
    " FROM event WHERE sequence > ? ORDER BY sequence LIMIT ?"
)


class Journal:
    """Open it with `Journal.open`; every method belongs to the loop's thread.

    id: 8 hex digits, new with every database. box: 12 hex digits, this box's. last: the highest
    sequence on disk, 0 if none.
    """

    def __init__(self, path: Path, opened: Opened) -> None:
        self.id = opened.journal
        self.box = opened.box
        self.last = opened.last
        self._lock = opened.lock
        self._memories = opened.memories
        self._cursors = opened.cursors
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._failure: JournalFailed | None = None
        self._closed = False
        self._reader = connect(path)
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="journal-reader")
        self._writer = Writer(
            opened.database,
            opened.last,
            lambda works: self._tell(self._on_commit, works),
            lambda error, works: self._tell(self._on_failure, error, works),
        )
        self._writer.start()

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Create or open the file. Raises JournalUnusable; never changes a file it refuses."""
        return cls(path, await asyncio.to_thread(open_file, path))

    @property
    def trouble(self) -> str | None:
        """What holds the writing up now and what to do about it; None if all is well."""
        return self._writer.trouble

    async def append(
        self, events: Sequence[Sealed], memory: tuple[str, bytes] | None = None
    ) -> int:
        """Return the last sequence when events and (device, memory) are on disk in one commit.

        Waits as long as the disk is full. Raises JournalFailed. Cancelled, it may still be written.
        """
        if not events and memory is None:
            return self.last
        waiter = self._loop.create_future()
        return await self._commit(Work(waiter, [_row(event) for event in events], memory))

    def memory(self, device: str) -> bytes:
        """What was last committed for the device, b"" if nothing."""
        return self._memories.get(device, b"")

    async def changed(self, after: int, seconds: float | None = None) -> bool:
        """Wait until `last` is above `after`; False if it still is not after `seconds`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.last <= after:
                    self._check()
                    await self._news.wait()
        return self.last > after

    async def read(self, after: int, limit: int = 500, max_bytes: int = 1 << 20) -> list[Stored]:
        """Events above `after`, in order: at least one, up to `limit` and `max_bytes` of data."""
        return await self._query(partial(_read, after=after, limit=limit, max_bytes=max_bytes))

    def cursor(self, destination: str) -> int:
        """The sequence up to which the destination is done, 0 for a new one."""
        return self._cursors.get(destination, 0)

    def pending(self, destination: str) -> int:
        """How many sequences the destination still has before it."""
        return self.last - self.cursor(destination)

    def advance(self, destination: str, cursor: int) -> None:
        """Move the cursor; saved with the next commit, or after one second."""
        self._check()
        self._cursors[destination] = cursor
        self._writer.queue.put(Work(cursor=(destination, cursor)))

    async def park(self, destination: str, parked: Sequence[tuple[int, str]], cursor: int) -> None:
        """Save refusals for good, as (sequence, reason), and the cursor in one commit, at once."""
        lines = [(destination, sequence, reason) for sequence, reason in parked]
        waiter = self._loop.create_future()
        await self._commit(Work(waiter, cursor=(destination, cursor), parked=lines))
        self._cursors[destination] = cursor

    async def parked(self, destination: str) -> list[Parked]:
        """What the destination refused for good, by sequence."""
        return await self._query(partial(_parked, destination=destination))

    async def watch(self) -> NoReturn:
        """Wait for the end: raises JournalFailed when the disk lied. Then end the process."""
        while self._failure is None:
            await self._news.wait()
        raise self._failure

    async def close(self) -> None:
        """Write what is queued, with the cursors, and give the file back; harmless twice."""
        if self._closed:
            return
        self._closed = True
        self._writer.queue.put(None)
        await asyncio.to_thread(self._writer.join)
        await self._loop.run_in_executor(self._reading, self._reader.close)
        self._reading.shutdown()
        os.close(self._lock)

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._closed:
            raise JournalFailed("The journal is closed.")

    async def _commit(self, work: Work) -> int:
        self._check()
        self._writer.queue.put(work)
        return await cast("asyncio.Future[int]", work.waiter)

    async def _query(self, query: Callable[[SqliteDatabase], T]) -> T:
        self._check()
        return await self._loop.run_in_executor(self._reading, query, self._reader)

    def _tell(self, call: Callable[..., None], *given: object) -> None:
        """From the writer's thread to the loop; a loop that has ended has nobody waiting."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(call, *given)

    def _on_commit(self, works: list[Work]) -> None:
        for work in works:
            self.last += len(work.rows)
            if work.memory is not None:
                self._memories[work.memory[0]] = work.memory[1]
            if work.waiter is not None and not work.waiter.done():
                work.waiter.set_result(self.last)
        self._wake()

    def _on_failure(self, error: Exception, works: list[Work]) -> None:
        self._failure = JournalFailed(f"The journal cannot be written any more: {error}")
        self._failure.__cause__ = error
        with suppress(Empty):
            while work := self._writer.queue.get_nowait():
                works.append(work)
        for work in works:
            if work.waiter is not None and not work.waiter.done():
                work.waiter.set_exception(self._failure)
        self._wake()

    def _wake(self) -> None:
        self._news.set()  # wakes all who wait at this moment …
        self._news.clear()  # … and lets the next ones wait


def _row(event: Sealed) -> Row:
    if event.subject is not None:
        event.subject.encode()  # text that is no Unicode fails here, at its sender's
    microseconds = (event.time - _EPOCH) // _MICROSECOND
    return (
        event.device,
        event.type,
        event.subject,
        microseconds,
        event.timequality,
        event.boot,
        event.monotonic,
        event.data,
    )


def _read(database: SqliteDatabase, after: int, limit: int, max_bytes: int) -> list[Stored]:
    events: list[Stored] = []
    size = 0
    with closing(plain(database).execute(_READ, (after, limit))) as rows:
        for sequence, device, kind, subject, time, quality, boot, monotonic, data in rows:
            size += len(data)
            if events and size > max_bytes:
                break
            events.append(
                Stored(
                    sequence=sequence,
                    device=device,
                    type=kind,
                    subject=subject,
                    time=_EPOCH + time * _MICROSECOND,
                    timequality=quality,
                    boot=boot,
                    monotonic=monotonic,
                    data=data,
                )
            )
    return events


def _parked(database: SqliteDatabase, destination: str) -> list[Parked]:
    table = models.Parked
    query = table.select(table.sequence, table.reason).where(table.destination == destination)
    return [Parked(*row) for row in query.order_by(table.sequence).tuples().execute(database)]
