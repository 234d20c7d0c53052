"""The numbers of country 98, as caller IDs show them and as people dial them.

    0 21 88776655   national, 11 digits        88776655   local: the site's area code is added
    0 912 0001122   mobile                     0 21 45853 a short subscriber number, 4 to 6 digits
    00 90 212 ...   international              1xx        short, known to the library or not

Caller IDs come bare (9120001122), with the country's code (98912..., 0989..., 0098912...) and with
an area code that a trunk put before a mobile (2109120001122). None of these can be dialled: a
dialled fixed number without its 0 is rather a local one with digits keyed after it, and is read
bare last. What stays ambiguous is read as the longer number: 45853 with one digit keyed after it
is a short subscriber number of six.
"""

import re
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumber

from edge.intake import numbering
from edge.intake.numbering import Home, Reading, Rules

_CODE = 98
_REGION = "IR"
_FULL = 10  # digits of a national number without the 0
_LOCAL = 8
_SHORT = 3
_LONGEST_CODE = 5
_USUAL_RELEASE_CODE = "9"
_SHORT_SUBSCRIBER = re.compile(r"0([1-8]\d)([1-9]\d{3,5})")
_NEW_MOBILE = re.compile(r"09[0-39]\d{8}")
_TRUNK_ADDED = re.compile(r"0{1,3}98(\d{10})|0?([1-8]\d)(?:0?98|0)?(9\d{9})")
_HOME_ONLY = re.compile(r"96\d{2,3}")  # 96xx and 96xxx work inside the country only


@lru_cache(maxsize=256)
def _listed(national: str) -> bool:
    """All ten digits stand in a range that the library knows."""
    if len(national) != _FULL or national.startswith("0"):
        return False
    return phonenumbers.is_valid_number_for_region(PhoneNumber(_CODE, int(national)), _REGION)


@lru_cache(maxsize=128)
def _is_area(code: str) -> bool:
    return _listed(code + "30000000")


def _ok(national: str, left_over: int = 0) -> Reading:
    return Reading("ok", f"+{_CODE}{national}", left_over)


def _short(digits: str, home: Home) -> Reading | None:
    """Any 1xx (the library lists not all), its other short codes, and the 96xx numbers."""
    if len(digits) == _SHORT and digits.startswith("1"):
        return Reading("short", None)
    if _HOME_ONLY.fullmatch(digits):
        number = PhoneNumber(_CODE, int(digits))
        known = phonenumbers.is_valid_number_for_region(number, _REGION)
        return Reading("short", None) if known else None
    return numbering.short(digits, home)


def _international(digits: str, home: Home) -> Reading | None:
    return numbering.abroad(digits[2:], home) if digits.startswith("00") else None


def _international_unlisted(digits: str, home: Home) -> Reading | None:
    return _abroad_unlisted(digits[2:], home) if digits.startswith("00") else None


def _abroad_unlisted(digits: str, home: Home) -> Reading | None:
    if _listed(digits[:_FULL]):
        return None  # a sign too many before a mobile is likelier than a new range in India
    return _short_with_code(digits, home) or numbering.abroad_unlisted(digits, home)


def _national(digits: str, _: Home) -> Reading | None:
    return _ok(digits[1:]) if digits.startswith("0") and _listed(digits[1:]) else None


def _unlisted(digits: str, _: Home) -> Reading | None:
    """A new mobile range."""
    return _ok(digits[1:]) if _NEW_MOBILE.fullmatch(digits) else None


def _unlisted_bare(digits: str, home: Home) -> Reading | None:
    return _unlisted("0" + (digits[2:] if _has_code(digits) else digits), home)


def _unlisted_area(digits: str, _: Home) -> Reading | None:
    """National length, but an area that nobody knows."""
    national = len(digits) == _FULL + 1 and digits.startswith("0") and digits[1] != "0"
    return _ok(digits[1:]) if national else None


def _short_subscriber(digits: str, _: Home) -> Reading | None:
    found = _SHORT_SUBSCRIBER.fullmatch(digits)
    return _ok(digits[1:]) if found and _is_area(found[1]) else None


def _short_with_code(digits: str, home: Home) -> Reading | None:
    return _short_subscriber("0" + digits[2:], home) if digits.startswith("98") else None


