"""When a device usually has calls, and whether its silence is longer than chance explains.

    hour of the week      Mo 00  Mo 01  …  Su 23        168 cells, local time of the site
    calls in it             0.2    0.1  …  41.2         what is older counts less: half of it goes
    hours listened to       5.8    5.8  …   5.1         in four weeks

Calls that know nothing of each other come at random around a rate, calls / (hours + 1) in each cell
(the hour added is one without calls, so that little experience claims little). While E calls were
to be expected, none comes with the chance exp(-E). Among the n gaps between calls that a quarter of
a year has, chance makes less than one in ten such quarters as long as this where

    E / 1.5  >=  ln(10 n)      and at least a quarter of an hour was listened to,

and then the device is quiet beyond its habit. The 1.5 pays for calls that come in clumps and for
whole days that are slow. So two thousand calls a day are missed after a quarter of an hour, a
hundred after two hours of work, thirty within one working day, five after three to five; nights and
Fridays, where little is expected, count for nothing. A call or two a week are hardly ever missed.

Only time in which somebody looked counts, and teaches: what the box slept through, or when it had
no link, is nothing that the device did. While it is quiet beyond its habit nothing is learned, so
that a dead device does not become usual. Holidays are lived and learned as rest days; on a day that
is perhaps one, nothing is learned and the lower of both rates is expected. Either becomes a working
day when more calls came since midnight than a rest day explains. Summer time needs nothing: cells
go by the local clock, and time by UTC.

For two weeks nothing is known of a new device. It is quiet then after 96 hours of days on which an
office works, and not before; with one call a day three days without one are no wonder.
"""

import struct
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import log
from zoneinfo import ZoneInfo

import msgspec

from drivers.contract import Moment
from edge.checks.holidays import DayKind, calendar_of

LOOK_SECONDS = 600.0
"""`silence` must be asked more often than this; a longer pause is time that nobody listened."""
LEAST_SECONDS = 900.0
"""A shorter silence never counts, however many calls were expected: a restart takes minutes."""
NEW = timedelta(days=14)
"""For so long after its first moment a device is new."""
NEW_SECONDS = 96 * 3600.0
"""Working time after which a new device, or one that never had a call, is quiet."""

_DAY = timedelta(days=1)
_CELLS = 168
_HALF_LIFE_DAYS = 28.0
_QUARTER_WEEKS = 13.0
_RARE = 10.0
_CLUMPS = 1.5
_CLUMP_SECONDS = 5.0
"""A call so soon after another one shows life and is not counted: it may be the same caller."""
_MOST = 65000.0
_STRAY, _MORE = 2, 4.0
"""Calls that a rest day may have without a habit of it, and by what factor more than its habit."""
_ROW = struct.Struct(f"<{_CELLS}e")


@dataclass(frozen=True, slots=True)
class Silence:
    """A device is quiet beyond its habit, until its next call.

    since: its last call, None when it never had one. expected: how many calls usually come in such
    a time, None where that is not known and the plain limit of a new device was passed.
    """

    since: datetime | None
    expected: float | None


class _Now(msgspec.Struct, array_like=True):
    """What changes with every look.

    first, last: the first look, the last call. through: time is
    counted up to there. aged: the day up to which what is old was made to count less. expected,
    listened, worked: calls, seconds and working seconds since the last call. day, came, resting: a
    local date (ordinal), its calls so far, and how many it would have had on a rest day.
    """

    first: datetime | None = None
    last: datetime | None = None
    through: datetime | None = None
    aged: datetime | None = None
    expected: float = 0.0
    listened: float = 0.0
    worked: float = 0.0
    day: int = 0
    came: int = 0
    resting: float = 0.0
    quiet: Silence | None = None


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    """All of it; calls and hours are 168 half precision floats each."""

    calls: bytes
    hours: bytes
    now: _Now


