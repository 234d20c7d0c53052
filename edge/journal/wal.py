"""Gives the write-ahead log its full size before the first event comes.

While the log file grows, each commit costs two flushes and some 12 KB of flash; once it has its
size and is only written over, one flush and 6 KB. So a transaction fills it and is rolled back:
the pages were spilled to the log, never reach the database, and the file keeps its size.
"""

import os
import sqlite3
from pathlib import Path

_PAGES = 1000
"""SQLite's own wal_autocheckpoint: from here on it begins again at the log's start."""

_FRAME = 4096 + 24


def grow(connection: sqlite3.Connection, path: Path) -> None:
    """Make the log as large as it gets, on disk, unless it is. A full disk leaves it smaller."""
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size >= _PAGES * 4096:
        return
    (cache,) = connection.execute("PRAGMA cache_size").fetchone()
    connection.execute("PRAGMA cache_size = 16")
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("CREATE TABLE filler (content)")
        connection.execute("INSERT INTO filler VALUES (zeroblob(?))", (_PAGES * 4096,))
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode not in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY}:
            raise
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        connection.execute(f"PRAGMA cache_size = {cache}")
    _flush(log)


def _flush(log: Path) -> None:
    """Pay for the growth now, not in the first event's commit."""
    if log.exists():
        descriptor = os.open(log, os.O_RDWR)
        try:
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)
