"""Names of users: one line of 1 to 32 characters, told apart without case and width."""

import unicodedata

from edge.access.refusals import Mistake
from edge.local.issue import Words
from edge.local.persian import persian

MOST = 32
_FORBIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
_JOINERS = "\u200c\u200d"
"""Persian names are written with these."""
_LETTERS = str.maketrans("يك", "یک")


def tidy(name: str) -> str:
    """The form in which a name is kept."""
    return " ".join(unicodedata.normalize("NFC", name).split())


def key(name: str) -> str:
    """What two names have in common that would be taken for one, from whatever keyboard."""
    folded = unicodedata.normalize("NFKC", tidy(name)).casefold().translate(_LETTERS)
    signs = (str(unicodedata.digit(sign, sign)) for sign in folded if sign not in _JOINERS)
    return "".join(signs)


def mistakes(name: str) -> list[Mistake]:
    """What speaks against a name."""
    text = tidy(name)
    if not 1 <= len(text) <= MOST:
        words = Words(
            f"Use 1 to {MOST} characters.",
            f"{persian(1)} تا {persian(MOST)} نویسه بنویسید.",
        )
        return [Mistake("name", words)]
    broken = (unicodedata.category(sign) in _FORBIDDEN for sign in text if sign not in _JOINERS)
    if any(broken) or text.startswith(tuple("=+-@")) or not key(text):
        words = Words("Use letters, digits and blanks.", "از حروف، رقم و فاصله استفاده کنید.")
        return [Mistake("name", words)]
    if key(text) == "console":
        return [Mistake("name", Words("This name is taken.", "این نام گرفته شده است."))]
    return []
