"""An event as a row of the table, and back: times as microseconds since 1970, UTC."""

from datetime import UTC, datetime, timedelta
from typing import Any

from edge.journal.packing import unpacked
from edge.journal.records import Sealed, Stored, TimeQuality

Row = tuple[str, str, str | None, int, TimeQuality, str, float, bytes]
"""All columns but the sequence, which the commit gives."""

COLUMNS = "sequence, device, type, subject, time, timequality, boot, monotonic, data"
INSERT = f"INSERT INTO event ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
READ = f"SELECT {COLUMNS} FROM event WHERE sequence > ? ORDER BY sequence LIMIT ?"  # noqa: S608
FIND = (
    f"SELECT {COLUMNS} FROM event WHERE sequence > ? AND sequence <= ?"  # noqa: S608
    " AND subject IN (SELECT value FROM json_each(?)) ORDER BY sequence"
)
RECENT = (
    f"SELECT {COLUMNS} FROM event WHERE sequence > ? AND sequence < ?"  # noqa: S608
    " AND type GLOB ? ORDER BY sequence DESC LIMIT ?"
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def row(sealed: Sealed) -> Row:
    """Raises UnicodeEncodeError for text that is no Unicode, here, at its sender's."""
    if sealed.subject is not None:
        sealed.subject.encode()
    return (
        sealed.device,
        sealed.type,
        sealed.subject,
        microseconds(sealed.time),
        sealed.timequality,
        sealed.boot,
        sealed.monotonic,
        sealed.data,
    )


def stored(found: tuple[Any, ...]) -> Stored:
    """The event of a row read with COLUMNS."""
    return event(found[0], (*found[1:-1], unpacked(found[-1])))


def event(sequence: int, row: Row) -> Stored:
    """The event of a row that is not packed."""
    device, kind, subject, time, quality, boot, monotonic, data = row
    return Stored(
        sequence=sequence,
        device=device,
        type=kind,
        subject=subject,
        time=_EPOCH + time * _MICROSECOND,
        timequality=quality,
        boot=boot,
        monotonic=monotonic,
        data=data,
    )


def microseconds(time: datetime) -> int:
    return (time - _EPOCH) // _MICROSECOND
