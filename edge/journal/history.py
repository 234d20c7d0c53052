"""Drops delivered events that are old, or too many, in small steps.

    dropped ◀── settled by every destination, and aged or beyond the cap │ waiting │ newest: kept

Only the front of the table goes, without parked events. Age is told by the first event whose own
time is young: one event stamped by a wrong clock neither ends nor saves its neighbours. Freed pages
are written over by the next events; the file does not shrink.
"""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from edge.journal.records import Figures, History
from edge.journal.rows import microseconds

BATCH = 200
"""Events per commit, not more, so that an append behind it hardly waits, and not less, so that a
flush of its own is paid for so many only."""

Clock = Callable[[], datetime | None]
"""Aware UTC, or None while nobody knows the time: then nothing goes by age."""

_OLDEST = (
    "SELECT sequence, time FROM event WHERE sequence <= ?"
    " AND sequence NOT IN (SELECT sequence FROM parked) ORDER BY sequence LIMIT ?"
)
_DROP = (
    "DELETE FROM event WHERE sequence BETWEEN ? AND ?"
    " AND sequence NOT IN (SELECT sequence FROM parked)"
)
_CURSOR = "SELECT cursor FROM progress WHERE destination = ?"


@dataclass(frozen=True, slots=True)
class Retention:
    """What may go. Without destinations nothing goes but by age."""

    history: History
    destinations: Sequence[str]
    clock: Clock


def prune(connection: sqlite3.Connection, retention: Retention, last: int) -> bool:
    """Drop BATCH events in the open transaction, if so many may go; whether it did."""
    oldest = _oldest(connection, retention.destinations, last)
    most = retention.history.megabytes << 20
    if not (retention.destinations and figures(connection).used > most):
        oldest = list(takewhile(_is_aged(retention), oldest))
    if len(oldest) < BATCH:
        return False
    connection.execute(_DROP, (oldest[0][0], oldest[-1][0]))
    return True


def may_drop(connection: sqlite3.Connection, destinations: Sequence[str], last: int) -> bool:
    """Whether there is delivered history that a full disk may have."""
    return bool(destinations) and len(_oldest(connection, destinations, last)) == BATCH


def _oldest(
    connection: sqlite3.Connection, destinations: Sequence[str], last: int
) -> list[tuple[int, int]]:
    """(sequence, time) of the next events that are delivered, up to a batch."""
    settled = min([last - 1, *(_cursor(connection, name) for name in destinations)])
    return connection.execute(_OLDEST, (settled, BATCH)).fetchall()


def _cursor(connection: sqlite3.Connection, destination: str) -> int:
    """As it is on disk: what a restart will find."""
    found = connection.execute(_CURSOR, (destination,)).fetchone()
    return int(found[0]) if found else 0


def figures(connection: sqlite3.Connection) -> Figures:
    """How the journal's file is filled, as of the last commit."""
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    return Figures(used=int((pages - free) * size), spare=int(free * size))


def _is_aged(retention: Retention) -> Callable[[tuple[int, int]], bool]:
    """Whether the time of (sequence, time) is none of the days that are kept."""
    now = retention.clock()
    if now is None:
        return lambda _: False
    begin = microseconds(now - timedelta(days=retention.history.days))
    end = microseconds(now + timedelta(days=1))
    return lambda found: not begin <= found[1] <= end
