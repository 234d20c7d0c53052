"""Writes a person's number over, in every table and in the space that rows have left.

    the rows named ─▶ cleaned ┐
    memories, notes, reasons ─┴▶ one transaction ─▶ VACUUM ─▶ log written back and cut ─▶ log anew

SQLite leaves the old bytes of a row in free space of its page, in free pages and in the log.
`secure_delete` wipes the first as it goes; rewriting the whole file ends the second, and cutting
the log the third. It happens in the thread that writes, so events wait meanwhile; none is lost.
"""

import json
import shutil
import sqlite3
import time
from collections.abc import Collection
from pathlib import Path

from msgspec import Struct

from edge.forgetting.person import Person
from edge.journal.packing import packed, unpacked

_DATA = "SELECT data FROM event WHERE sequence = ?"
_WRITE = "UPDATE event SET data = ? WHERE sequence = ?"
_NEWER = "SELECT sequence, data FROM event WHERE sequence > ?"
_CALLS = (
    "SELECT sequence FROM event WHERE subject IN (SELECT subject FROM event"
    " WHERE sequence IN (SELECT value FROM json_each(?)))"
)
_BLOBS = (
    ("SELECT device, data FROM memory", "UPDATE memory SET data = ? WHERE device = ?"),
    (
        "SELECT destination, key, data FROM note",
        "UPDATE note SET data = ? WHERE destination = ? AND key = ?",
    ),
)
_REASONS = "SELECT destination, sequence, reason FROM parked"
_REASON = "UPDATE parked SET reason = ? WHERE destination = ? AND sequence = ?"
_PATIENCE = 10.0
"""Seconds to wait for somebody who reads, before the log can be cut."""


class Erased(Struct, frozen=True):
    """What was written over. whole: also what lay in the free space; else `why` it was not."""

    events: int
    notes: int
    memories: tuple[str, ...] = ()
    whole: bool = True
    why: str = ""


def erase(
    connection: sqlite3.Connection,
    path: Path,
    person: Person,
    sequences: Collection[int],
    last: int,
) -> Erased:
    """Clean these rows and all that came after `last`, and everything that is no event.

    Raises sqlite3.Error; then nothing of the rows is changed, or all, but perhaps not the rest.
    """
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("BEGIN IMMEDIATE")
    try:
        newer = {found[0] for found in connection.execute(_NEWER, (last,)) if _has(person, found)}
        rows = sorted({*sequences, *newer, *_same_calls(connection, newer)})
        for sequence in rows:
            if (found := connection.execute(_DATA, (sequence,)).fetchone()) is not None:
                data = packed(person.cleaned(unpacked(found[0])))
                connection.execute(_WRITE, (data, sequence))
        memories, notes = _blobs(connection, person)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    why = _rewrite(connection, path)
    return Erased(len(rows), notes, memories, not why, why)


def _same_calls(connection: sqlite3.Connection, sequences: Collection[int]) -> set[int]:
    """What else there is of the calls of these: a name may stand there without the number."""
    listed = json.dumps(sorted(sequences))
    return {found for (found,) in connection.execute(_CALLS, (listed,))} if sequences else set()


def _has(person: Person, found: tuple[int, bytes]) -> bool:
    return person.is_in(unpacked(found[1]))


def _blobs(connection: sqlite3.Connection, person: Person) -> tuple[tuple[str, ...], int]:
    changed: list[list[str]] = []
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    for read, write in _BLOBS:
        changed.append([])
        if read.rpartition(" ")[2] not in tables:  # a file of before an update
            continue
        for *key, data in connection.execute(read).fetchall():
            if person.is_in(data):
                connection.execute(write, (person.scrubbed(data), *key))
                changed[-1].append(key[0])
    for *key, reason in connection.execute(_REASONS).fetchall():
        if person.is_in(reason.encode()):
            connection.execute(_REASON, (person.scrubbed(reason.encode()).decode(), *key))
            changed[-1].append(key[0])
    return tuple(changed[0]), len(changed[1])


def _rewrite(connection: sqlite3.Connection, path: Path) -> str:
    """Leave nothing of before in the file and the log; why that was not possible, or nothing."""
    needed = 2 * path.stat().st_size
    if shutil.disk_usage(path.parent).free < needed:
        return f"{needed >> 20} MiB must be free on the disk to rewrite the journal: make room"
    try:
        connection.execute("VACUUM")
    except sqlite3.OperationalError as error:
        return f"the journal could not be rewritten ({error}): make room on the disk"
    until = time.monotonic() + _PATIENCE
    while connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
        if time.monotonic() > until:
            return "somebody reads the journal all the time: stop other programs that do"
        time.sleep(0.05)
    return ""
