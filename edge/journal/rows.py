"""An event as a row of the table, and back: times as microseconds since 1970, UTC."""

from datetime import UTC, datetime, timedelta
from typing import Any

from edge.journal.packing import unpacked
from edge.journal.records import Sealed, Stored

Row = tuple[str, str, str | None, int, str, str, float, bytes]
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


def row(event: Sealed) -> Row:
    """Raises UnicodeEncodeError for text that is no Unicode, here, at its sender's."""
    if event.subject is not None:
        event.subject.encode()
    return (
        event.device,
        event.type,
        event.subject,
        microseconds(event.time),
        event.timequality,
        event.boot,
        event.monotonic,
        event.data,
    )


def stored(found: tuple[Any, ...]) -> Stored:
    """The event of a row read with COLUMNS."""
    sequence, device, kind, subject, time, quality, boot, monotonic, data = found
    return Stored(
        sequence=sequence,
        device=device,
        type=kind,
        subject=subject,
        time=_EPOCH + time * _MICROSECOND,
        timequality=quality,
        boot=boot,
        monotonic=monotonic,
        data=unpacked(data),
    )


def microseconds(time: datetime) -> int:
    return (time - _EPOCH) // _MICROSECOND
