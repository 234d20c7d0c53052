"""What a string of digits can mean, in any country: rules over the library of number plans.

A rule takes digits and the home country and gives a reading or None. Rules stand in passes: a
sure meaning of any candidate comes before a merely possible one of the first.

    +/00 ...      another country, or ours with its code       trunk 0/8/1 ...   a national number
    8 digits      a local number: the site's area code is added   110, 1818      a short code
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumber, PhoneNumberFormat, ValidationResult
from phonenumbers.shortnumberinfo import is_emergency_number, is_valid_short_number_for_region

_LONGEST_SHORT_CODE = 6
_FEWEST_E164_DIGITS = 7
MOST_E164_DIGITS = 15
_MOST_DIALLED = 18  # international prefix and a full E.164 number


@dataclass(frozen=True, slots=True)
class Home:
    """Where the telephone system stands. `region` is two letters, ZZ if the code is nobody's."""

    code: str
    region: str
    trunk: str
    area: str
    extension_lengths: tuple[int, ...]
    release_codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """One meaning of some digits; the last `left_over` of them were keyed after the number."""

    status: Literal["ok", "short", "extension"]
    number: str | None
    left_over: int = 0


Rule = Callable[[str, Home], Reading | None]
Passes = tuple[tuple[Rule, ...], ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """The passes of one country.

    `behind_host` is for what follows a host exchange's access code. `longest` tells how many digits
    of a dialled string that nothing reads can belong to its number.
    """

    incoming: Passes
    outgoing: Passes
    behind_host: Passes
    with_plus: Passes
    with_plus_dialled: Passes
    longest: Callable[[str, Home], int]


def home(
    country_code: str,
    area_code: str,
    extension_lengths: tuple[int, ...],
    release_codes: tuple[str, ...],
) -> Home:
    """Never raises: with a code that no country has, only international numbers are read."""
    code = country_code.lstrip("+0")
    if not (code.isascii() and code.isdecimal()):
        return Home("", "ZZ", "", "", extension_lengths, release_codes)
    region = phonenumbers.region_code_for_country_code(int(code))
    plan = PhoneMetadata.metadata_for_region(region, None)
    trunk = plan.national_prefix or "" if plan else ""
    area = area_code.removeprefix(trunk)
    return Home(code, region, trunk, area, extension_lengths, release_codes)


def parsed(text: str, region: str | None) -> PhoneNumber | None:
    """The library's reading, or None where it has none."""
    try:
        return phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None


def e164(number: PhoneNumber, left_over: int = 0) -> Reading | None:
    """A number that can be dialled from anywhere; None for what is too short to be one."""
    text = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    if not _FEWEST_E164_DIGITS < len(text) <= MOST_E164_DIGITS + 1:
        return None
    return Reading("ok", text, left_over)


def if_valid(number: PhoneNumber | None) -> Reading | None:
    """The number stands in a range that the library lists."""
    return e164(number) if number and phonenumbers.is_valid_number(number) else None


def if_possible(number: PhoneNumber | None) -> Reading | None:
    """The number has a length of its country: new ranges are in use before a library knows them.

    A 0 left in front of it is a trunk prefix dialled twice.
    """
    if number is None or number.italian_leading_zero:
        return None
    reason = phonenumbers.is_possible_number_with_reason(number)
    return e164(number) if reason == ValidationResult.IS_POSSIBLE else None


def without_left_over(digits: str, number: PhoneNumber | None) -> Reading | None:
    """An over-long number, cut to the longest that is valid."""
    if number is None:
        return None
    before = len(str(number.national_number))
    if not phonenumbers.truncate_too_long_number(number):
        return None
    left_over = before - len(str(number.national_number))
    return e164(number, left_over) if 0 < left_over < len(digits) else None


def short(digits: str, home: Home) -> Reading | None:
    """An emergency number or a listed short code."""
    if len(digits) > _LONGEST_SHORT_CODE or not digits:
        return None
    if digits.startswith("0"):  # the library's numbers forget a leading 0
        known = is_emergency_number(digits, home.region)
    else:
        number = PhoneNumber(national_number=int(digits), country_code=int(home.code or 0))
        known = is_valid_short_number_for_region(number, home.region)
    return Reading("short", None) if known else None


def extension(digits: str, home: Home) -> Reading | None:
    """As long as the site's extensions are."""
    return Reading("extension", None) if digits and len(digits) in home.extension_lengths else None


def abroad(digits: str, _: Home) -> Reading | None:
    """What stood behind a plus: listed."""
    return if_valid(parsed("+" + digits, None))


def abroad_unlisted(digits: str, _: Home) -> Reading | None:
    """What stood behind a plus: not listed."""
    return if_possible(parsed("+" + digits, None))


def abroad_overdialled(digits: str, _: Home) -> Reading | None:
    """What was dialled behind a plus, with more digits keyed after it."""
    kept = digits[:MOST_E164_DIGITS]
    reading = without_left_over(kept, parsed("+" + kept, None)) or if_valid(
        parsed("+" + kept, None)
    )
    return reading and Reading("ok", reading.number, reading.left_over + len(digits) - len(kept))


def _national(digits: str, home: Home) -> Reading | None:
    return if_valid(parsed(digits, home.region))


def _unlisted(digits: str, home: Home) -> Reading | None:
    return if_possible(parsed(digits, home.region))


def _with_code(digits: str, home: Home) -> Reading | None:
    return abroad(digits, home) if home.code and digits.startswith(home.code) else None


def _local(digits: str, home: Home) -> Reading | None:
    if not home.area or (home.trunk and digits.startswith(home.trunk)):
        return None
    return if_valid(parsed(home.trunk + home.area + digits, home.region))


def _overdialled(digits: str, home: Home) -> Reading | None:
    kept = digits[:_MOST_DIALLED]
    reading = without_left_over(kept, parsed(kept, home.region))
    if reading is None and home.area and not (home.trunk and digits.startswith(home.trunk)):
        reading = without_left_over(kept, parsed(home.trunk + home.area + kept, home.region))
    return reading and Reading("ok", reading.number, reading.left_over + len(digits) - len(kept))


def longest(_digits: str, _: Home) -> int:
    """No number is longer, in any country."""
    return _MOST_DIALLED


_INCOMING: Passes = ((short, _national, _with_code, _local, extension), (_unlisted,))
# Who dials without the trunk prefix dials a local number.
_OUTGOING: Passes = ((short, _local, _national, _with_code, extension), (_unlisted,))

RULES = Rules(
    incoming=_INCOMING,
    outgoing=(*_OUTGOING, (_overdialled,)),
    behind_host=(*_INCOMING, (_overdialled,)),
    with_plus=((abroad,), (abroad_unlisted,)),
    with_plus_dialled=((abroad,), (abroad_unlisted,), (abroad_overdialled,)),
    longest=longest,
)
