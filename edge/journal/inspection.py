"""Whose file it is and whether it is sound, before anything is written to it."""

import os
import sqlite3
import threading
from contextlib import closing, suppress
from pathlib import Path

from edge.journal import migration
from edge.journal.connecting import look
from edge.journal.models import APPLICATION, VERSION
from edge.journal.records import JournalUnusable

MAGIC = b"SQLite format 3\x00"
BACKUP = 0x50_61_79_42  # "PayB": marks a backup, which goes on only after `payvand restore`
_CHECK_SECONDS = 0.5
_LOOKS = 3
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_UNREAD = {sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ}


def inspect(lock: int, path: Path) -> tuple[int, str]:
    """The schema's version, 0 for a new file, and what is damaged, "" if nothing.

    Raises JournalUnusable for a file that is not ours to change, and sqlite3.DatabaseError for one
    that cannot be judged now. `lock` is a descriptor of the file.
    """
    header = os.pread(lock, 100, 0)
    if path.with_name(f"{path.name}-journal").exists():
        return 0, ""  # its creation was cut short: SQLite undoes that by itself
    if not header:
        log = path.with_name(f"{path.name}-wal")
        return 0, "the file is empty" if log.exists() and log.stat().st_size else ""
    if not header.startswith(MAGIC):
        return 0, "the file is not a database"
    mark = int.from_bytes(header[68:72], "big")
    if mark == BACKUP:
        raise JournalUnusable(
            f"{path} is a backup: move it elsewhere, then run `payvand restore` with its name."
        )
    if mark != APPLICATION:
        raise JournalUnusable(
            f"{path} is a database of another program: move it elsewhere, or restore a backup."
        )
    version, damage = _verdict(path)
    if version > VERSION:
        raise JournalUnusable(
            f"The journal {path} has version {version}, written by a newer payvand; this one knows "
            f"{VERSION}: install the newer payvand{migration.way_back(path)}."
        )
    return version, damage


def box_of(path: Path) -> str | None:
    """The id of the box whose journal it is, also while the box runs; None where none can be read.

    Not in the process that has the journal open: closing the file would drop its locks.
    """
    if not path.exists():
        return None
    with suppress(sqlite3.DatabaseError), closing(look(path)) as connection:
        (box,) = connection.execute("SELECT box FROM identity").fetchone()
        return str(box)
    return None


def suspect(path: Path) -> Path:
    """A mark beside the file: look through all of it at the next start."""
    return path.with_name(f"{path.name}.suspect")


def mark_suspect(path: Path, error: BaseException) -> None:
    """Leave the mark where an error met in service may come from the file's content."""
    found = error if isinstance(error, sqlite3.DatabaseError) else error.__cause__
    code = found.sqlite_errorcode if isinstance(found, sqlite3.DatabaseError) else 0
    if code & 0xFF in _DAMAGED or code in _UNREAD:
        with suppress(OSError):
            suspect(path).touch()


def _verdict(path: Path) -> tuple[int, str]:
    """Damage is what is found each time: a disk may fail to read once."""
    version, damage = 0, ""
    for _ in range(_LOOKS):
        try:
            version, damage = _look_through(path)
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode & 0xFF not in _DAMAGED:
                raise
            version, damage = 0, str(error)
        if not damage:
            break
    return version, damage


def _look_through(path: Path) -> tuple[int, str]:
    """A large file only as far as the time reaches, unless it is suspect."""
    with closing(look(path)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        thorough = suspect(path).exists()
        limit = threading.Timer(_CHECK_SECONDS, connection.interrupt)
        if not thorough:
            limit.start()
        try:
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
            found = "ok"
        finally:
            limit.cancel()
            if limit.is_alive():
                limit.join()
    if found == "ok":
        suspect(path).unlink(missing_ok=True)
    return version, "" if found == "ok" else str(found).strip().rpartition("\n")[2]
