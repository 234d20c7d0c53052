"""Takes events of another box into a journal, while no box runs with it.

    … own events │ theirs: an epoch of their journal, with a shift │ own events, a new epoch …

They come behind all that is there, so no cursor passes them, and the box goes on under a new
journal id, as after a restore: so its own sequences stay gap-free within each journal. All of it is
one transaction. What was taken in before for the same destination, and is still there, is left out.
"""

import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from msgspec import Struct

from edge.journal.connecting import plain
from edge.journal.models import begin_epoch, top
from edge.journal.opening import Opened, open_file
from edge.journal.packing import packed
from edge.journal.records import Sealed
from edge.journal.rows import INSERT, row

_TAKEN = "INSERT INTO taken VALUES (?, ?, ?)"
_EPOCH = "INSERT OR REPLACE INTO epoch VALUES (?, ?)"
_HERE = "SELECT 1 FROM event WHERE sequence = ?"


class Foreign(Struct, frozen=True):
    """An event with the journal and the sequence that its id names."""

    journal: str
    sequence: int
    event: Sealed


class Taken(Struct, frozen=True):
    """How many events were new, and how many were here already."""

    new: int
    known: int


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Where events of a journal are already: from `first` up to `end`, higher by `shift`."""

    first: int
    end: int
    shift: int

    def place(self, sequence: int) -> int | None:
        place = sequence + self.shift
        return place if self.first <= place < self.end else None


def take(path: Path, events: Iterable[Foreign], destination: str) -> Taken:
    """Bring them into the journal at `path`, for one destination; a new one is made if need be.

    The events of a journal must rise. Raises JournalUnusable, OSError and sqlite3.Error; nothing is
    taken in then, and so is it where iterating raises.
    """
    opened = open_file(path)
    try:
        with closing(opened.database):
            connection = plain(opened.database)
            connection.execute("BEGIN IMMEDIATE")
            try:
                taken = _take(connection, opened, events, destination)
                connection.execute("COMMIT")
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        os.close(opened.lock)
    return taken


def _take(
    connection: sqlite3.Connection, opened: Opened, events: Iterable[Foreign], destination: str
) -> Taken:
    place = top(connection)
    places = _places(opened, destination, place + 1)
    new = known = shift = 0
    stretch = ""
    for each in events:
        if _is_here(connection, places.get(each.journal, []), each.sequence):
            known += 1
            continue
        if each.journal != stretch or each.sequence + shift <= place:
            stretch, shift = each.journal, place + 1 - each.sequence
            connection.execute(_EPOCH, (place + 1, each.journal))
            connection.execute(_TAKEN, (place + 1, shift, destination))
        place = each.sequence + shift
        values = row(each.event)
        connection.execute(INSERT, (place, *values[:-1], packed(values[-1])))
        new += 1
    if new:
        begin_epoch(connection)
    return Taken(new, known)


def _is_here(connection: sqlite3.Connection, places: Iterable[_Stretch], sequence: int) -> bool:
    found = (each.place(sequence) for each in places)
    return any(
        place is not None and connection.execute(_HERE, (place,)).fetchone() for place in found
    )


def _places(opened: Opened, destination: str, end: int) -> dict[str, list[_Stretch]]:
    """By journal, where its events would be: this box's own, and those of earlier exports."""
    found: dict[str, list[_Stretch]] = {}
    firsts = [first for first, _ in opened.epochs]
    for (first, journal), after in zip(opened.epochs, [*firsts[1:], end], strict=True):
        taken = opened.taken.get(first)
        if taken is None or taken.destination == destination:
            shift = 0 if taken is None else taken.shift
            found.setdefault(journal, []).append(_Stretch(first, after, shift))
    return found
