"""The reference CRM's memory: one SQLite file, written before anything is answered.

    event    every event ever judged, once, with its raw JSON; `reason` tells why it was refused
    call     for each call_id the event that is its truth: the one with the highest sequence
    tally    one row of counters, so that they survive a restart with the rest
    box, claim: boxes.py      command, result: commands.py      receipt: receipts.py

One thread does all, each job in a transaction of its own, so requests queue behind each other's
fsync, and readers see whole commits.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")
LOCK_SECONDS = 1.0  # how long to wait for somebody who writes into the file by hand
PRAGMAS = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"


class Bell:
    """Wakes all who wait. over: the server ends, and nobody is to wait any more."""

    def __init__(self) -> None:
        self.next = asyncio.Event()
        self.over = False

    def ring(self, *, over: bool = False) -> None:
        self.over |= over
        self.next.set()
        self.next = asyncio.Event()

    async def wait(self, news: asyncio.Event, seconds: float) -> None:
        """Until `news` is set: take it from `next` before looking, so that nothing is missed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(0 if self.over else seconds):
                await news.wait()


class Store:
    """Open with `await Store.open(…)`; what is done in it may raise sqlite3.Error."""

    def __init__(self, thread: ThreadPoolExecutor, database: sqlite3.Connection) -> None:
        self.appended = Bell()
        self._thread = thread
        self._database = database

    @classmethod
    async def open(cls, folder: Path, schemas: Sequence[str]) -> "Store":
        """Make folder and file where missing. Raises OSError, sqlite3.Error."""
        thread = ThreadPoolExecutor(1, "crm-store")
        try:
            run = asyncio.get_running_loop().run_in_executor
            return cls(thread, await run(thread, connect, folder, schemas))
        except BaseException:
            thread.shutdown(wait=False)
            raise

    async def do(
        self, job: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **more: P.kwargs
    ) -> T:
        """Return when all that the job did is on disk; nothing of it if it raises."""
        return await self._run("BEGIN IMMEDIATE", lambda: job(self._database, *args, **more))

    async def look(
        self, job: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **more: P.kwargs
    ) -> T:
        """The same for a job that only reads: it waits for no writer."""
        return await self._run("BEGIN", lambda: job(self._database, *args, **more))

    async def _run(self, begin: str, job: Callable[[], T]) -> T:
        def work() -> T:
            with self._database:
                self._database.execute(begin)
                return job()

        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._database.close)
        self._thread.shutdown()


def connect(folder: Path, schemas: Sequence[str]) -> sqlite3.Connection:
    """The file, with the tables of all. Raises OSError, sqlite3.Error."""
    folder.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(
        folder / "crm.sqlite", LOCK_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        database.executescript("".join((PRAGMAS, *schemas)))
    except BaseException:
        database.close()
        raise
    return database


def json_of(db: sqlite3.Connection, sql: str) -> bytes:
    """What a question that asks for JSON is answered with."""
    return str(db.execute(sql).fetchone()[0]).encode()
