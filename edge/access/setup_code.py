"""The setup code of the label: 50 random bits in ten letters and digits, written as 7KQ2M-XW4HD.

Crockford's base 32: no I, L, O or U, which are read as 1, 1, 0 and not at all; small letters and
dashes are as good. The box keeps its argon2id hash alone. Where the factory laid none in, the box
makes one, and its text lies in DATA/setup-code until somebody has set the box up with it.
"""

import secrets
import unicodedata

LENGTH = 10
_SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ_AS = str.maketrans({"I": "1", "L": "1", "O": "0"})


def new() -> str:
    """A code as it is printed."""
    signs = "".join(secrets.choice(_SIGNS) for _ in range(LENGTH))
    return f"{signs[:5]}-{signs[5:]}"


def read(typed: str) -> str:
    """What was meant by what was typed, in the one form that is hashed; "" if it is no code."""
    folded = unicodedata.normalize("NFKC", typed)
    signs = (str(unicodedata.digit(sign, sign)) for sign in folded if sign.isalnum())
    code = "".join(signs).upper().translate(_READ_AS)
    return code if len(code) == LENGTH and set(code) <= set(_SIGNS) else ""
