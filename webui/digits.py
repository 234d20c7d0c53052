"""Digits and letters as people type them, and as a page shows them.

Persian and Arabic keyboards give other characters for the same digits, and two forms of ye and
kaf: ۰۱۲ ٠١٢ ي ك. What a person types is brought to one form before anything looks at it. Digits
turn Persian in what is read as text, never in a number that somebody dials or an address.
"""

import re
import unicodedata

LATIN = "0123456789"
PERSIAN = "۰۱۲۳۴۵۶۷۸۹"
ARABIC = "٠١٢٣٤٥٦٧٨٩"
_TYPED = str.maketrans(PERSIAN + ARABIC, LATIN + LATIN)
_LETTERS = str.maketrans("يك", "یک")
_SHOWN = str.maketrans(LATIN + ".", PERSIAN + "٫")
_TURNERS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Characters that change the direction of what follows: nobody's name needs them."""


def latin(text: str) -> str:
    """The text with Latin digits."""
    return text.translate(_TYPED)


def typed(text: str) -> str:
    """What a person typed into a field, in one form: NFC, Latin digits, Persian letters, trimmed.

    Not for passwords: those stay as typed, but for NFC.
    """
    return latin(unicodedata.normalize("NFC", text)).translate(_LETTERS).strip()


def persian(text: str) -> str:
    """Latin digits and the decimal point as Persian ones."""
    return text.translate(_SHOWN)


def unturned(text: str) -> str:
    """Text from outside without characters that would turn the line around it."""
    return _TURNERS.sub("", text)
