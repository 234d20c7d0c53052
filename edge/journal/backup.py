"""A backup of the journal in one file, and a new journal made of one.

    journal.sqlite ──SQLite's own backup, also while the edge writes──▶ FILE, with the settings
    FILE ──checked, copied, a new epoch begun──▶ journal.sqlite of an empty box

A backup is no journal, and a box refuses it as one: whoever went on writing in it would give the
numbers out a second time that the box gave out after the backup. A restored journal goes on with a
new journal id (see models). What the backup has not delivered goes out again under its old ids, by
which the CRM knows what it got meanwhile.
"""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct
from peewee import SqliteDatabase

from edge.durable_file import sync_file, sync_folder
from edge.journal import migration
from edge.journal.connecting import look, plain
from edge.journal.inspection import BACKUP, MAGIC
from edge.journal.models import APPLICATION, VERSION, begin_epoch
from edge.journal.records import JournalUnusable


class Contents(Struct, frozen=True):
    """What a backup holds: events up to the highest sequence, and the text of the settings."""

    events: int
    last: int
    box: str
    settings: str | None


def back_up(path: Path, target: Path, settings: str | None) -> Contents:
    """Write a journal, in service or not, to one file that only its owner may read.

    Replaces the file when the new one is whole. Raises OSError and sqlite3.Error: the old one
    stands then.
    """
    made = target.with_name(f".{target.name}.new")
    try:
        migration.copy_whole(path, made)
        with closing(sqlite3.connect(made, isolation_level=None)) as copy:
            copy.execute("PRAGMA synchronous = OFF")
            copy.execute("CREATE TABLE backup (made TEXT NOT NULL, settings TEXT) STRICT")
            now = datetime.now(UTC).isoformat(timespec="seconds")
            copy.execute("INSERT INTO backup VALUES (?, ?)", (now, settings))
            copy.execute(f"PRAGMA application_id = {BACKUP}")
            contents = _contents(copy)
        sync_file(made)
        made.replace(target)
    finally:
        made.unlink(missing_ok=True)
    sync_folder(target.absolute().parent)
    return contents


def restore(source: Path, path: Path) -> Contents:
    """Make a journal of a backup, or of the copy that a migration left.

    There must be none at `path`. Raises JournalUnusable for a file that is no sound backup, OSError
    and sqlite3.Error; there is none then either.
    """
    made = path.with_name(f"{path.name}.restoring")
    try:
        _check(source)
        migration.copy_whole(source, made)
        pragmas = {"journal_mode": "delete", "synchronous": 0}
        database = SqliteDatabase(str(made), pragmas=pragmas, thread_safe=False)
        with closing(database):
            contents = _contents(plain(database))
            database.application_id = APPLICATION
            plain(database).execute("DROP TABLE IF EXISTS backup")
            migration.upgrade(database)
            begin_epoch(plain(database))
        sync_file(made)
        made.replace(path)
    finally:
        made.unlink(missing_ok=True)
    sync_folder(path.parent)
    return contents


def _check(source: Path) -> None:
    with source.open("rb") as file:
        header = file.read(100)
    mark = int.from_bytes(header[68:72], "big")
    if not header.startswith(MAGIC) or mark not in {APPLICATION, BACKUP}:
        raise JournalUnusable(f"{source} is not a backup of payvand: name the file that is one.")
    damage = ""
    try:
        with closing(look(source)) as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            damage = "" if found == "ok" else found
    except sqlite3.DatabaseError as error:
        damage = str(error)
    if damage:
        raise JournalUnusable(f"{source} is damaged ({damage}): take another backup.")
    if version > VERSION:
        raise JournalUnusable(
            f"{source} has version {version}, written by a newer payvand; this one knows {VERSION}:"
            " install the newer payvand."
        )


def _contents(connection: sqlite3.Connection) -> Contents:
    events, last = connection.execute("SELECT COUNT(*), MAX(sequence) FROM event").fetchone()
    (box,) = connection.execute("SELECT box FROM identity").fetchone()
    table = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'backup'").fetchone()
    settings = connection.execute("SELECT settings FROM backup").fetchone() if table else (None,)
    return Contents(events, last or 0, box, settings[0])
