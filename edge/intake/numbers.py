"""From a number as the device printed it to what the CRM gets: number, number_raw, number_status.

    printed    ␣F/9=0912 000 1122*4711   outgoing      +98 (912) 000-1122   incoming
    cut        ␣F/9=0912 000 1122                      nothing was keyed after it
    digits          09120001122                        989120001122, with a plus
    readings   without the release code, then as it stands; each rule in its order
    Number     +989120001122, raw F/9=0912 000 1122, ok

A reading says what a string of digits means and how many of them are the number; `iran` has the
rules of country 98, `numbering` those of every other. Only what somebody dialled here can carry a
release code or digits keyed after the number; both leave the number, the latter leave the raw text
too, because they may be a PIN. A number is not dropped because the library does not list its
range: national length is enough for `ok`. A code that only works inside its country (110, 9601)
is `short`, with the number null.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from drivers.events import Direction, NumberTold

if TYPE_CHECKING:
    from edge.intake.numbering import Home, Passes, Reading, Rules

Status = Literal[
    "ok", "short", "extension", "withheld", "unavailable", "masked", "unreliable", "unparsed"
]

_LONGEST_TEXT = 128  # no device prints more; bounds the work on garbage
_FEWEST_DIGITS = 3
_WITHHELD = frozenset({"", "p", "private", "anonymous", "withheld", "restricted"})
_UNAVAILABLE = frozenset({"o", "unavailable", "unknown", "<unknown>", "out of area"})

# What an exchange prints in front of a dialled number: flash, and the host exchange's access code
# before `=` or a pause. A code before a pause is short: in `110P1` the 110 is the number.
_IN_FRONT = re.compile(r"(?:F/)*(?:\d{1,4}=P*|\d{1,2}P+)?")
_SECRET = re.compile(r"[^-*#X]*(?:[.]|\dX)")  # secret dialling; last digits hidden for privacy
_END_OF_DIALLED = re.compile(r"[-*#X]")
_TONES = frozenset("ABCDabcd")  # nobody has such keys: the detector misread a digit
_FALSE_TONES = re.compile(r"(?=.*\d)(?=.*[A-D])[\dA-D\s]+", re.IGNORECASE | re.DOTALL)


class NumberPlan(Struct, frozen=True, kw_only=True):
    """How numbers look at one telephone system.

    `release_codes` are dialled to get a line and may be printed in front of the number.
    `country_code` without plus; `area_code` with or without the trunk 0, empty where 8 digits
    alone must not become a number (SMS senders). `extension_lengths` in digits.
    """

    release_codes: tuple[str, ...] = ()
    country_code: str = "98"
    area_code: str = ""
    extension_lengths: tuple[int, ...] = ()


class Number(Struct, frozen=True):
    """`number` is E.164 with its plus, or None. `raw` is as printed and ends where it was cut."""

    number: str | None
    raw: str | None
    status: Status


@dataclass(frozen=True, slots=True)
class _Digits:
    """ASCII digits found in a text, where each one ends, and where reading stopped.

    Blanks, brackets and bidi marks are passed over, in `loose` text dashes and dots too; any
    other sign ends the number.
    """

    text: str
    ends: tuple[int, ...]
    stop: int
    plus: bool


def normalize(
    printed: str | None,
    direction: Direction,
    plan: NumberPlan,
    *,
    masked: bool = False,
    told: NumberTold | None = None,
) -> Number:
    """Read one number; never raises on any text.

    `printed`, `masked` and `told` are the fields of `drivers.events.Call`. Costs about a
    microsecond for a number seen lately, else below a tenth of a millisecond; the first call of a
    process loads the library of number plans.
    """
    if told is not None:
        return Number(None, (printed or "")[:_LONGEST_TEXT].strip() or None, told)
    return _normalize(printed, direction, plan, masked)


@lru_cache(maxsize=256)
def _normalize(printed: str | None, direction: Direction, plan: NumberPlan, masked: bool) -> Number:  # noqa: FBT001 - a fact of the call, part of the cache's key
    text = (printed or "")[:_LONGEST_TEXT].strip()
    if masked:
        return Number(None, _cut(text), "masked")
    if direction == "incoming":
        return _incoming(text, plan)
    if direction == "internal":
        return Number(None, _cut(text), "extension")
    return _outgoing(text, plan)


def _incoming(text: str, plan: NumberPlan) -> Number:
    """A caller ID: no release code, nothing keyed after it, so that raw stays whole if unread."""
    word = text.casefold()
    if word in _WITHHELD:
        return Number(None, text or None, "withheld")
    if word in _UNAVAILABLE:
        return Number(None, text, "unavailable")
    digits = _digits(text, 0, loose="-.")
    if _FALSE_TONES.fullmatch(text):
        return Number(None, text, "unreliable")
    rules, home = _rules(plan)
    reading = _first((digits.text,), rules.with_plus if digits.plus else rules.incoming, home)
    if reading is not None:
        return Number(reading.number, text[: digits.stop].rstrip(), reading.status)
    return Number(None, text, "unreliable" if _too_few(digits) else "unparsed")


def _outgoing(text: str, plan: NumberPlan) -> Number:
    """What somebody dialled: the raw text never goes beyond the number, read or not."""
    if not text:
        return Number(None, None, "unavailable")
    if _SECRET.match(text):
        return Number(None, _cut(text), "masked")
    front = _IN_FRONT.match(text)
    start = front.end() if front else 0
    digits = _digits(text, start, loose="")
    if text[digits.stop : digits.stop + 1] in _TONES:
        return Number(None, _raw(text, digits, len(digits.text)), "unreliable")
    rules, home = _rules(plan)
    candidates, passes = _candidates(digits, plan), rules.outgoing
    if digits.plus:
        candidates, passes = (digits.text,), rules.with_plus_dialled
    elif start and text[start - 1] != "/":
        candidates, passes = (digits.text,), rules.behind_host
    reading = _first(candidates, passes, home)
    if reading is None:
        count = len(digits.text)
        kept = max(count - len(rest) + rules.longest(rest, home) for rest in candidates)
        status: Status = "unreliable" if _too_few(digits) else "unparsed"
        return Number(None, _raw(text, digits, kept), status)
    kept = len(digits.text) - reading.left_over
    return Number(reading.number, _raw(text, digits, kept), reading.status)


def _candidates(digits: _Digits, plan: NumberPlan) -> tuple[str, ...]:
    """Without a release code (the longest that fits first, one at most), then as it stands."""
    text = digits.text
    if text in plan.release_codes:
        return ("",)
    codes = sorted(filter(None, plan.release_codes), key=len, reverse=True)
    return (*(text[len(code) :] for code in codes if text.startswith(code)), text)


def _first(candidates: Sequence[str], passes: "Passes", home: "Home") -> "Reading | None":
    for rules in passes:
        for candidate in candidates:
            for rule in rules:
                reading = rule(candidate, home)
                if reading is not None:
                    return reading
    return None


def _digits(text: str, start: int, *, loose: str) -> _Digits:
    rest = text[start:]
    if rest.isascii() and rest.isdigit():  # as nearly all are
        return _Digits(rest, tuple(range(start + 1, len(text) + 1)), len(text), plus=False)
    found: list[str] = []
    ends: list[int] = []
    plus = False
    stop = len(text)
    for index, sign in enumerate(rest, start):
        if sign.isdecimal():
            found.append(str(unicodedata.decimal(sign)))
            ends.append(index + 1)
        elif sign == "+" and not found:
            plus = True
        elif not (sign.isspace() or sign in "()[]" + loose or unicodedata.category(sign) == "Cf"):
            stop = index
            break
    return _Digits("".join(found), tuple(ends), stop, plus)


def _too_few(digits: _Digits) -> bool:
    return 0 < len(digits.text) < _FEWEST_DIGITS


def _raw(text: str, digits: _Digits, kept: int) -> str | None:
    return text[: digits.ends[min(kept, len(digits.ends)) - 1]] if kept and digits.ends else None


def _cut(text: str) -> str | None:
    """As printed up to a digit keyed after the number."""
    end = _END_OF_DIALLED.search(text)
    return text[: end.start() if end else None].rstrip() or None


@lru_cache(maxsize=64)
def _rules(plan: NumberPlan) -> "tuple[Rules, Home]":
    # The library takes 20 ms on a fast machine: not before the ports are open.
    from edge.intake import iran, numbering

    home = numbering.home(
        plan.country_code, plan.area_code, plan.extension_lengths, plan.release_codes
    )
    return iran.RULES if home.region == "IR" else numbering.RULES, home
