"""Persian in a sentence: its digits, and what is Latin in it kept from turning round.

    persian(8)      ۸          numbers that are read as text
    ltr("+9821*")   +9821*     what is dialled, typed or copied stays Latin

Without isolation (UAX #9) the star would stand on the other side.
"""

_SHOWN = str.maketrans("0123456789.", "۰۱۲۳۴۵۶۷۸۹٫")


def persian(number: object) -> str:
    """Latin digits and the decimal point as Persian ones."""
    return str(number).translate(_SHOWN)


def ltr(text: object) -> str:
    """A port, address, code or sample within Persian text."""
    return f"\u2066{text}\u2069"
