"""The journal: one SQLite file that is queue and history at once.

    append ──▶ writer thread ──commit──▶ append returns; changed() wakes ──▶ read ──▶ forwarder
                                                                  advance / park ◀── destination

Nothing is acknowledged to anybody before its commit returned. Sequences are gap-free and rising,
given at the commit. A journal belongs to the event loop in which it was opened.
"""

import asyncio
import os
import sqlite3
from bisect import bisect_right
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from functools import partial
from operator import itemgetter
from pathlib import Path
from queue import Empty
from typing import NoReturn, Self, TypeVar, cast

from peewee import DatabaseError, SqliteDatabase

from edge.journal import queries
from edge.journal.connecting import connect
from edge.journal.flushes import Flushes
from edge.journal.history import Retention
from edge.journal.inspection import mark_suspect
from edge.journal.opening import Opened, open_file
from edge.journal.questions import Questions
from edge.journal.recent import Recent
from edge.journal.records import (
    History,
    JournalFailed,
    JournalUnusable,
    Parked,
    Position,
    Recovery,
    Sealed,
    Stored,
    TakenIn,
)
from edge.journal.recovery import Tell
from edge.journal.rows import row
from edge.journal.work import Work
from edge.journal.writer import Writer

__all__ = [
    "History",
    "Journal",
    "JournalFailed",
    "JournalUnusable",
    "Parked",
    "Position",
    "Recovery",
    "Sealed",
    "Stored",
]

T = TypeVar("T")


