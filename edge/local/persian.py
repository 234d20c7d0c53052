"""Persian in a sentence: its digits, and what is Latin in it kept from turning round.

    persian(8)                     ۸              numbers that are read as text
    ltr("+9821*")                  +9821*         what is dialled, typed or copied stays Latin
    with_samples("مانند `+9821*`")  مانند +9821*    the same, in a sentence that is kept somewhere

Without isolation (UAX #9) the star would stand on the other side.
"""

import re

_SHOWN = str.maketrans("0123456789.", "۰۱۲۳۴۵۶۷۸۹٫")


def persian(number: object) -> str:
    """Latin digits and the decimal point as Persian ones."""
    return str(number).translate(_SHOWN)


def with_samples(text: str) -> str:
    """A sentence, with what stands between backquotes in it as `ltr` gives it."""
    return re.sub("`([^`]*)`", lambda each: ltr(each[1]), text)


def ltr(text: object) -> str:
    """A port, address, code or sample within Persian text."""
    return f"\u2066{text}\u2069"
