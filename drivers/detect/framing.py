"""How characters were framed, by the bytes that a port with eight bits and no parity reads.

    sent 7E1    bit 7 makes the count of ones even       read as 8N1: every byte has an even count
    sent 8E1    a ninth bit stands where the stop bit is looked for: a framing error where it is low

Two stop bits read like one, and space parity like eight bits of plain text.
"""

from typing import cast

from drivers.wire.parity import Parity, SevenBits

PLAIN = "8N1"
_FIRST_BIT = 0x80
_NINTH_BIT_SHARE = 0.15
"""Framing errors of so many bytes are no noise where the bytes themselves read well."""


def framing(data: bytes, broken: int = 0) -> tuple[str, bytes]:
    """The format that fits most of these bytes, and the text in them.

    broken: how many framing errors the port counted meanwhile.
    """
    plain = sum(byte < _FIRST_BIT for byte in data)
    fits = {"E": 0, "O": 0, "M": 0}
    for byte in data:
        fits["O" if byte.bit_count() % 2 else "E"] += 1
        fits["M"] += byte >= _FIRST_BIT
    parity = max(fits, key=lambda name: fits[name])
    if fits[parity] > plain:
        return f"7{parity}1", SevenBits.of(cast("Parity", parity)).received(data)[0]
    if broken > _NINTH_BIT_SHARE * len(data):
        even = sum(byte.bit_count() % 2 == 0 for byte in data)
        return ("8E1" if abs(broken - even) <= abs(broken - (len(data) - even)) else "8O1"), data
    return PLAIN, data
