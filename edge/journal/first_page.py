"""Makes a file readable again whose first page is damaged: without it SQLite reads nothing.

    page 1    header, and where each table begins      taken from a new, empty journal
    page 2 …  the tables, in the order of their making, so they begin where the new one's begin

Of a file that a migration has changed this is not true for the tables added then; they are not
found, or read as what they are not, so whoever reads must look whether it makes sense. How large
the pages are stands on the first one too: it is tried out.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from peewee import SqliteDatabase

from edge.journal import migration
from edge.journal.connecting import PAGE, look, plain

_OLDER_PAGE = 4096
"""Of a file made by an earlier version."""

_ENDS = ("", "-wal", "-shm")
_ENDMOST = (
    "SELECT (SELECT typeof(data) FROM event ORDER BY sequence LIMIT 1),"
    " (SELECT typeof(data) FROM event ORDER BY sequence DESC LIMIT 1)"
)


@contextmanager
def readable(path: Path) -> Iterator[sqlite3.Connection]:
    """Look into a damaged file.

    Where the first page is of no use, a copy with that of a new journal is read; raises OSError
    where there is no room for it.
    """
    patched = path.with_name(f"{path.name}.patched")
    try:
        source = path if _has_tables(path) else _patched(path, patched)
        with closing(_open(source)) as connection:
            yield connection
    finally:
        for end in _ENDS:
            Path(f"{patched}{end}").unlink(missing_ok=True)


def _open(path: Path) -> sqlite3.Connection:
    connection = look(path)
    # Reads a file too that is shorter than it says.
    connection.execute("PRAGMA writable_schema = ON")
    return connection


def _has_tables(path: Path) -> bool:
    with suppress(sqlite3.DatabaseError), closing(_open(path)) as connection:
        connection.execute("SELECT 1 FROM event, identity LIMIT 0")
        return True
    return False


def _patched(path: Path, patched: Path) -> Path:
    """With pages of the size by which the lowest and the highest event are found."""
    for size in (_OLDER_PAGE, PAGE):
        _patch(path, patched, _first_page(size))
        with suppress(sqlite3.DatabaseError), closing(_open(patched)) as connection:
            if connection.execute(_ENDMOST).fetchone() == ("blob", "blob"):
                break
    return patched


def _first_page(size: int) -> bytearray:
    pragmas = {"page_size": size}
    database = SqliteDatabase(":memory:", pragmas=pragmas, thread_safe=False)
    with closing(database):
        migration.upgrade(database)
        return bytearray(plain(database).serialize()[:size])


def _patch(path: Path, patched: Path, page: bytearray) -> None:
    shutil.copyfile(path, patched)
    log = Path(f"{path}-wal")
    if log.exists():
        shutil.copyfile(log, f"{patched}-wal")
        page[18:20] = b"\x02\x02"  # else the log would not be read
    page[28:32] = bytes(4)  # the size in the header is not this file's: ask the disk
    with patched.open("r+b") as file:
        file.write(page)
