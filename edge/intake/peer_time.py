"""What time it is at the CRM, from the Date header of its answers.

    our monotonic clock   ──sent──────────────received──▶
    the CRM's clock                ▲ Date: whole seconds, cut off

The header was written after we sent and before we received, so each answer tells an interval for
the distance between the two clocks: as wide as the round trip and one second more. Intervals of
many answers have in common what is true, and the shortest round trip narrows it most. With age the
interval widens, since our crystal drifts.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

DRIFT = 50e-6
"""Seconds by which a second of ours may be wrong: a cheap crystal in a warm box."""
PRECISE = 2.0
"""Seconds: with a larger error nobody's word for the time is good enough."""
EARLIEST = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
LATEST = datetime(2056, 1, 1, tzinfo=UTC).timestamp()
"""No CRM can be older than this program, and no box lasts so long: what lies outside is the time of
a server without a clock, or of one whose clock was set by a slip of the hand."""


@dataclass(frozen=True, slots=True)
class PeerTime:
    """What a CRM's clock showed, to the second, between two monotonic times of ours."""

    said: datetime
    sent: float
    received: float


@dataclass(frozen=True, slots=True)
class _Interval:
    """True time less monotonic time lies between these, known at monotonic `at`."""

    low: float
    high: float
    at: float

    def later(self, at: float) -> "_Interval":
        wider = max(0.0, at - self.at) * DRIFT
        return _Interval(self.low - wider, self.high + wider, at)

    def common(self, other: "_Interval") -> "_Interval | None":
        low, high = max(self.low, other.low), min(self.high, other.high)
        return _Interval(low, high, self.at) if low <= high else None


class PeerClock:
    """The CRM's clock as far as its answers tell."""

    def __init__(self) -> None:
        self._known: _Interval | None = None
        self._doubt: _Interval | None = None

    def hear(self, heard: PeerTime) -> None:
        """Take an answer. One that contradicts all others must be borne out by the next."""
        said = heard.said.timestamp()
        if not EARLIEST <= said < LATEST:
            return
        new = _Interval(said - heard.received, said + 1 - heard.sent, heard.received)
        for before in (self._known, self._doubt):
            if before and (common := before.later(new.at).common(new)):
                self._known, self._doubt = common, None
                return
        if self._known is None:
            self._known = new
        self._doubt = new

    def offset(self, monotonic: float) -> float | None:
        """Seconds from monotonic to true time; None when it is not known to two seconds."""
        if self._known is None:
            return None
        now = self._known.later(monotonic)
        return (now.low + now.high) / 2 if now.high - now.low <= 2 * PRECISE else None
