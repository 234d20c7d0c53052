"""When legs were, and whether one follows another.

Two clocks tell: the arrival of a live line, to the second, and the printed time, to the minute.
Either may be off (a slow line, a changed clock, a replay), so a leg that fits by one of them fits.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from drivers.contract import Moment
from drivers.panasonic.call import KnownCall, Span
from drivers.panasonic.models import Family
from drivers.panasonic.record import LIMIT, Line

_SEAMLESS = timedelta(seconds=3)


class LegTimes:
    """Times of one exchange's lines; `now` is when the line came. `to_utc` makes local time UTC."""

    now: Moment

    def __init__(self, family: Family, to_utc: Callable[[datetime], datetime]) -> None:
        self._family = family
        self._to_utc = to_utc

    def span(self, line: Line) -> Span:
        """When the leg was talked: by arrival for a live line, else by print."""
        known = line.talk_seconds is not None and line.talk_seconds != LIMIT
        talk = timedelta(seconds=line.talk_seconds or 0) if known else None
        if self.now.live or line.printed is None:
            end = self.now.utc
        elif self._family.time_is_start:
            start = self._to_utc(line.printed)
            return Span(start, start + (talk or timedelta()))
        else:
            end = self._to_utc(line.printed)
        return Span(None if talk is None else end - talk, end)

    def printed_at(self, line: Line) -> datetime:
        """When a line was printed that tells of this very moment."""
        if self.now.live or line.printed is None:
            return self.now.utc
        return self._to_utc(line.printed)

    def mark_end(self, call: KnownCall, line: Line) -> None:
        """Note where the leg ended, for the leg that may follow."""
        call.live_end = self.now.utc if self.now.live else None
        call.printed_end = line.printed
        if self._family.time_is_start and line.printed is not None:
            talk = timedelta(seconds=line.talk_seconds or 0)
            call.printed_end = None if line.talk_seconds == LIMIT else line.printed + talk

    def follows(self, call: KnownCall, line: Line, earliest: float, latest: float) -> bool:
        """Whether the leg began between `earliest` and `latest` seconds after the call's last end.

        True where neither clock can tell.
        """
        if line.talk_seconds == LIMIT:
            return True
        gaps = [gap.total_seconds() for gap in self._gaps(call, line)]
        return not gaps or any(earliest <= gap <= latest for gap in gaps)

    def is_seamless(self, call: KnownCall, line: Line) -> bool:
        """No caller hangs up and is back within three seconds: the exchange moved the call on."""
        if not self.now.live or call.live_end is None or line.talk_seconds == LIMIT:
            return False
        return abs(self.now.utc - _length(line) - call.live_end) <= _SEAMLESS

    def _gaps(self, call: KnownCall, line: Line) -> list[timedelta]:
        """From the call's last end to the leg's beginning, by each clock that knows both."""
        gaps = []
        if self.now.live and call.live_end is not None:
            gaps.append(self.now.utc - _length(line) - call.live_end)
        if line.printed is not None and call.printed_end is not None:
            begin = line.printed if self._family.time_is_start else line.printed - _length(line)
            gaps.append(begin - call.printed_end)
        return gaps


def _length(line: Line) -> timedelta:
    return timedelta(seconds=(line.talk_seconds or 0) + (line.ring_seconds or 0))
