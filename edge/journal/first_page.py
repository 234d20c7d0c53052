"""Makes a file readable again whose first page is damaged: without it SQLite reads nothing.

    page 1    header, and where each table begins      taken from a new, empty journal
    page 2 …  the tables, in the order of their making, so they begin where the new one's begin

Of a file that a migration has changed this is not true for the tables added then; they are not
found, or read as what they are not, so whoever reads must look whether it makes sense.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from edge.journal.connecting import look

_PAGE = 4096


@contextmanager
def readable(path: Path, new: Path) -> Iterator[sqlite3.Connection]:
    """Look into a damaged file. `new`: a journal as it is made, with nothing in it.

    Where the first page is of no use, a copy with that of `new` is read; raises OSError where there
    is no room for it.
    """
    patched = path.with_name(f"{path.name}.patched")
    try:
        source = path if _has_tables(path) else _patched(path, new, patched)
        with closing(_open(source)) as connection:
            yield connection
    finally:
        for end in ("", "-wal", "-shm"):
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


def _patched(path: Path, new: Path, patched: Path) -> Path:
    shutil.copyfile(path, patched)
    log = Path(f"{path}-wal")
    with new.open("rb") as file:
        page = bytearray(file.read(_PAGE))
    if log.exists():
        shutil.copyfile(log, f"{patched}-wal")
        page[18:20] = b"\x02\x02"  # else the log would not be read
    page[92:96] = bytes(4)  # the size in the header is not this file's: ask the disk
    with patched.open("r+b") as file:
        file.write(page)
    return patched
