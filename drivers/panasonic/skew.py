"""How far the exchange's own clock is off, by what it prints on live lines.

    arrival (trusted)   12:00:41 ┐
    printed             12:00    ┘ the seconds are cut off: 12:00:30 is meant, so -11 s

One line proves little: the printer may be slow, or a line held back while the cable was out. So the
median of the last lines counts, and of lines that come in one burst only the first.
"""

from collections import deque
from datetime import timedelta
from zoneinfo import ZoneInfo

from drivers.contract import Moment
from drivers.events import DeviceState
from drivers.panasonic.record import LIMIT, Line

TOO_FAR = 180.0
"""Seconds of skew that raise the alarm. Cut seconds and slow lines stay well under it, and from it
on a printed minute names the wrong moment to whoever compares it with another record."""
NEAR_ENOUGH = 120.0
"""Seconds under which the alarm is over, so that it does not come and go."""
LINES = 9
FEWEST = 5
BURST = 5.0
"""Seconds: lines closer together were held back, or are legs of one call."""
_HALF_MINUTE = timedelta(seconds=30)


class Skew:
    """The clock of one exchange against ours. `alarmed` outlives a restart in the memory."""

    def __init__(self, *, time_is_start: bool, alarmed: bool) -> None:
        self.alarmed = alarmed
        self._time_is_start = time_is_start
        self._gaps: deque[float] = deque(maxlen=LINES)
        self._last_line: float | None = None

    @property
    def seconds(self) -> float | None:
        """How far the exchange is ahead (behind: negative); None until enough lines told."""
        if len(self._gaps) < FEWEST:
            return None
        ordered, half = sorted(self._gaps), len(self._gaps) // 2
        return (ordered[half] + ordered[~half]) / 2  # the median; `statistics` takes 240 kB

    def note(self, line: Line, now: Moment, zone: ZoneInfo) -> None:
        """Take a line that came at `now` to a site in `zone`."""
        burst = self._last_line is not None and now.monotonic - self._last_line < BURST
        self._last_line = now.monotonic
        if burst or not (now.live and now.trusted) or line.printed is None:
            return
        local = now.utc.astimezone(zone).replace(tzinfo=None)
        if self._time_is_start and line.talk_seconds:
            if line.talk_seconds == LIMIT:
                return
            local -= timedelta(seconds=line.talk_seconds)
        self._gaps.append((line.printed + _HALF_MINUTE - local).total_seconds())

    def told(self) -> list[DeviceState]:
        """The alarm when it begins or is over."""
        off = self.seconds
        if off is None:
            return []
        if not self.alarmed and abs(off) > TOO_FAR:
            self.alarmed = True
            way = "ahead" if off > 0 else "behind"
            advice = (
                f"The exchange's clock is {round(abs(off) / 60)} minutes {way}: set its date and"
                " time."
            )
            return [DeviceState("alarm", "clock-skew", advice)]
        if self.alarmed and abs(off) < NEAR_ENOUGH:
            self.alarmed = False
            return [
                DeviceState("online", "clock-skew-over", "The exchange's clock is right again.")
            ]
        return []
