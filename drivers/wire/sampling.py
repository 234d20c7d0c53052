r"""What a UART set to one speed reads from a line that has another.

    sent at 9600     ‾\_s_/‾0‾\_1_ 2 _3_/‾4‾…     one bit each
    read at 19200      s 0 1 2 3 4 5 6 7 stop      two samples of each bit: pairs in the bytes
    read at 115200     ten samples are over before the first bit is: nothing but zeros

A UART waits for a falling edge, looks in the middle of the start bit whether the line is still low,
then takes eight samples, one bit apart, and one for the stop bit. If that is low it waits until the
line is high again: of a long low only one byte of zeros comes.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf


@dataclass(frozen=True, slots=True)
class Sample:
    """One byte as read. `at`: seconds, when its stop bit was looked at; broken: that was low."""

    at: float
    byte: int
    broken: bool


def changes(levels: Sequence[int], baud: float, start: float = 0.0) -> list[float]:
    """The times at which a line changes that has these levels, one a bit, and begins high.

    Seconds, rising; the first level begins at `start`.
    """
    bit = 1.0 / baud
    return [
        start + place * bit
        for place, (before, after) in enumerate(pairwise((1, *levels)))
        if before != after
    ]


def read(line: Sequence[float], baud: float, start: float = -inf) -> Iterator[Sample]:
    """What a UART at `baud` that listens from `start` on reads of a line with these changes."""
    bit = 1.0 / baud
    now = start
    while True:
        passed = bisect_right(line, now)
        passed += passed % 2  # low already: the next falling edge comes after the next rising one
        if passed >= len(line):
            return
        edge = line[passed]
        if not _high(line, edge + 0.5 * bit):
            byte = sum(_high(line, edge + (1.5 + place) * bit) << place for place in range(8))
            now = edge + 9.5 * bit
            yield Sample(now, byte, not _high(line, now))
        else:
            now = edge + 0.5 * bit


def _high(line: Sequence[float], at: float) -> bool:
    return bisect_right(line, at) % 2 == 0
