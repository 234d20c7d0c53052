"""The reference CRM's memory: one SQLite file, written before anything is answered.

One thread does all, each job in a transaction of its own, so requests queue behind each other's
fsync, and readers see whole commits. The tables stand with what they are for: event, call and tally
in events.py, box, claim and guess in boxes.py, command and result in commands.py, receipt in
receipts.py.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from aiohttp import web

T = TypeVar("T")
LOCK_SECONDS = 1.0  # how long to wait for somebody who writes into the file by hand


class Bell:
    """Wakes all who wait. over: the server ends, and nobody is to wait any more."""

    def __init__(self) -> None:
        self.next = asyncio.Event()
        self.over = False

    def ring(self) -> None:
        self.next.set()
        self.next = asyncio.Event()

    async def wait(self, news: asyncio.Event, seconds: float) -> None:
        """Until `news` is set: take it from `next` before looking, so that nothing is missed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(0 if self.over else seconds):
                await news.wait()


class Store:
    """The file in use. What is done in it may raise sqlite3.Error."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self.appended, self.ordered = Bell(), Bell()
        self._database = database
        self._thread = ThreadPoolExecutor(1, "crm-store")

    async def do(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Return when all that the job did is on disk; nothing of it if it raises."""
        return await self._run("BEGIN IMMEDIATE", job)

    async def look(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """The same for a job that only reads: it waits for no writer."""
        return await self._run("BEGIN", job)

    async def let_go(self, _: web.Application) -> None:
        """End all waiting: the server ends."""
        for bell in (self.appended, self.ordered):
            bell.over = True
            bell.ring()

    async def close(self, _: web.Application) -> None:
        await asyncio.to_thread(self._thread.shutdown)
        self._database.close()

    async def _run(self, begin: str, job: Callable[[sqlite3.Connection], T]) -> T:
        def work() -> T:
            with self._database as database:
                database.execute(begin)
                return job(database)

        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


STORE = web.AppKey("store", Store)


def connect(folder: Path, schema: str) -> sqlite3.Connection:
    """Make folder, file and tables where missing. Raises OSError, sqlite3.Error."""
    folder.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(
        folder / "crm.sqlite", LOCK_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        database.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; {schema}")
    except BaseException:
        database.close()
        raise
    return database


def json_of(sql: str, db: sqlite3.Connection) -> bytes:
    """What a question that asks for JSON is answered with."""
    return str(db.execute(sql).fetchone()[0]).encode()
