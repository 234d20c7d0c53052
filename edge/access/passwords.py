"""Passwords: which ones are taken, and how they are kept.

    typed ─▶ NFC ─▶ rules: 8 to 128 signs, any signs, not what everybody tries first
                └─▶ argon2id, 19 MiB, 2 passes, 1 lane: `$argon2id$v=19$m=19456,t=2,p=1$…`

NFC, so that a letter with its accent is the same from every keyboard; nothing else is changed, and
nothing is cut. A hash takes the memory and some 30 ms of a core: one at a time, in a thread.
"""

import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING

from edge.access.common_words import COMMON, ROWS
from edge.access.refusals import Mistake
from edge.local.issue import Words
from edge.local.persian import persian

if TYPE_CHECKING:
    from argon2 import PasswordHasher

LEAST, MOST = 8, 128
_PASSES, _KIBIBYTES, _LANES = 2, 19 * 1024, 1
_ORNAMENTS = 4
"""So many digits and signs around a common word make nobody's guessing harder."""
_SIGNS = 0x7F
_FEW_KINDS = 2


def normal(password: str) -> str:
    """The form in which it is judged, hashed and compared."""
    return unicodedata.normalize("NFC", password)


def mistakes(password: str, context: Iterable[str], field: str = "password") -> list[Mistake]:
    """All that speaks against a password. context: words of this box and its user."""
    text = normal(password)
    if not text:
        return [Mistake(field, Words("Write a password.", "رمزی بنویسید."))]
    found = []
    if len(text) < LEAST:
        found.append(
            Words(
                f"Use {LEAST} characters or more; a few words are best.",
                f"دست‌کم {persian(LEAST)} نویسه بنویسید؛ چند واژه از همه بهتر است.",
            )
        )
    if len(text) > MOST:
        found.append(
            Words(
                f"Use {MOST} characters at most.",
                f"بیش از {persian(MOST)} نویسه نمی‌شود؛ کوتاه‌ترش کنید.",
            )
        )
    if any(unicodedata.category(sign) in ("Cs", "Cn") for sign in text):
        found.append(Words("It holds a broken character.", "یک نویسه خراب در آن است."))
    bare = _bare(text)
    if _is_plain(bare) or _core(bare) in COMMON or bare in COMMON:
        found.append(
            Words(
                "This is among the first that anybody tries: choose another.",
                "این از نخستین حدس‌هاست؛ رمز عبور دیگری بگذارید.",
            )
        )
    elif _core(bare) in {_core(_bare(word)) for word in context if len(word) > _FEW_KINDS}:
        found.append(
            Words(
                "This is a name of the box, the branch or the user: choose another.",
                "این نام دستگاه، شعبه یا کاربر است؛ رمز عبور دیگری بگذارید.",
            )
        )
    return [Mistake(field, words) for words in found]


def differing(password: str, again: str | None) -> list[Mistake]:
    """again: as it was typed once more, None where nobody did."""
    if again in (None, password):
        return []
    return [Mistake("again", Words("The two are not the same.", "دو نوشته یکسان نیست."))]


def hashed(password: str) -> str:
    """What is kept of it. Takes 19 MiB and a while: in a thread, one at a time."""
    return _hasher().hash(normal(password).encode("utf-8", "surrogatepass"))


def fits(kept: str, password: str) -> bool:
    """Whether it is the one that was kept. As expensive as `hashed`."""
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        given = normal(password).encode("utf-8", "surrogatepass")
        return _hasher().verify(kept, given)
    except (VerificationError, InvalidHashError):
        return False


def is_hash(text: str) -> bool:
    """Whether the text is of the form that `hashed` gives."""
    return text.startswith("$argon2id$")


def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=_PASSES, memory_cost=_KIBIBYTES, parallelism=_LANES)


def _bare(text: str) -> str:
    """Without case, and with the digits and signs of every script as those of ASCII."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    digits = (str(unicodedata.digit(sign, sign)) for sign in folded)
    return "".join(digits).replace("ي", "ی").replace("ك", "ک")


def _core(bare: str) -> str:
    """Without a few digits and signs around it."""
    core = bare.strip("0123456789!@#$%^&*()-_=+.,;:?/ \u200c")
    return core if len(bare) - len(core) <= _ORNAMENTS else bare


def _is_plain(bare: str) -> bool:
    """One or two signs over and over, or a stretch of a row of keys, either way."""
    if len(set(bare)) <= _FEW_KINDS:
        return True
    return any(bare in row or bare[::-1] in row for row in ROWS)
