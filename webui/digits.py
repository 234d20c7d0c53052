"""Digits and letters as people type them, and as a page shows them.

Persian and Arabic keyboards give other characters for the same digits, and two forms of ye and
kaf: ۰۱۲ ٠١٢ ي ك. What a person types is brought to one form before anything looks at it. Digits
turn Persian in what is read as text, never in a number that somebody dials or an address.
"""

import re
import unicodedata

from markupsafe import Markup, escape

MOST_DIGITS = 18
LATIN = "0123456789"
PERSIAN = "۰۱۲۳۴۵۶۷۸۹"
ARABIC = "٠١٢٣٤٥٦٧٨٩"
_TYPED = str.maketrans(PERSIAN + ARABIC, LATIN + LATIN)
_LETTERS = str.maketrans("يك", "یک")
_TURNERS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Characters that change the direction of what follows: nobody's name needs them."""

_PERSIAN_LETTER = re.compile("[\u0621-\u06d3]")
_LATIN_RUN = re.compile("[/+]?[A-Za-z0-9](?:[ -'*-~]*[A-Za-z0-9/])?")


def latin(text: str) -> str:
    """The text with Latin digits."""
    return text.translate(_TYPED)


def typed(text: str) -> str:
    """What a person typed into a field, in one form: NFC, Latin digits, Persian letters, trimmed.

    Not for passwords, which stay as typed but for NFC, nor for names: see `written`.
    """
    return latin(unicodedata.normalize("NFC", text)).translate(_LETTERS).strip()


def written(text: str) -> str:
    """A name as it was written: NFC, trimmed, and nothing in it that turns a line."""
    return unturned(unicodedata.normalize("NFC", text)).strip()


def whole(text: str) -> int | None:
    """A whole number from 0 up, of 18 digits at most, which all that takes one can hold.

    None for anything else; `str.isdecimal` and `isdigit` take more than int() or a database does.
    """
    is_number = text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS
    return int(text) if is_number else None


def isolated(text: str) -> Markup:
    """A sentence in which nothing Latin is turned round by the Persian words beside it.

    Without isolation `/dev/ttyUSB0.` at the end of a Persian sentence shows as `.dev/ttyUSB0/`.
    """
    if not _PERSIAN_LETTER.search(text):
        return escape(text)
    whole = escape("")
    last = 0
    for run in _LATIN_RUN.finditer(text):
        whole += escape(text[last : run.start()]) + Markup('<bdi dir="ltr">{}</bdi>').format(run[0])
        last = run.end()
    return whole + escape(text[last:])


def unturned(text: str) -> str:
    """Text from outside without characters that would turn the line around it."""
    return _TURNERS.sub("", text)
