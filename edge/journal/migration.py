"""From an older version of the file to this one, with a way back.

    journal.sqlite            all steps in one transaction: a crash leaves the old or the new one
    journal.sqlite.version-1  a copy of before, whole or not there at all

The copy stays until the new version has proved itself: it has stored events, and then either ended
in order (no log was left behind) or run for a day. An older payvand finds its own version again
with `payvand restore`; what came after the update is not in it.
"""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from peewee import SqliteDatabase

from edge.durable_file import sync_file, sync_folder
from edge.journal import models
from edge.journal.connecting import look

PROVED_SECONDS = 86_400.0


def keep_copy(path: Path, version: int) -> None:
    """Keep the file as it is now beside it. Raises OSError, sqlite3.Error: then change nothing."""
    made = path.with_name(f"{path.name}.copying")
    copy_whole(path, made)
    sync_file(made)
    made.replace(path.with_name(f"{path.name}.version-{version}"))
    sync_folder(path.parent)


def copy_whole(path: Path, target: Path) -> None:
    """One state of a journal, in service or not, as a file of its own without a log."""
    target.unlink(missing_ok=True)
    target.touch(0o600)
    try:
        # In one step: a copy in parts begins again whenever somebody writes in between.
        with closing(look(path)) as source, closing(sqlite3.connect(target)) as copy:
            copy.execute("PRAGMA synchronous = OFF")
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def upgrade(database: SqliteDatabase) -> None:
    """Bring the schema to this version: all steps or none."""
    with database.atomic("IMMEDIATE"):
        for number in range(database.user_version, models.VERSION):
            models.STEPS[number](database)
            database.user_version = number + 1


def copies(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{path.name}.version-*"))


def unproved(path: Path, last: int, *, clean: bool) -> list[Path]:
    """Drop the copies that a clean end has made superfluous; returns those still needed."""
    kept = []
    for copy in copies(path):
        if clean and last > _last(copy):
            copy.unlink()
        else:
            kept.append(copy)
    return kept


def way_back(path: Path) -> str:
    """What one can do who has only the older payvand, as the end of a sentence."""
    copy = path.with_name(f"{path.name}.version-{models.VERSION}")
    if not copy.exists():
        return ""
    return f", or move it away and run `payvand restore {copy}`, which gives up what came since"


def _last(copy: Path) -> int:
    """The highest sequence in a copy; 0 where it cannot be read, and is of no use."""
    with suppress(sqlite3.DatabaseError), closing(look(copy)) as connection:
        (last,) = connection.execute("SELECT MAX(sequence) FROM event").fetchone()
        return last or 0
    return 0
