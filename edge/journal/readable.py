"""Reads a damaged database: every row that SQLite can still reach, and only rows that make sense.

Rows lie in the order of their key. Where a page is damaged, reading from the low end stops before
it and reading from the high end stops behind it; what lies between is halved until single keys are
left, so a sound page between two damaged ones is found too.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from types import UnionType
from typing import Any

from edge.journal.packing import unpacked
from edge.journal.rows import COLUMNS

Row = tuple[Any, ...]

_LARGEST = 1 << 62
_EVENTS = f"SELECT {COLUMNS} FROM event WHERE sequence BETWEEN ? AND ? ORDER BY sequence"  # noqa: S608
_NEXT = "SELECT sequence FROM event WHERE sequence >= ? ORDER BY sequence LIMIT 1"
_KINDS: tuple[type | UnionType, ...] = (int, str, str, str | None, int, str, str, float, bytes)


class _Stopped(Exception):
    """Damage was met, or rows come in an order that no sound table has."""


def table(source: sqlite3.Connection, query: str, key: str) -> Iterator[Row]:
    """The rows of a small table, from both ends up to the damage; some of them twice."""
    for order in ("", " DESC"):
        with suppress(sqlite3.DatabaseError):
            yield from source.execute(f"{query} ORDER BY {key}{order}")


def events(source: sqlite3.Connection) -> Iterator[Row]:
    """The events by COLUMNS, each once, roughly in order."""
    low = 0
    while True:
        last = low - 1
        try:
            for event in _scan(source, low, _LARGEST):
                last = event[0]
                yield event
        except _Stopped:
            high, behind = _behind(source, last)
            yield from _between(source, last + 1, high)
            if behind is None:
                return
            low = behind
        else:
            return


def _behind(source: sqlite3.Connection, last: int) -> tuple[int, int | None]:
    """How far the damage that comes after `last` can reach, and a key that can be read behind it.

    Asks in steps that double, so it may leave sound keys before the one it finds.
    """
    for step in range(40):
        reach = last + (1 << step)
        with suppress(sqlite3.DatabaseError):
            found = source.execute(_NEXT, (reach + 1,)).fetchone()
            return (int(found[0]) - 1, int(found[0])) if found else (reach, None)
    return last, None


def _between(source: sqlite3.Connection, low: int, high: int) -> Iterator[Row]:
    """The events of a stretch in which there is damage."""
    spans = [(low, high)]
    while spans:
        low, high = spans.pop()
        for down in (False, True):
            if low > high:
                break
            try:
                for event in _scan(source, low, high, down=down):
                    low, high = (low, event[0] - 1) if down else (event[0] + 1, high)
                    yield event
            except _Stopped:
                continue
            break
        else:
            if low < high:
                middle = (low + high) // 2
                spans += [(middle + 1, high), (low, middle)]


def _scan(source: sqlite3.Connection, low: int, high: int, *, down: bool = False) -> Iterator[Row]:
    """Events from one end of a stretch. Raises _Stopped at damage."""
    before = None
    try:
        for event in source.execute(_EVENTS + (" DESC" if down else ""), (low, high)):
            key = event[0]
            if not low <= key <= high or (before is not None and (key < before) != down):
                raise _Stopped
            before = key
            if _makes_sense(event):
                yield event
    except sqlite3.DatabaseError as error:
        raise _Stopped from error


def _makes_sense(event: Row) -> bool:
    """Types as the table's, and data that may be JSON: SQLite has no checksum of what a row says.

    Text is read as UTF-8 anyhow; JSON is UTF-8 too and holds no zero byte.
    """
    if not all(isinstance(value, kind) for value, kind in zip(event, _KINDS, strict=True)):
        return False
    with suppress(UnicodeDecodeError):
        return "\0" not in unpacked(event[-1]).decode()
    return False
