r"""Writes what was heard as a capture (design section 9), fit to leave the box.

    # payvand capture 1
    # started: 2026-11-21T16:43:00Z
    0.502 < "21/11/26 20:12     601 04 <I>83719204461 …\r\n"

Runs of seven digits and more are numbers of people: their digits become others of the same count,
the same number the same others, so that a decoder reads it as before.
"""

import re
import secrets
from collections.abc import Sequence
from datetime import datetime

from edge.local.wire_records import WireChunk

_NUMBER = re.compile(rb"\d{7,}")
_KEPT = 2
"""So many digits at the front stay: 09, 02, +98 and the like say what kind of number it is."""
_ESCAPES = {0x0D: r"\r", 0x0A: r"\n", 0x09: r"\t", 0x22: r"\"", 0x5C: r"\\"}


def capture_text(chunks: Sequence[WireChunk], started: datetime, driver: str, link: str) -> str:
    """The whole file. Chunks follow each other in time."""
    lines = [
        "# payvand capture 1",
        f"# started: {started:%Y-%m-%dT%H:%M:%SZ}",
        f"# driver: {driver}",
        f"# link: {link}",
    ]
    first = chunks[0].at if chunks else 0.0
    changed = _changed(chunks)
    lines += [
        f'{chunk.at - first:.3f} {chunk.way} "{_escaped(data)}"'
        for chunk, data in zip(chunks, changed, strict=True)
    ]
    return "\n".join(lines) + "\n"


def _changed(chunks: Sequence[WireChunk]) -> list[bytes]:
    """The bytes with other digits; a number may be cut anywhere between two chunks."""
    others: dict[bytes, bytes] = {}
    found = [b""] * len(chunks)
    for way in ("<", ">"):
        places = [place for place, chunk in enumerate(chunks) if chunk.way == way]
        whole = b"".join(chunks[place].data for place in places)
        whole = _NUMBER.sub(lambda number: _other(number[0], others), whole)
        for place in places:
            size = len(chunks[place].data)
            found[place], whole = whole[:size], whole[size:]
    return found


def _other(number: bytes, others: dict[bytes, bytes]) -> bytes:
    if number not in others:
        rest = b"".join(b"%d" % secrets.randbelow(10) for _ in range(len(number) - _KEPT))
        others[number] = number[:_KEPT] + rest
    return others[number]


def _escaped(data: bytes) -> str:
    return "".join(
        _ESCAPES.get(byte) or (chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}")
        for byte in data
    )
