"""Which days of a site are unlike their day of the week: rest days and official holidays.

    Iran    Saturday … Wednesday, Thursday until noon, Friday off
            + solar holidays: fixed days of the Jalali calendar, certain
            + lunar holidays: fixed days of the lunar calendar, `perhaps` with the day before and
              after, because the moon's sighting moves them by one
            + 5 to 11 Farvardin: not official, but many offices stay closed: `perhaps`

Both calendars are computed, so that no table runs out in a box that nobody touches: the Jalali one
by its 33-year cycle (right from 1178 to 1633), the lunar one by the arithmetical 30-year cycle,
which is within one day of the days proclaimed. A library would know the proclaimed days of past
years, but costs 14 MB on the card and 19 MB of memory, and estimates the coming ones as we do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Literal

DayKind = Literal["usual", "holiday", "perhaps"]

_SOLAR = {
    (1, 1),  # Nowruz, four days
    (1, 2),
    (1, 3),
    (1, 4),
    (1, 12),  # Islamic Republic Day
    (1, 13),  # Nature's Day
    (3, 14),  # Death of Imam Khomeini
    (3, 15),  # Uprising of 15 Khordad
    (11, 22),  # Islamic Revolution Day
    (12, 29),  # Nationalization of the oil industry
    (12, 30),  # last day of a leap year
}
"""(month, day) of the Jalali calendar."""

_SPRING = {(1, day) for day in range(5, 12)}

_LUNAR = (
    (1, 9),  # Tasua
    (1, 10),  # Ashura
    (2, 20),  # Arbaeen
    (2, 28),  # Death of the Prophet
    (2, 29),  # Martyrdom of Imam Reza, the last day of the month
    (3, 8),  # Martyrdom of Imam Hasan al-Askari
    (3, 17),  # Birth of the Prophet
    (6, 3),  # Martyrdom of Fatima
    (7, 13),  # Birth of Imam Ali
    (7, 27),  # Mabas
    (8, 15),  # Birth of Imam Mahdi
    (9, 21),  # Martyrdom of Imam Ali
    (10, 1),  # Fitr, two days
    (10, 2),
    (10, 25),  # Martyrdom of Imam Sadiq
    (12, 10),  # Adha
    (12, 18),  # Ghadir
)
"""(month, day) of the lunar calendar."""

_JALALI_EPOCH = 226895
_LUNAR_EPOCH = 227014
"""The ordinal of the day before 1 Muharram of the year 1."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """The week and the holidays of a country. Days of the week as in `date.weekday()`.

    off_day: nobody works. half_day: nobody works from the hour `half_until` on; None without one.
    kind: what a date is; a holiday is lived like an `off_day`, and `perhaps` is one or is not.
    """

    off_day: int
    half_day: int | None
    half_until: int
    kind: Callable[[date], DayKind]

    def worked(self, day: date, hour: int) -> bool:
        """Whether an office is likely to be open, as far as the calendar tells."""
        if day.weekday() == self.off_day or self.kind(day) != "usual":
            return False
        return day.weekday() != self.half_day or hour < self.half_until


def calendar_of(timezone: str) -> Calendar:
    """The calendar that goes with a time zone's IANA name; outside Iran one without holidays."""
    return IRAN if timezone in {"Asia/Tehran", "Iran"} else ELSEWHERE


@lru_cache(maxsize=64)
def iranian(day: date) -> DayKind:
    """What the official calendar of Iran says of a date."""
    jalali = _jalali(day)
    if jalali in _SOLAR:
        return "holiday"
    return "perhaps" if jalali in _SPRING or _near_lunar(day) else "usual"


def _jalali(day: date) -> tuple[int, int]:
    """(month, day): six months of 31 days, then of 30."""
    year = day.year - 621
    if day.toordinal() < _nowruz(year):
        year -= 1
    number = day.toordinal() - _nowruz(year)
    if number < 186:
        return number // 31 + 1, number % 31 + 1
    return (number - 186) // 30 + 7, (number - 186) % 30 + 1


def _nowruz(year: int) -> int:
    """The ordinal of 1 Farvardin; eight leap years in 33."""
    return _JALALI_EPOCH + 365 * (year - 1) + (8 * year + 21) // 33


def _near_lunar(day: date) -> bool:
    ordinal = day.toordinal()
    year = (ordinal - _LUNAR_EPOCH) * 30 // 10631 + 1
    return any(
        abs(ordinal - _lunar(near, *holiday)) <= 1
        for near in (year - 1, year, year + 1)
        for holiday in _LUNAR
    )


def _lunar(year: int, month: int, day: int) -> int:
    """The ordinal of a lunar date: months of 30 and 29 days in turn, eleven leap years in 30."""
    return _LUNAR_EPOCH + 354 * (year - 1) + (11 * year + 3) // 30 + (59 * month - 58) // 2 + day


IRAN = Calendar(off_day=4, half_day=3, half_until=13, kind=iranian)
ELSEWHERE = Calendar(off_day=6, half_day=None, half_until=0, kind=lambda _: "usual")
