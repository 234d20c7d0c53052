"""Seven data bits with parity, read through a port opened with eight data bits and no parity.

    bit  7       6 5 4 3 2 1 0
         parity  the character        even, odd: makes the count of ones so; mark: 1; space: 0

The frame is as long as 8N1's, and many USB adapters cannot do seven bits at all.
"""

from dataclasses import dataclass
from functools import cache
from typing import Literal

Parity = Literal["E", "O", "M", "S"]

_HIGH_BIT = 0x80
_CLEARED = bytes(byte & ~_HIGH_BIT for byte in range(256))


@dataclass(frozen=True, slots=True)
class SevenBits:
    """The parity rule of one line. `wrong` holds every byte that breaks it."""

    with_parity: bytes
    wrong: bytes

    @classmethod
    @cache
    def of(cls, parity: Parity) -> "SevenBits":
        """Make the tables of one parity."""
        right = bytes(_with_parity(byte & ~_HIGH_BIT, parity) for byte in range(256))
        return cls(right, bytes(byte for byte in range(256) if right[byte] != byte))

    def received(self, data: bytes) -> tuple[bytes, int]:
        """Return the bytes with bit 7 cleared, and how many of them came with wrong parity."""
        return data.translate(_CLEARED), len(data) - len(data.translate(None, self.wrong))

    def to_send(self, data: bytes) -> bytes:
        """Return the bytes with bit 7 set by the rule."""
        return data.translate(self.with_parity)


def _with_parity(character: int, parity: Parity) -> int:
    odd = character.bit_count() % 2 == 1
    high = {"E": odd, "O": not odd, "M": True, "S": False}[parity]
    return character | (_HIGH_BIT if high else 0)