class Journal(Questions):
    """Open it with `Journal.open`; every method belongs to the loop's thread.

    id: 8 hex digits, in the ids of events written now; for older ones ask `origin`. box: 12 hex
    digits, this box's. last: the highest sequence given out, 0 if none. recovered: what was saved
    of a damaged file when this one was opened, else None.
    """

    def __init__(self, path: Path, opened: Opened) -> None:
        self.id = opened.epochs[-1][1]
        self.box, self.last = opened.box, opened.last
        self.recovered = opened.recovered
        self._path = path
        self._epochs, self._taken = opened.epochs, opened.taken
        self._lock = opened.lock
        self._memories = opened.memories
        self._positions = opened.positions
        self._recent = Recent(opened.last)
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._failure: JournalFailed | None = None
        self._closed = False
        self._reader = connect(path)
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="journal-reader")
        self._writer = Writer(
            opened,
            lambda works: self._tell(self._on_commit, works),
            lambda error, works: self._tell(self._on_failure, error, works),
        )
        self._writer.start()

    @classmethod
    async def open(cls, path: Path, tell: Tell | None = None) -> Self:
        """Create or open the file. Raises JournalUnusable; never changes a file it refuses.

        A damaged file is put aside and what can be read of it carried on; the event that `tell`
        makes of this is then the first new one.
        """
        return cls(path, await asyncio.to_thread(open_file, path, tell))

    @property
    def trouble(self) -> str | None:
        """What holds the writing up now and what to do about it; None if all is well."""
        return self._writer.trouble

    @property
    def full(self) -> bool:
        """Whether it is a full disk that holds the writing up now."""
        return self._writer.full

    @property
    def flushes(self) -> Flushes:
        """How long commits took in the last minutes."""
        return self._writer.flushes

    async def append(
        self,
        events: Sequence[Sealed],
        memory: tuple[str, bytes] | None = None,
        notes: Sequence[tuple[str, str, bytes | None]] = (),
    ) -> int:
        """Return the last sequence when all that is given is on disk in one commit.

        memory: (device, memory). notes: (destination, key, data), see `note`. Waits as long as the
        disk is full. Raises JournalFailed. Cancelled, it may still be written.
        """
        if not events and memory is None and not notes:
            return self.last
        rows = [row(event) for event in events]
        return await self._commit(Work(self._loop.create_future(), rows, memory, notes=notes))

    def memory(self, device: str) -> bytes:
        """What was last committed for the device, b"" if nothing."""
        return self._memories.get(device, b"")

    def remembered(self) -> tuple[str, ...]:
        """The names under which something was committed as memory."""
        return tuple(self._memories)

    async def changed(self, after: int, seconds: float | None = None) -> bool:
        """Wait until `last` is above `after`; False if it still is not after `seconds`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.last <= after:
                    self._check()
                    await self._news.wait()
        return self.last > after

    async def read(self, after: int, limit: int = 500, max_bytes: int = 1 << 20) -> list[Stored]:
        """Events above `after`, in order: at least one, up to `limit` and `max_bytes` of data.

        All of them have one `origin`.
        """
        events = await self._query(
            partial(queries.read, after=after, limit=limit, max_bytes=max_bytes)
        )
        if len(self._epochs) > 1 and events:
            epoch = self._epoch(events[0].sequence)
            return [event for event in events if self._epoch(event.sequence) == epoch]
        return events

    async def follow(self, after: int, limit: int, max_bytes: int) -> list[Stored]:
        """`read`, for who has not settled what it asks for: of that nothing leaves the history."""
        self._check()
        recent = self._recent.above(after, limit, max_bytes)
        return await self.read(after, limit, max_bytes) if recent is None else recent

    def origin(self, sequence: int) -> str:
        """The journal id that an event was written with: the first part of its id for good."""
        return self._epochs[self._epoch(sequence)][1]

    def taken(self, sequence: int) -> TakenIn | None:
        """How an event was taken in that is of another box, None for this one's."""
        return self._taken.get(self._epochs[self._epoch(sequence)][0]) if self._taken else None

    def retain(
        self, history: History, destinations: Sequence[str], clock: Callable[[], datetime | None]
    ) -> None:
        """Let delivered history go from now on, a few events at a time when nobody writes.

        Delivered is what all of `destinations` have settled. `clock`: aware UTC, or None while the
        time is not known; asked in another thread.
        """
        self._check()
        self._writer.retain(Retention(history, destinations, clock))

    def settle(self) -> None:
        """Write the log back into the file at once, while the disk has room for what is new."""
        self._writer.settle()

    def position(self, destination: str) -> Position:
        """How far the destination is; a new one is before the first event."""
        return self._positions.get(destination, Position())

    def pending(self, destination: str) -> int:
        """How many sequences the destination still has before it."""
        return self.position(destination).pending(self.last)

    def advance(self, destination: str, position: Position) -> None:
        """Move the position; saved with what is saved at once, after a minute or 1,000 events."""
        self._check()
        self._positions[destination] = position
        self._writer.queue.put(Work(position=(destination, position)))

    async def park(
        self, destination: str, parked: Sequence[tuple[int, str]], position: Position | None
    ) -> None:
        """Save refusals, as (sequence, reason), and the position in one commit, at once.

        Without a position that stays where it is.
        """
        lines = [(destination, sequence, reason) for sequence, reason in parked]
        moved = None if position is None else (destination, position)
        await self._commit(Work(self._loop.create_future(), position=moved, parked=lines))
        if position is not None:
            self._positions[destination] = position

    async def unpark(self, destination: str, sequences: Sequence[int]) -> None:
        """Forget that these were refused; returns when that is on disk."""
        lines = [(destination, sequence) for sequence in sequences]
        await self._commit(Work(self._loop.create_future(), unparked=lines))

    async def note(self, destination: str, notes: Sequence[tuple[str, bytes | None]]) -> None:
        """Save, or with None forget, what the destination must know again, as (key, data).

        Returns when it is on disk.
        """
        lines = [(destination, key, data) for key, data in notes]
        await self._commit(Work(self._loop.create_future(), notes=lines))

    async def _alone(self, do: Callable[[sqlite3.Connection], T]) -> T:
        self._check()
        done = self._writer.alone.add(do)
        self.settle()
        return cast("T", await asyncio.wrap_future(done))

    async def watch(self) -> NoReturn:
        """Wait for the end: raises JournalFailed when the disk lied. Then end the process."""
        while self._failure is None:
            await self._news.wait()
        raise self._failure

    async def close(self) -> None:
        """Write what is queued, with the positions, and give the file back; harmless twice."""
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
        try:
            return await self._loop.run_in_executor(self._reading, query, self._reader)
        except (sqlite3.DatabaseError, DatabaseError) as error:
            self._on_failure(error, [])
            raise cast("JournalFailed", self._failure) from error

    def _epoch(self, sequence: int) -> int:
        return max(0, bisect_right(self._epochs, sequence, key=itemgetter(0)) - 1)

    def _tell(self, call: Callable[..., None], *given: object) -> None:
        """From the writer's thread to the loop; a loop that has ended has nobody waiting."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(call, *given)

    def _on_commit(self, works: list[Work]) -> None:
        for work in works:
            self.last += len(work.rows)
            self._recent.add(work.rows)
            if work.memory is not None:
                self._memories[work.memory[0]] = work.memory[1]
            if work.waiter is not None and not work.waiter.done():
                work.waiter.set_result(self.last)
        self._wake()

    def _on_failure(self, error: Exception, works: list[Work]) -> None:
        self._failure = JournalFailed(f"The journal cannot be used any more: {error}")
        self._failure.__cause__ = error
        mark_suspect(self._path, error)
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
