"""Opens the file, or creates it, and sees that it keeps its promises.

    lock ─▶ an unfinished recovery ended ─▶ inspected ─▶ damaged: recovered ─▶ migrated ─▶ loaded

A file of another program, of a newer payvand, or one that cannot be judged now is refused and left
as it is.
"""

import fcntl
import os
import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from peewee import DatabaseError, SqliteDatabase, fn

from edge.journal import connecting, migration, recovery
from edge.journal.connecting import connect, plain
from edge.journal.inspection import inspect, mark_suspect
from edge.journal.models import VERSION, Epoch, Event, Identity, Memory, Progress, Taken
from edge.journal.records import JournalUnusable, Position, Recovery, TakenIn
from edge.journal.recovery import Tell


@dataclass(frozen=True, slots=True)
class Opened:
    """`lock` is a file descriptor: close it last, since closing it drops SQLite's own locks.

    epochs: (first sequence, journal id), rising. taken: of some of them, by that sequence. copies:
    files of before a migration that the new version has not made superfluous yet.
    """

    database: SqliteDatabase
    lock: int
    box: str
    last: int
    epochs: list[tuple[int, str]]
    taken: dict[int, TakenIn]
    memories: dict[str, bytes]
    positions: dict[str, Position]
    recovered: Recovery | None
    copies: list[Path]


def open_file(path: Path, tell: Tell | None = None) -> Opened:
    """Create or open the journal. Raises JournalUnusable and leaves such a file as it is."""
    lock = _lock(path)
    recovered = None
    try:
        if recovery.finish(path):
            lock = _exchange(lock, path)
        clean = not path.with_name(f"{path.name}-wal").exists()
        version, damage = inspect(lock, path)
        if damage:
            recovered = recovery.recover(path, damage, tell)
            lock = _exchange(lock, path)
        elif 0 < version < VERSION:
            migration.keep_copy(path, version)
        return _load(path, lock, recovered, clean=clean)
    except (DatabaseError, sqlite3.DatabaseError, OSError) as error:
        os.close(lock)
        mark_suspect(path, error)
        raise _unusable(path, error) from error
    except BaseException:
        os.close(lock)
        raise


def _lock(path: Path) -> int:
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise JournalUnusable(
            f"The journal {path} cannot be opened ({error.strerror}): check the directory and its "
            "rights."
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        if isinstance(error, BlockingIOError):
            told = "is in use by another process of payvand: end that one first."
        else:
            told = f"cannot be locked ({error.strerror}): put it on a local ext4 disk."
        raise JournalUnusable(f"The journal {path} {told}") from error
    return lock


def _exchange(old: int, path: Path) -> int:
    """The lock of the file that stands there now, for that of the one before."""
    new = _lock(path)
    os.close(old)
    return new


def _load(path: Path, lock: int, recovered: Recovery | None, *, clean: bool) -> Opened:
    database = connect(path)
    try:
        migration.upgrade(database)
        _make_durable(database, path)
        last = Event.select(fn.MAX(Event.sequence)).scalar(database) or 0
        epochs = list(Epoch.select().order_by(Epoch.first).tuples().execute(database))
        return Opened(
            database,
            lock,
            cast("str", Identity.select(Identity.box).scalar(database)),
            max(last, epochs[-1][0] - 1),
            epochs,
            {found[0]: TakenIn(*found) for found in Taken.select().tuples().execute(database)},
            dict(Memory.select().tuples().execute(database)),
            {each.destination: _position(each) for each in Progress.select().execute(database)},
            recovered,
            migration.unproved(path, last, clean=clean),
        )
    except BaseException:
        database.close()
        raise


def _position(saved: Progress) -> Position:
    first, last = saved.live_first, saved.live_last
    return Position(saved.cursor, None if first is None or last is None else (first, last))


def _unusable(path: Path, error: Exception) -> JournalUnusable:
    free = shutil.disk_usage(path.parent).free // 1024
    return JournalUnusable(
        f"The journal {path} cannot be used ({error}; {free} KiB free): free space on its disk "
        "or check the disk's health; the file itself may be sound."
    )


def _make_durable(database: SqliteDatabase, path: Path) -> None:
    mode = database.pragma("journal_mode", "wal")
    level = database.pragma("synchronous")
    if (mode, level) != ("wal", connecting.FULL):
        raise JournalUnusable(
            f"The disk of {path} cannot keep events safe (SQLite chose journal_mode={mode}, "
            f"synchronous={level}): put the data directory on a local ext4 disk."
        )
    plain(database).execute("PRAGMA wal_autocheckpoint = 0")
