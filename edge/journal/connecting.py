"""Connections to the file: one that writes, one that only looks."""

import sqlite3
from pathlib import Path
from typing import cast

from peewee import SqliteDatabase

FULL = 2
"""PRAGMA synchronous: a commit returns when it is on the disk."""

PAGE = 2048
"""Bytes of a page in a new file: each commit writes whole ones. A file made with others keeps them.
"""


def connect(path: Path) -> SqliteDatabase:
    """One connection, for one thread at a time."""
    pragmas = {"page_size": PAGE, "synchronous": FULL, "cache_size": -256}
    return SqliteDatabase(
        str(path), pragmas=pragmas, timeout=1, thread_safe=False, check_same_thread=False
    )


def plain(database: SqliteDatabase) -> sqlite3.Connection:
    """The connection itself, for what runs for every event."""
    return cast("sqlite3.Connection", database.connection())  # type: ignore[no-untyped-call]


def look(path: Path) -> sqlite3.Connection:
    """A connection that writes nothing but the index of a log, where there is a log."""
    alone = not path.with_name(f"{path.name}-wal").exists()
    uri = f"{path.absolute().as_uri()}?mode=ro" + ("&immutable=1" if alone else "")
    return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
