"""Moments as a person reads them: Jalali in Persian, in the branch's own time zone.

    fa   شنبه ۱ فروردین ۱۴۰۵، ساعت ۱۱:۳۵        en   Saturday 21 March 2026, 11:35

The day of a Persian calendar is jdatetime's; what browsers make of their own time zone tables does
not matter, since text goes out, and the UTC moment beside it in <time datetime>.
"""

import re
from datetime import date, datetime, tzinfo

import jdatetime  # type: ignore[import-untyped]

from edge.local.persian import persian

MONTHS = (
    "فروردین",
    "اردیبهشت",
    "خرداد",
    "تیر",
    "مرداد",
    "شهریور",
    "مهر",
    "آبان",
    "آذر",
    "دی",
    "بهمن",
    "اسفند",
)
WEEKDAYS = ("شنبه", "یکشنبه", "دوشنبه", "سه‌شنبه", "چهارشنبه", "پنجشنبه", "جمعه")
"""From Saturday, on which the week begins."""
_FIRST_GREGORIAN = 1700
_DAY = re.compile("([0-9]{1,4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})")


def long_date(moment: datetime, zone: tzinfo, language: str) -> str:
    """Weekday, day, month, year and time."""
    here = moment.astimezone(zone)
    if language == "fa":
        jalali = jdatetime.datetime.fromgregorian(datetime=here)
        day = f"{WEEKDAYS[jalali.weekday()]} {jalali.day} {MONTHS[jalali.month - 1]} {jalali.year}"
        return persian(f"{day}، ساعت {here:%H:%M}")
    return f"{here:%A} {here.day} {here:%B %Y, %H:%M}"


def short_date(moment: datetime, zone: tzinfo, language: str) -> str:
    """For a column: `۱۴۰۵/۰۱/۰۱ ۱۱:۳۵`, `2026-03-21 11:35`."""
    here = moment.astimezone(zone)
    if language == "fa":
        return persian(f"{jdatetime.date.fromgregorian(date=here.date()):%Y/%m/%d} {here:%H:%M}")
    return f"{here:%Y-%m-%d %H:%M}"


def parsed_day(text: str) -> date | None:
    """The day that a person typed, Jalali before 1700: 1405/01/31, 2026-03-21; None if unread."""
    found = _DAY.fullmatch(text)
    if found is None:
        return None
    year, month, day = (int(part) for part in found.groups())
    try:
        if year < _FIRST_GREGORIAN:
            gregorian: date = jdatetime.date(year, month, day).togregorian()
            return gregorian
        return date(year, month, day)
    except ValueError:
        return None
