"""What is committed together, and the statements that put it into the tables."""

import sqlite3
from asyncio import Future
from collections.abc import Sequence
from dataclasses import dataclass

from edge.journal.packing import packed
from edge.journal.records import Position
from edge.journal.rows import INSERT, Row
from edge.journal.wal import FILLED_BYTES

_MEMORY = "INSERT INTO memory VALUES (?, ?) ON CONFLICT DO UPDATE SET data = excluded.data"
_POSITION = (
    "INSERT INTO progress VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET cursor = excluded.cursor,"
    " live_first = excluded.live_first, live_last = excluded.live_last"
)
_PARKED = "INSERT INTO parked VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET reason = excluded.reason"
_UNPARKED = "DELETE FROM parked WHERE destination = ? AND sequence = ?"
_NOTE = "INSERT INTO note VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET data = excluded.data"
_FORGET = "DELETE FROM note WHERE destination = ? AND key = ?"

_PAGE = 4096
"""Of a file made by an earlier version; others have smaller ones."""


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be committed together. Without a waiter it may wait for other work."""

    waiter: "Future[int] | None" = None
    rows: Sequence[Row] = ()
    memory: tuple[str, bytes] | None = None
    position: tuple[str, Position] | None = None
    parked: Sequence[tuple[str, int, str]] = ()
    notes: Sequence[tuple[str, str, bytes | None]] = ()
    unparked: Sequence[tuple[str, int]] = ()


def insert(connection: sqlite3.Connection, works: Sequence[Work], first: int) -> None:
    """Write all of it in the open transaction; `first` is the sequence of the first row.

    Of several memories of a device, or positions of a destination, the last one counts.
    """
    if rows := [row for work in works for row in work.rows]:
        packing = ((first + n, *row[:-1], packed(row[-1])) for n, row in enumerate(rows))
        connection.executemany(INSERT, packing)
    if memories := dict(work.memory for work in works if work.memory):
        connection.executemany(_MEMORY, memories.items())
    if positions := dict(work.position for work in works if work.position):
        moved = ((name, at.cursor, *(at.live or (None, None))) for name, at in positions.items())
        connection.executemany(_POSITION, moved)
    if parked := [line for work in works for line in work.parked]:
        connection.executemany(_PARKED, parked)
    if unparked := [line for work in works for line in work.unparked]:
        connection.executemany(_UNPARKED, unparked)
    for destination, key, data in (note for work in works for note in work.notes):
        if data is None:
            connection.execute(_FORGET, (destination, key))
        else:
            connection.execute(_NOTE, (destination, key, data))


def part(works: Sequence[Work]) -> tuple[list[Work], int]:
    """The first of them, at least one, that half a log can take, and how much they write to it."""
    size = logged(works)
    if size <= FILLED_BYTES // 2:
        return list(works), size
    size = 0
    for number, work in enumerate(works):
        more = logged([work])
        if number and size + more > FILLED_BYTES // 2:
            return list(works[:number]), size
        size += more
    return list(works), size


def logged(works: Sequence[Work]) -> int:
    """How many bytes a commit writes to the log, rather too many than too few.

    Events fill three fifths of their pages at least.
    """
    rows, size, memories, positions = 0, 0, 0, 0
    for work in works:
        rows += len(work.rows) + len(work.parked) + len(work.notes) + len(work.unparked)
        for row in work.rows:
            size += len(row[-1])
        if work.memory:
            size += len(work.memory[1])
            memories = 1
        if work.position:
            positions = 1
    return (2 + memories + positions + rows // 20) * _PAGE + size * 5 // 3
