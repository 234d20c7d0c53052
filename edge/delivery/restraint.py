"""Spares the line: how fast and when the backlog goes, and for what nobody waits.

    backlog_kbit_per_second   after a batch the backlog pauses until the line had that rate
    backlog_quiet_hours       the backlog rests in these hours of the site's day
    metered                   what nobody waits for is sent once a minute, together

New events are never held up by the backlog's settings: they go ahead of it (lanes.py).
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Annotated

from msgspec import Meta

from drivers.contract import Settings
from edge.journal.records import Stored

GATHER_SECONDS = 60.0
"""How long an event for which nobody waits may wait for company on a metered line."""

_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
_LEAST_OPEN = timedelta(hours=1)
_DAY = timedelta(days=1)
_AWAITED = frozenset(
    {"call.ringing", "call.answered", "command.progress", "command.result", "sms.received"}
)
_BITS_PER_KBYTE_SECOND = 8 / 1000


class Forwarding(Settings, frozen=True, kw_only=True):
    """How a destination's line is used; nothing is held up without a word here."""

    metered: Annotated[
        bool, Meta(title="The line is paid by volume", extra={"fa": "هزینه خط بر اساس حجم است"})
    ] = False
    backlog_kbit_per_second: (
        Annotated[
            int,
            Meta(
                ge=1,
                le=1_000_000,
                title="Most that the backlog takes of the line, kbit/s",
                extra={"fa": "حداکثر سهم رویدادهای عقب‌مانده از خط، کیلوبیت بر ثانیه"},
            ),
        ]
        | None
    ) = None
    backlog_quiet_hours: Annotated[
        str | None,
        Meta(
            title="Hours in which the backlog waits, such as 08:00-16:30",
            extra={"fa": "ساعت‌هایی که رویدادهای عقب‌مانده منتظر می‌مانند، مانند 08:00-16:30"},
        ),
    ] = None

    def problems(self) -> list[tuple[str, str]]:
        """See Settings."""
        if self.backlog_quiet_hours is None:
            return []
        if (hours := _hours(self.backlog_quiet_hours)) is None:
            return [("backlog_quiet_hours", "must be two times of day, such as 08:00-16:30")]
        if not timedelta() < _length(*hours) <= _DAY - _LEAST_OPEN:
            return [("backlog_quiet_hours", "must leave the backlog an hour of the day at least")]
        return []


class Restraint:
    """What the settings of a line ask for; without any it holds nothing up.

    settings: free of problems. zone: of the site, in which the quiet hours are. now: the time of
    day, None while nobody knows it: then no hour is quiet.
    """

    def __init__(
        self,
        settings: Forwarding = Forwarding(),  # noqa: B008 - it is frozen
        zone: tzinfo = UTC,
        now: Callable[[], datetime | None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._hours = _hours(settings.backlog_quiet_hours or "")
        self._zone = zone
        self._now = now
        self._free_at = 0.0

    def backlog_sent(self, size: int, monotonic: float) -> None:
        """A batch of the backlog took `size` bytes on the wire."""
        if rate := self._settings.backlog_kbit_per_second:
            self._free_at = max(self._free_at, monotonic) + size * _BITS_PER_KBYTE_SECOND / rate

    def backlog_waits(self, monotonic: float) -> float:
        """Seconds until the backlog may go on, 0 for now."""
        return max(0.0, self._free_at - monotonic, self._quiet())

    def gathers(self, events: Sequence[Stored]) -> bool:
        """Whether these events may wait for company."""
        return self._settings.metered and all(event.type not in _AWAITED for event in events)

    def _quiet(self) -> float:
        if self._hours is None or (now := self._now()) is None:
            return 0.0
        begin, end = self._hours
        local = now.astimezone(self._zone)
        if _length(begin, local.time()) >= _length(begin, end):
            return 0.0
        return _length(local.time(), end).total_seconds()


def _hours(text: str) -> tuple[time, time] | None:
    if (found := _HOURS.fullmatch(text)) is None:
        return None
    hour, minute, end_hour, end_minute = map(int, found.groups())
    return time(hour, minute), time(end_hour, end_minute)


def _length(begin: time, end: time) -> timedelta:
    """From a time of day to the next such, less than a day."""
    return (_since_midnight(end) - _since_midnight(begin)) % _DAY


def _since_midnight(at: time) -> timedelta:
    return timedelta(
        hours=at.hour, minutes=at.minute, seconds=at.second, microseconds=at.microsecond
    )
