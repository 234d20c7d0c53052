"""Puts a damaged file aside and carries on what can be read of it.

    journal.sqlite (damaged) ──every readable row──▶ .recovering ──synced──▶ .recovered
    journal.sqlite.damaged-<UTC time>, with its log ◀── a second name        │
    journal.sqlite ◀──────────────────────────────────────────────── renamed ┘

Box id, cursors, memories and the ids of the events stay; a new epoch begins above every number
known (see models), and its first event is the one that tells of the loss. A crash at any moment
leaves the damaged file where it was, or the finished one to be renamed.
"""

import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from peewee import SqliteDatabase

from edge.durable_file import sync_file, sync_folder
from edge.journal import migration, models
from edge.journal.connecting import PAGE, plain
from edge.journal.first_page import readable
from edge.journal.inspection import suspect
from edge.journal.readable import events, table
from edge.journal.records import Recovery, Sealed
from edge.journal.rows import INSERT, row

Tell = Callable[[Recovery], Sealed]
"""The event that tells of a recovery."""

_ENDS = ("", "-wal", "-shm")
_EPOCHS = (
    ("SELECT 1, journal FROM identity", "id"),  # before version 2
    ("SELECT first, journal FROM epoch", "first"),
)
_LOST = (
    "SELECT ? - low - (SELECT COUNT(*) FROM event WHERE sequence >= low) FROM (SELECT"
    " MIN(sequence) AS low FROM event WHERE sequence NOT IN (SELECT sequence FROM parked))"
)


def recover(path: Path, damage: str, tell: Tell | None) -> Recovery:
    """Replace the file by what is readable of it.

    Raises OSError and sqlite3.Error; nothing is changed then.
    """
    made = _place(path, "recovering")
    aside = _aside(path)
    try:
        recovery = _build(path, made, damage, aside.name, tell)
        sync_file(made)
    except BaseException:
        made.unlink(missing_ok=True)
        raise
    for end in _ENDS:
        with suppress(FileNotFoundError, FileExistsError):
            os.link(f"{path}{end}", f"{aside}{end}")
    made.replace(_place(path, "recovered"))
    sync_folder(path.parent)
    finish(path)
    return recovery


def finish(path: Path) -> bool:
    """Put a finished recovery in its place, if there is one."""
    recovered = _place(path, "recovered")
    if not recovered.exists():
        return False
    for end in _ENDS[1:]:  # these belong to the damaged file, which has a second name by now
        path.with_name(f"{path.name}{end}").unlink(missing_ok=True)
    sync_folder(path.parent)
    recovered.replace(path)
    suspect(path).unlink(missing_ok=True)
    sync_folder(path.parent)
    return True


def _place(path: Path, word: str) -> Path:
    return path.with_name(f"{path.name}.{word}")


def _aside(path: Path) -> Path:
    """The damaged file's second name: a new one, or what it has from an attempt cut short."""
    for known in path.parent.glob(f"{path.name}.damaged-*"):
        if known.samefile(path):
            return known
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    return path.with_name(f"{path.name}.damaged-{stamp}")


def _build(path: Path, made: Path, damage: str, aside: str, tell: Tell | None) -> Recovery:
    made.unlink(missing_ok=True)
    made.touch(0o600)
    # Whole only when it is renamed: until then no journal and no flush.
    pragmas = {"page_size": PAGE, "journal_mode": "off", "synchronous": 0, "cache_size": -256}
    database = SqliteDatabase(str(made), pragmas=pragmas, thread_safe=False)
    try:
        migration.upgrade(database)
        connection = plain(database)
        with database.atomic():
            with readable(path) as source:
                _carry_over(source, connection)
            first = models.begin_epoch(connection)
            (count,) = connection.execute("SELECT COUNT(*) FROM event").fetchone()
            if not count and _unread(damage):
                raise OSError(f"nothing of {path} can be read now: {damage}")
            (lost,) = connection.execute(_LOST, (first,)).fetchone() or (0,)
            recovery = Recovery(count, lost or 0, aside, damage)
            if tell is not None:
                connection.execute(INSERT, (first, *row(tell(recovery))))
    finally:
        database.close()
    return recovery


def _unread(damage: str) -> bool:
    """Whether the disk did not give what was asked for; else it gave something wrong."""
    found = re.search(r"error code=(\d+)", damage)
    return found is not None and int(found[1]) & 0xFF == sqlite3.SQLITE_IOERR


def _is_hex(text: object, digits: int) -> bool:
    return isinstance(text, str) and re.fullmatch(f"[0-9a-f]{{{digits}}}", text) is not None


def _carry_over(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    """All that can be read, table by table; the new file's own ids stay where none can be."""

    def add(into: str, rows: Iterator[tuple[Any, ...]]) -> None:
        for each in rows:
            marks = ", ".join("?" * len(each))
            with suppress(sqlite3.IntegrityError):
                target.execute(f"INSERT OR REPLACE INTO {into} VALUES ({marks})", each)  # noqa: S608

    add("memory", table(source, "SELECT device, data FROM memory", "device"))
    # Without its live range, which older files do not have: what was in it is sent again.
    progress = table(source, "SELECT destination, cursor, NULL, NULL FROM progress", "destination")
    add("progress", progress)
    add("parked", table(source, "SELECT destination, sequence, reason FROM parked", "destination"))
    add("note", table(source, "SELECT destination, key, data FROM note", "destination, key"))
    ids = table(source, "SELECT id, box FROM identity", "id")
    add("identity", (each for each in ids if _is_hex(each[1], 12)))
    add("taken", table(source, "SELECT first, shift, destination FROM taken", "first"))
    for query, key in _EPOCHS:
        add("epoch", (each for each in table(source, query, key) if _is_hex(each[1], 8)))
    target.executemany(f"{INSERT} ON CONFLICT DO NOTHING", events(source))