class Habit:
    """The habit of one device. Pure: time is fed, nothing is read.

    zone: the site's. While the device's link is up, and only then: `silence` every minute, and
    `note` once for each call, best when it ends (several events of one call are no news to each
    other). `kept` every hour or when it suits: about 750 bytes; what was learned since is lost.
    """

    def __init__(self, zone: ZoneInfo, kept: bytes = b"") -> None:
        """Take up what `kept` gave; what cannot be read, of another version, begins anew."""
        self._zone = zone
        self._calendar = calendar_of(zone.key)
        self._calls = [0.0] * _CELLS
        self._hours = [0.0] * _CELLS
        self._now = _Now()
        with suppress(msgspec.DecodeError, struct.error):
            found = msgspec.msgpack.decode(kept, type=_Kept)
            calls, hours = _ROW.unpack(found.calls), _ROW.unpack(found.hours)
            self._calls, self._hours, self._now = list(calls), list(hours), found.now

    def note(self, at: Moment) -> None:
        """The device had a call. A replayed one, or one at an unknown time, only ends a silence."""
        cell = self._advance(at)
        state = self._now
        again = state.last is not None and state.listened < _CLUMP_SECONDS
        if at.trusted and at.live and not again:
            state.came += 1
        if cell is not None and at.live and not again:
            self._calls[cell] = min(_MOST, self._calls[cell] + 1.0)
        if at.trusted and at.live:
            state.last = at.utc
        state.expected = state.listened = state.worked = 0.0
        state.quiet = None

    def silence(self, now: Moment) -> Silence | None:
        """What it is now, None while all is usual. With an untrusted clock what it was before."""
        self._advance(now)
        state = self._now
        if now.trusted and state.quiet is None:
            if self._is_new(now.utc):
                if state.worked >= NEW_SECONDS:
                    state.quiet = Silence(state.last, None)
            elif state.listened >= LEAST_SECONDS and state.expected >= self._unlikely():
                state.quiet = Silence(state.last, round(state.expected, 1))
        return state.quiet

    def kept(self) -> bytes:
        """The state, for `Habit(zone, kept)` after a restart."""
        calls, hours = _ROW.pack(*self._calls), _ROW.pack(*self._hours)
        return msgspec.msgpack.encode(_Kept(calls, hours, self._now))

    def _advance(self, now: Moment) -> int | None:
        """Count the time since the last look; the cell of now, None where nothing is learned."""
        state = self._now
        if not now.trusted:
            state.through = None
            return None
        seconds = (now.utc - state.through).total_seconds() if state.through else 0.0
        state.through = now.utc
        if state.first is None or state.first > now.utc:
            state.first = now.utc
        self._age(now.utc)
        local = now.utc.astimezone(self._zone)
        rest = self._calendar.off_day * 24 + local.hour
        hours = seconds / 3600.0 if 0.0 < seconds < LOOK_SECONDS else 0.0
        self._live_through(local.date(), hours * self._rate(rest))
        cell = local.weekday() * 24 + local.hour
        rate = self._rate(cell)
        learned: int | None = cell
        if not self._is_worked(kind := self._calendar.kind(local.date())):
            rate = min(rate, self._rate(rest))
            learned = rest if kind == "holiday" else None
        state.listened += hours * 3600.0
        state.expected += hours * rate
        if self._calendar.worked(local.date(), local.hour):
            state.worked += hours * 3600.0
        if learned is not None and state.quiet is None:
            self._hours[learned] += hours
        return learned

    def _live_through(self, day: date, resting: float) -> None:
        state = self._now
        if state.day != day.toordinal():
            state.day, state.came, state.resting = day.toordinal(), 0, 0.0
        state.resting += resting

    def _is_worked(self, kind: DayKind) -> bool:
        state = self._now
        return kind == "usual" or state.came > _STRAY + _MORE * state.resting

    def _age(self, now: datetime) -> None:
        state = self._now
        if state.aged is None or state.aged > now:
            state.aged = now
        days = (now - state.aged) // _DAY
        if days:
            left = 0.5 ** (days / _HALF_LIFE_DAYS)
            self._calls = [calls * left for calls in self._calls]
            self._hours = [hours * left for hours in self._hours]
            state.aged += days * _DAY

    def _rate(self, cell: int) -> float:
        """Calls in an hour."""
        return self._calls[cell] / (self._hours[cell] + 1.0)

    def _unlikely(self) -> float:
        """So many expected calls that did not come are no chance."""
        gaps = _QUARTER_WEEKS * sum(self._rate(cell) for cell in range(_CELLS))
        return _CLUMPS * log(_RARE * max(1.0, gaps))

    def _is_new(self, now: datetime) -> bool:
        state = self._now
        return state.last is None or state.first is None or now - state.first < NEW
