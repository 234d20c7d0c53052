"""Times of events that were taken while nobody knew what time it was.

    boot A   ┄┄┄┄●══════●┄┄┄┄┄●═══     ● a point: trust came or went, at this monotonic time
    boot B   ┄┄┄┄┄┄┄┄┄┄┄┄┄┄            none: its events lie between their trusted neighbours

The rows stay as they were written, which costs no flash and nothing that a power cut could halve.
A few points per boot are kept instead, and turn the monotonic time of each event into its true time
whenever the event is read for somebody. Between two points the clock is taken to drift evenly.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import msgspec
from msgspec import Raw, Struct

from edge.journal.records import Stored

MOST_BOOTS = 64
MOST_POINTS = 16
"""So many are kept, the newest, and of each boot also its first point: together under 20 KiB."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SLACK = timedelta(seconds=2)
"""Times in data are whole seconds, and taken a moment before the event is sealed."""
_LONGEST_CALL = timedelta(days=1)
_FIELDS = {
    "call": ("started_at", "answered_at", "ended_at"),
    "device": ("since",),
}

_decode = msgspec.json.Decoder(dict[str, Raw]).decode
_encode = msgspec.json.Encoder().encode


class Point(Struct, frozen=True, array_like=True):
    """At this monotonic time, true time was so many seconds since 1970 ahead of monotonic time."""

    monotonic: float
    offset: float


class Boot(Struct, frozen=True, array_like=True):
    """One boot in which the time was known at least once; points rise."""

    id: str
    points: tuple[Point, ...]


class Timeline(Struct, frozen=True):
    """What is known of the true time in the last boots, oldest first."""

    boots: tuple[Boot, ...] = ()

    def with_point(self, boot: str, point: Point) -> "Timeline":
        """The same, and one point more."""
        others = tuple(known for known in self.boots if known.id != boot)
        points = (*self.points(boot), point)
        if len(points) > MOST_POINTS:
            points = (points[0], *points[2:])
        return Timeline((*others, Boot(boot, points))[-MOST_BOOTS:])

    def points(self, boot: str) -> tuple[Point, ...]:
        """Empty for a boot without trust."""
        return next((known.points for known in self.boots if known.id == boot), ())

    def true_time(self, boot: str, monotonic: float) -> datetime | None:
        """Aware UTC; None for a boot without trust."""
        points = self.points(boot)
        return to_utc(monotonic + _offset(points, monotonic)) if points else None


def recall(memory: bytes) -> Timeline:
    """The timeline as it was kept; an empty one at the first start or from another version."""
    try:
        return msgspec.msgpack.decode(memory, type=Timeline) if memory else Timeline()
    except msgspec.DecodeError:
        return Timeline()


def to_utc(seconds: float) -> datetime:
    """Seconds since 1970 as aware UTC."""
    return _EPOCH + timedelta(seconds=seconds)


def corrected(event: Stored, timeline: Timeline) -> Stored:
    """The event with its true time, or as it is where that is not known or nothing is wrong."""
    if event.timequality != "estimated":
        return event
    time = timeline.true_time(event.boot, event.monotonic)
    if time is None:
        return event
    data = _moved(event, round((time - event.time).total_seconds()))
    return msgspec.structs.replace(event, time=time, timequality="corrected", data=data)


def known_time(event: Stored, timeline: Timeline) -> datetime | None:
    """The event's time if it is known, as sealed or by the timeline."""
    if event.timequality != "estimated":
        return event.time
    return timeline.true_time(event.boot, event.monotonic)


def _offset(points: Sequence[Point], monotonic: float) -> float:
    """By the nearest point; between two, in proportion."""
    if monotonic <= points[0].monotonic:
        return points[0].offset
    for before, after in pairwise(points):
        if monotonic <= after.monotonic:
            part = (monotonic - before.monotonic) / (after.monotonic - before.monotonic)
            return before.offset + part * (after.offset - before.offset)
    return points[-1].offset


def _moved(event: Stored, seconds: int) -> bytes:
    """The data with those times moved that were taken from the wall clock of that boot.

    What the exchange printed (`minute`) stays, and so does what cannot be of that clock: a time far
    from the event's comes from another boot, of a call that a power cut parted.
    """
    fields = _FIELDS.get(event.type.partition(".")[0], ())
    data = _decode(event.data) if fields and seconds else {}
    if not data or bytes(data.get("time_resolution", b"")) == b'"minute"':
        return event.data
    for field in fields:
        at = msgspec.json.decode(data.get(field, b"null"), type=datetime | None)
        if at is not None and event.time - _LONGEST_CALL <= at <= event.time + _SLACK:
            data[field] = Raw(_encode(at + timedelta(seconds=seconds)))
    return _encode(data)
