"""The columns that an exchange prints, one regular expression each.

tda-a, 80 columns:

      Date     Time    Ext CO        Dial Number        Ring Duration  Acc code  CD
    01/02/07 20:13     109 04 <I>04220000050            0'06 00:00'12            TR

tda-b, 80 columns with cost, no ring:

      Date     Time   Ext CO Dial Number          Duration Cost       Acc code   CD
    27/11/06 08:58    125 01 <I>                  00:00'37   00000.00            TR

tda-c, 120 columns:

    Date     Time    Ext   CO   Dial Number        ...        Ring Duration Cost       Acc code  CD
    04/01/07 09:35     102 0001 <I>                ...        0'00 00:00'09    00000.00

ta, 80 columns; the first star marks a leg that received a transferred call:

      Date      Time  Ext. CO      Dial number                      Duration  Code
    12/19/06 * 3:20PM  11  04   <    incoming    >350000            00:00'48" ....

Dots in the account column are fill. A line that lost trailing blanks is padded; one that lost
others is read by `LOOSE`. Stars stand where the exchange's clock was changed during the call.
Columns: reference sections 2 and 3, each checked there against logged lines.
"""

import re
from dataclasses import dataclass

from drivers.panasonic.models import LayoutName

_DATE = r"(?P<date>[\d* ][\d*][/.-][\d* ][\d*][/.-][\d*][\d*])"
_TALK = r"(?P<talk> {8}|[\d* ][\d*]:[\d*]{2}'[\d*]{2})"
_RING = r"(?P<ring> {4}|[\d* ][\d*]?'[\d*]{2}|\*{4})"


@dataclass(frozen=True, slots=True)
class Layout:
    """One layout: its full width, and an expression whose groups are its columns.

    They are date, mark, time, extension, line, dial, ring, talk, account, condition, always in this
    order; one that a layout lacks is empty.
    """

    name: LayoutName
    width: int
    columns: re.Pattern[str]


LAYOUTS: dict[LayoutName, Layout] = {
    "tda-a": Layout(
        "tda-a",
        80,
        re.compile(
            rf"{_DATE} (?P<mark>)(?P<time>.{{7}}) (?P<extension>.{{5}}) (?P<line>[ \d]{{2}})"
            rf" (?P<dial>(?! ).{{25}}| {{25}}) {_RING} {_TALK} (?P<account>.{{10}})"
            r" (?P<condition>[A-Z* ][A-Z0-9 ][\d ])"
        ),
    ),
    "tda-b": Layout(
        "tda-b",
        80,
        re.compile(
            rf"{_DATE} (?P<mark>)(?P<time>.{{7}})(?P<extension>.{{5}}) (?P<line>[ \d]{{2}})"
            rf" (?P<dial>(?! ).{{20}}| {{20}}) (?P<ring>){_TALK} .{{10}} (?P<account>.{{10}})"
            r" (?P<condition>[A-Z* ][A-Z0-9 ][\d ])"
        ),
    ),
    "tda-c": Layout(
        "tda-c",
        120,
        re.compile(
            rf"{_DATE} (?P<mark>)(?P<time>.{{7}}) (?P<extension>.{{5}}) (?P<line>[ \d]{{4}})"
            rf" (?P<dial>(?! ).{{50}}| {{50}}) {_RING} {_TALK} .{{11}} (?P<account>.{{10}})"
            r" (?P<condition>[A-Z* ][A-Z0-9 ][\d ][\d ])"
        ),
    ),
    "ta": Layout(
        "ta",
        80,
        re.compile(
            rf"{_DATE} (?P<mark>[ *])(?P<time>.{{7}})(?P<extension>.{{5}}) (?P<line>[ \d]{{2}})"
            rf" (?P<dial>.{{37}}) (?P<ring>)(?P<talk> {{9}}|[\d* ][\d*]:[\d*]{{2}}'[\d*]{{2}}\")"
            r" (?P<account>.{4}) (?P<condition>[\d ])"
        ),
    ),
}

LOOSE = re.compile(
    r"""\s*(?P<date>[\d*]{1,2}[/.-]\s?[\d*]{1,2}[/.-][\d*]{2})\s+(?P<mark>\*?)\s*
        (?P<time>[\d*]{1,2}:[\d*]{2}(?:[AP]M|[^\s\d]{2})?)\s+
        (?:(?P<extension>[\dA-Z*][\w-]{1,4})\s+)??
        (?:(?P<line>\d{2}|\d{4})\s+)?
        (?P<dial><.*?|EXT\s?\d+|[\d.*\#FP=X/-]+)
        (?:\s+(?P<ring>\d'\d\d))?
        (?:\s+(?P<talk>\d\d:\d\d'\d\d)"?)?
        (?:\s+(?P<account>[\d.]+))??
        (?:\s+(?P<condition>[A-Z][A-Z0-9]))?\s*""",
    re.VERBOSE,
)
"""A line whose blanks were trimmed or collapsed on the way: the same fields in the same order."""

_HEADING = re.compile(r"(?i)date\s.*(?:time|ext).*dial")
_DIGIT = re.compile(r"\d")
_RULE = re.compile(r"[\s\x0c]*[-*]{10,}.*")


def heading(text: str) -> LayoutName | None:
    """Which layout a page heading announces, or None when the line is not a heading."""
    if not _HEADING.search(text):
        return None
    if "Ext." in text:
        return "ta"
    if "Cost" in text:
        return "tda-c" if "Ring" in text else "tda-b"
    return "tda-a"


def is_noise(text: str) -> bool:
    """Whether a line is known not to be a record.

    Rules of dashes or stars, modem strings, the exchange's error log, and any line without a digit
    (a heading in the exchange's own language).
    """
    return (
        bool(_RULE.match(text))
        or text.startswith("AT")
        or " MN ALM " in text
        or not _DIGIT.search(text)
    )
