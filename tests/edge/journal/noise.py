"""Text of which hardly anything is saved by packing it, so that an event fills what it says."""

import string
from random import Random

_SIGNS = [sign for sign in string.printable[:94] if sign not in '"\\']
_TEXT = "".join(Random(1).choices(_SIGNS, k=1 << 17)).encode()


def noise(size: int, number: int) -> bytes:
    """`size` bytes that can stand in a JSON string, others for each number."""
    begin = number * 977 % (len(_TEXT) // 2)
    return (_TEXT[begin:] * (1 + size // len(_TEXT)))[:size]
