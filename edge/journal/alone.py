"""What needs the writer's connection for itself: done between two commits, when nobody writes."""

import sqlite3
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any

from edge.journal.wal import Log

Do = Callable[[sqlite3.Connection], Any]


class Alone:
    """`add` in any thread, `run` in the writer's."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[tuple[Do, Future[Any]]] = SimpleQueue()

    def add(self, do: Do) -> "Future[Any]":
        """What it returns, or raises, comes with the future; it leaves no transaction open."""
        future: Future[Any] = Future()
        self._queue.put((do, future))
        return future

    def run(self, connection: sqlite3.Connection, log: Log) -> None:
        """Do what waits; afterwards the log has its size again."""
        while True:
            try:
                do, future = self._queue.get_nowait()
            except Empty:
                return
            try:
                found = do(connection)
                log.grow()
                future.set_result(found)
            except Exception as error:  # noqa: BLE001 - it is the asker's
                future.set_exception(error)
