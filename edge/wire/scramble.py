r"""Numbers of people in a capture made others: as long, at the same places, alike where alike.

    L1C09121234567@  ─▶  L1C09128807113@      the last seven digits, by a key of this file alone
    L1D0@ L1D9@ …    ─▶  keyed one by one: scrambled as the number that they are together

Of a number of nine digits and more the front stays (0912, 021, +98), so that it is still read as
what it is, and it comes out alike with and without its front. Of shorter ones all but the first
changes; up to four digits are extensions, lines and times, and stay. What came at another speed
than the one that reads is left out: numbers stand in it too, bent out of shape.
"""

import hashlib
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import cast

from drivers.detect.framing import PLAIN, framing
from drivers.wire.capture import Capture, Entry, LineChange, Mark, Received, Sent
from drivers.wire.parity import Parity, SevenBits

TAIL = 7
_LONG = 9
_SHORTEST = 5
_NUMBER = re.compile(
    rb"(?<!DATE)(?<!\d)(?:\d{3}-(?:\d{3}-)?\d{4}|\d{5,})(?!\d)",
)
_KEYED = re.compile(rb"(?i)(L\d:?D(?:ial=)?)([0-9])(?=[@.\s])")
_OTHER = re.compile(rb"(?i)(L\d):?(?!D(?:ial=)?[0-9][@.\s])")


@dataclass(frozen=True, slots=True)
class _Key:
    secret: bytes

    def number(self, digits: bytes) -> bytes:
        """Another number of the same length."""
        kept = len(digits) - TAIL if len(digits) >= _LONG else 1
        tail = digits[kept:]
        drawn = hashlib.blake2b(tail, key=self.secret, digest_size=2 * len(tail)).digest()
        return digits[:kept] + bytes(b"0123456789"[byte % 10] for byte in drawn[: len(tail)])


def scramble(capture: Capture) -> Capture:
    """The same capture with other numbers; each call draws others."""
    key = _Key(secrets.token_bytes(32))
    entries = list(_at_one_speed(capture.entries))
    for way in (Received, Sent):
        places = [at for at, entry in enumerate(entries) if isinstance(entry, way)]
        data = b"".join(_data(entries[at]) for at in places)
        changed = _scrambled(data, key)
        start = 0
        for at in places:
            entry = entries[at]
            end = start + len(_data(entry))
            entries[at] = way(entry.at, changed[start:end])
            start = end
    marks = [
        replace(entry, text=_text(entry.text, key)) if isinstance(entry, Mark) else entry
        for entry in entries
    ]
    header = tuple((name, value) for name, value in capture.header if name != "sample")
    return Capture((*header, ("numbers", "scrambled")), tuple(marks))


def _at_one_speed(entries: Sequence[Entry]) -> Iterator[Entry]:
    """Without the bytes of all settings of the line but the one with the most text."""
    best, line, heard = "", "", {"": 0}
    for entry in entries:
        if isinstance(entry, LineChange):
            line = entry.settings
        elif isinstance(entry, Received):
            text = framing(entry.data)[1]
            heard[line] = heard.get(line, 0) + sum(0x20 <= byte < 0x7F for byte in text)
    best = max(heard, key=lambda each: heard[each])
    line = ""
    for entry in entries:
        if isinstance(entry, LineChange):
            line = entry.settings
        if not isinstance(entry, Received) or line == best:
            yield entry
        else:
            yield Mark(entry.at, f"{len(entry.data)} bytes at another speed left out")


def _scrambled(data: bytes, key: _Key) -> bytes:
    line_format, text = framing(data)
    changed = _numbers(_keyed(text, key), key)
    if line_format == PLAIN or line_format[0] == "8":
        return changed
    parity = SevenBits.of(cast("Parity", line_format[1]))
    again = parity.to_send(changed)
    return bytes(
        new if before != after else old
        for old, new, before, after in zip(data, again, text, changed, strict=True)
    )


def _numbers(text: bytes, key: _Key) -> bytes:
    def other(found: re.Match[bytes]) -> bytes:
        drawn = iter(key.number(re.sub(rb"\D", b"", found[0])))
        return bytes(byte if byte == ord("-") else next(drawn) for byte in found[0])

    return _NUMBER.sub(other, text)


def _keyed(text: bytes, key: _Key) -> bytes:
    """Digits that a unit tells one by one, up to the next that the same line tells otherwise."""
    runs: list[list[int]] = []
    going: dict[bytes, list[int]] = {}
    marks = sorted(
        [(found.start(), found[1][:2].upper(), found.start(2)) for found in _KEYED.finditer(text)]
        + [(found.start(), found[1].upper(), -1) for found in _OTHER.finditer(text)]
    )
    for _, line, place in marks:
        if place < 0:
            going.pop(line, None)
        elif line in going:
            going[line].append(place)
        else:
            going[line] = [place]
            runs.append(going[line])
    changed = bytearray(text)
    for run in runs:
        digits = bytes(text[place] for place in run)
        if len(digits) >= _SHORTEST:
            for place, digit in zip(run, key.number(digits), strict=True):
                changed[place] = digit
    return bytes(changed)


def _text(text: str, key: _Key) -> str:
    return _numbers(text.encode(errors="replace"), key).decode(errors="replace")


def _data(entry: Entry) -> bytes:
    return entry.data if isinstance(entry, Received | Sent) else b""
