"""Opens a journal file, or refuses it untouched.

    header (100 bytes)  not SQLite, another program's, of a newer version   ─▶ JournalUnusable
    quick_check         read-only, half a second at most; damaged           ─▶ JournalUnusable
    upgrade             an empty file gets the schema, an old one its steps
    settings            WAL and FULL, read back: without them a power cut loses acknowledged events

The schema is made before WAL mode is set, so that the header of every journal tells what it is.
"""

import fcntl
import os
import shutil
import sqlite3
import threading
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from peewee import DatabaseError, SqliteDatabase, fn

from edge.journal.models import APPLICATION, VERSION, Event, Identity, Memory, Progress, upgrade
from edge.journal.records import JournalUnusable

_MAGIC = b"SQLite format 3\x00"
_FULL = 2
_CHECK_SECONDS = 0.5
_RESTORE = "restore a backup, or move the file away to begin a new journal"


@dataclass(frozen=True, slots=True)
class Opened:
    """`lock` is a file descriptor: close it last, since closing it drops SQLite's own locks."""

    database: SqliteDatabase
    lock: int
    journal: str
    box: str
    last: int
    memories: dict[str, bytes]
    cursors: dict[str, int]


def open_file(path: Path) -> Opened:
    """Create or open the journal. Raises JournalUnusable and leaves such a file as it is."""
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise JournalUnusable(
            f"The journal {path} cannot be opened ({error.strerror}): check the directory and its "
            "rights."
        ) from error
    try:
        _take(lock, path)
        _check(lock, path)
        return _load(connect(path), path, lock)
    except BaseException:
        os.close(lock)
        raise


def connect(path: Path) -> SqliteDatabase:
    """One connection, for one thread at a time."""
    pragmas = {"synchronous": _FULL, "cache_size": -256}
    return SqliteDatabase(
        str(path), pragmas=pragmas, timeout=1, thread_safe=False, check_same_thread=False
    )


def plain(database: SqliteDatabase) -> sqlite3.Connection:
    """The connection itself, for what runs for every event."""
    return cast("sqlite3.Connection", database.connection())  # type: ignore[no-untyped-call]


def _take(lock: int, path: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise JournalUnusable(
            f"The journal {path} is in use by another process of payvand: end that one first."
        ) from error


def _check(lock: int, path: Path) -> None:
    header = os.pread(lock, 100, 0)
    if not header or path.with_name(f"{path.name}-journal").exists():
        return  # a new file, or one whose creation was cut short: SQLite undoes that by itself
    if not header.startswith(_MAGIC):
        raise JournalUnusable(f"{path} is not a journal: move it elsewhere, or {_RESTORE}.")
    if int.from_bytes(header[68:72], "big") != APPLICATION:
        raise JournalUnusable(
            f"{path} is a database of another program: move it elsewhere, or {_RESTORE}."
        )
    try:
        version, damage = _inspect(path)
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            raise _unusable(path, error) from error
        version, damage = 0, str(error)
    if version > VERSION:
        raise JournalUnusable(
            f"The journal {path} has version {version}, written by a newer payvand; this one knows "
            f"{VERSION}: install the newer payvand."
        )
    if damage:
        raise JournalUnusable(f"The journal {path} is damaged ({damage}): {_RESTORE}.")


def _inspect(path: Path) -> tuple[int, str]:
    """The schema's version and what is damaged. Read-only: writes nothing but a log's index."""
    alone = not path.with_name(f"{path.name}-wal").exists()
    uri = f"{path.absolute().as_uri()}?mode=ro" + ("&immutable=1" if alone else "")
    with closing(sqlite3.connect(uri, uri=True, check_same_thread=False)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        limit = threading.Timer(_CHECK_SECONDS, connection.interrupt)
        limit.start()
        try:
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
            found = "ok"  # a large file: sound as far as the time reached
        finally:
            limit.cancel()
            limit.join()
    return version, "" if found == "ok" else " ".join(str(found).split())


def _load(database: SqliteDatabase, path: Path, lock: int) -> Opened:
    try:
        upgrade(database)
        _make_durable(database, path)
        identity = Identity.select().tuples().execute(database)[0]
        last = Event.select(fn.MAX(Event.sequence)).scalar(database) or 0
        memories = dict(Memory.select().tuples().execute(database))
        cursors = dict(Progress.select().tuples().execute(database))
    except (DatabaseError, sqlite3.DatabaseError) as error:
        database.close()
        raise _unusable(path, error) from error
    except BaseException:
        database.close()
        raise
    return Opened(database, lock, identity[1], identity[2], last, memories, cursors)


def _unusable(path: Path, error: Exception) -> JournalUnusable:
    free = shutil.disk_usage(path.parent).free // 1024
    return JournalUnusable(
        f"The journal {path} cannot be used ({error}; {free} KiB free): free space on its disk "
        "or check the disk's health; the file itself may be sound."
    )


def _make_durable(database: SqliteDatabase, path: Path) -> None:
    mode = database.pragma("journal_mode", "wal")
    level = database.pragma("synchronous")
    if (mode, level) != ("wal", _FULL):
        raise JournalUnusable(
            f"The disk of {path} cannot keep events safe (SQLite chose journal_mode={mode}, "
            f"synchronous={level}): put the data directory on a local ext4 disk."
        )
