"""The date and time that an exchange prints: two-digit parts in an order that no line tells.

    01/02/07 20:12     02/01/07 08:12PM     07/02/01     ` 2/ 1/07  8:12PM`     **/**/** **:****

Rules (design section 5): start from the layout's usual order; change on an impossible date, or,
live, when another order lies within two days of a trusted clock; then it stays.
"""

import re
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from drivers.contract import Moment
from drivers.panasonic.models import Order

_NEAR = timedelta(days=2)
_FALLBACK = datetime(2025, 1, 1)  # noqa: DTZ001 - as printed, until the clock was told
_PARTS = re.compile(r"\s*(\d{1,2})[/.-]\s?(\d{1,2})[/.-](\d\d)")
_ORDERS: dict[Order, tuple[int, int, int]] = {"dmy": (2, 1, 0), "mdy": (2, 0, 1), "ymd": (0, 1, 2)}


class PrintedTime:
    """Reads printed times; learns the order of the date. `order` may be set from a memory."""

    def __init__(self, order: Order, *, order_is_set: bool, clock: str) -> None:
        self.order: Order = order
        self._order_is_set = order_is_set
        self._clock = clock
        self._moment: tuple[Moment, ZoneInfo] | None = None
        self._local = _FALLBACK
        self._now: datetime | None = None
        self._date: tuple[str, bool] = ("", False)
        self._day: tuple[int, int, int] | None = None

    def tick(self, now: Moment, zone: ZoneInfo) -> None:
        """Set the time at the site; only a live and trusted one may teach."""
        self._moment = now, zone

    def read(self, date: str, time: str) -> datetime | None:
        """The printed time, local and without zone; None for stars or an impossible date."""
        clock = self._time_of_day(time)
        if clock is None:
            return None
        seen = date, self._teaches()
        if self._date != seen:
            self._date = seen
            self._look_at_clock()
            value = self._read_date(date, clock)
            self._day = None if value is None else (value.year, value.month, value.day)
        if self._day is None:
            return None
        return datetime(*self._day, *clock)  # noqa: DTZ001 - printed without a zone

    def _teaches(self) -> bool:
        return self._moment is not None and self._moment[0].live and self._moment[0].trusted

    def _look_at_clock(self) -> None:
        if self._moment is not None:
            now, zone = self._moment
            self._local = now.utc.astimezone(zone).replace(tzinfo=None)
            self._now = self._local if self._teaches() else None

    def _read_date(self, date: str, clock: tuple[int, int]) -> datetime | None:
        """The order of a date is looked at once for each new date."""
        parts = _PARTS.fullmatch(date)
        if parts is None:
            return None
        numbers = (int(parts[1]), int(parts[2]), int(parts[3]))
        value = _date(numbers, self.order, clock)
        if self._order_is_set or (value is not None and self._is_near(value)):
            return value
        return self._change_order(numbers, clock, value)

    def _is_near(self, value: datetime) -> bool:
        """Whether a date can be right: any can when no live, trusted clock says otherwise."""
        return self._now is None or abs(value - self._now) <= _NEAR

    def _change_order(
        self, numbers: tuple[int, int, int], clock: tuple[int, int], value: datetime | None
    ) -> datetime | None:
        """Take another order if it lies near the clock, or if the date is impossible in this.

        Of several that an impossible date allows, the one nearest to whatever clock there is.
        """
        others = [
            (order, other)
            for order in _ORDERS
            if order != self.order and (other := _date(numbers, order, clock)) is not None
        ]
        if self._now is not None:
            near = [found for found in others if self._is_near(found[1])]
            if near or value is not None:
                others = near
        if others:
            self.order, value = min(others, key=lambda found: abs(found[1] - self._local))
        return value

    def _time_of_day(self, text: str) -> tuple[int, int] | None:
        """Hours and minutes of `20:12`, `08:12PM`, or a mark in another alphabet.

        The Russian marks are two equal letters after noon and two different ones before it
        (reference 2, sample of a KX-T1232), whatever the code page.
        """
        hands = _hands(text)
        if hands is None:
            return None
        hour, minute, mark = hands
        if mark and self._clock != "24":
            afternoon = mark == "PM" or (mark != "AM" and len(mark) == 2 and mark[0] == mark[1])
            hour = hour % 12 + 12 * afternoon
        elif self._clock == "12":
            hour = self._nearer_half(hour % 12, minute)
        return (hour, minute) if hour < 24 and minute < 60 else None

    def _nearer_half(self, hour: int, minute: int) -> int:
        """Without a readable mark, the half of the day that is nearer to the clock."""
        self._look_at_clock()
        if self._now is None:
            return hour
        now = self._now.hour * 60 + self._now.minute
        away = [abs((now - (h * 60 + minute) + 720) % 1440 - 720) for h in (hour, hour + 12)]
        return hour if away[0] <= away[1] else hour + 12


@lru_cache(maxsize=128)
def _hands(text: str) -> tuple[int, int, str] | None:
    """Hour, minute and mark as printed."""
    hours, colon, rest = text.partition(":")
    if not colon or not hours.strip().isdecimal() or not rest[:2].isdecimal():
        return None
    return int(hours), int(rest[:2]), rest[2:].strip()


def possible_orders(date: str) -> set[Order]:
    """The orders in which a printed date is one at all; none for stars."""
    parts = _PARTS.match(date)
    if parts is None:
        return set()
    numbers = (int(parts[1]), int(parts[2]), int(parts[3]))
    return {order for order in _ORDERS if _date(numbers, order, (0, 0)) is not None}


def _date(numbers: tuple[int, int, int], order: Order, clock: tuple[int, int]) -> datetime | None:
    year, month, day = _ORDERS[order]
    try:
        return datetime(2000 + numbers[year], numbers[month], numbers[day], *clock)  # noqa: DTZ001 - printed without a zone
    except ValueError:
        return None