def _bare(digits: str, _: Home) -> Reading | None:
    national = digits[2:] if _has_code(digits) else digits
    return _ok(national) if _listed(national) else None


def _has_code(digits: str) -> bool:
    return len(digits) == _FULL + 2 and digits.startswith("98")


def _bare_dialled(digits: str, home: Home) -> Reading | None:
    """Bare, yet hardly a local number with more digits: a mobile, or the site's own area."""
    reading = _bare(digits, home)
    return reading if reading and _is_near(str(reading.number)[3:], home) else None


def _is_near(national: str, home: Home) -> bool:
    return not home.area or national.startswith(("9", home.area))


def _local(digits: str, home: Home) -> Reading | None:
    full = len(digits) == _LOCAL and len(home.area) == _FULL - _LOCAL
    return _ok(home.area + digits) if full and not digits.startswith("0") else None


def _local_dialled(digits: str, home: Home) -> Reading | None:
    return None if digits.startswith("1") else _local(digits, home)


def _trunk_added(digits: str, _: Home) -> Reading | None:
    """A trunk put a 0, or the city's code, before a number that already was whole."""
    found = _TRUNK_ADDED.fullmatch(digits)
    if not found:
        return None
    national = found[1] or found[3]
    return _ok(national) if _listed(national) and (found[1] or _is_area(found[2])) else None


def _overdialled(digits: str, home: Home) -> Reading | None:
    """A dialled number with more digits keyed after it: a PIN, or a choice in a voice menu."""
    if digits.startswith("00"):
        doubtful = not home.release_codes and _listed(digits[2 : 2 + _FULL])
        return None if doubtful else numbering.abroad_overdialled(digits[2:], home)
    if digits.startswith("0"):
        kept = _FULL + 1
        found = _national(digits[:kept], home) or _unlisted(digits[:kept], home)
    elif digits.startswith("1"):  # not any 1xx: 1500 and 16600 are longer codes
        kept = _SHORT
        found = numbering.short(digits[:kept], home) if home.area else None
    elif _may_hold_release_code(digits, home.release_codes):
        return None
    else:
        kept = _LOCAL
        found = _local(digits[:kept], home)
    if found is None or len(digits) <= kept:
        return None
    return Reading(found.status, found.number, len(digits) - kept)


def _may_hold_release_code(digits: str, codes: tuple[str, ...]) -> bool:
    """What follows is no local number; or 9, where nobody told us which codes there are."""
    if not codes:
        return digits.startswith(_USUAL_RELEASE_CODE)
    return any(digits.startswith((code + "0", code + "1")) for code in codes)


def _longest(digits: str, home: Home) -> int:
    """By its first digits; but a site without an area code may have told us nothing of itself."""
    if not home.area:
        return numbering.longest(digits, home)
    if digits.startswith(_USUAL_RELEASE_CODE):  # nobody may have told us of it
        return max(_LOCAL, 1 + _dialled_length(digits[1:]))
    return _dialled_length(digits)


def _dialled_length(digits: str) -> int:
    if digits.startswith("00"):
        home_number = _listed(digits[2 : 2 + _FULL])
        return 2 + (_FULL if home_number else numbering.MOST_E164_DIGITS)
    if digits.startswith("0"):
        return _FULL + 1
    return _LONGEST_CODE if digits.startswith("1") else _LOCAL


_SURE = (_short, _international, _national)
_CALLER_ID = (*_SURE, _bare, _local, _trunk_added, numbering.extension)
_DIALLED = (*_SURE, _bare_dialled, _local_dialled, _trunk_added, numbering.extension)
_LIKELY = (_short_subscriber, _unlisted)
_UNLIKELY = (_bare, _unlisted_bare, _unlisted_area, _international_unlisted)

RULES = Rules(
    incoming=(_CALLER_ID, _LIKELY, _UNLIKELY),
    outgoing=(_DIALLED, _LIKELY, (_overdialled,), _UNLIKELY),
    behind_host=(_CALLER_ID, _LIKELY, (_overdialled,), _UNLIKELY),
    with_plus=((numbering.abroad,), (_abroad_unlisted,)),
    with_plus_dialled=(
        (numbering.abroad, _short_with_code),
        (numbering.abroad_overdialled,),
        (_abroad_unlisted,),
    ),
    longest=_longest,
)
