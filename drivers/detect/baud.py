"""Which speed a line has, by the bytes that were read from it at whatever speeds.

    read at 115200: 00 00 00 00   what was sent is slower than 11520, a bit outlasts a byte
    read at   9600: e0 1c fe 60   pairs of equal bits: sent at 4800
    read at   4800: 4c 31 52 30   digits, capitals: sent at 4800

For each speed at which it listens it knows how often each byte comes of text that is sent at each
other speed: reckoned once from the model of a UART, on made-up text of digits, blanks and letters.
Bayes' rule does the rest. So a wrong guess costs one burst, and the right one is certain soon; what
is heard counts only so much that a device set anew is followed.

Listening begins at the fastest speed: there what is slower shows in its bits, and nothing is lost.
"""

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from math import exp, log
from random import Random
from string import ascii_lowercase, ascii_uppercase, digits

from drivers.wire.sampling import changes, read
from drivers.wire.uart import Sender

USUAL: Mapping[int, float] = {
    115200: 0.24,
    57600: 0.04,
    38400: 0.08,
    19200: 0.18,
    9600: 0.28,
    4800: 0.06,
    2400: 0.05,
    1200: 0.06,
    300: 0.01,
}
"""The speeds that are tried, and how usual each is: by the reference pages of the devices."""
FASTEST = max(USUAL)

_MOST = 30.0
"""The most that one guess may be behind another, as a logarithm: it must be able to come back."""
_LEAST_SHARE = 0.04  # of bytes that nothing explains: noise, and what adapters do on their own
_ALIKE = 0.5
"""Bytes of one burst resemble each other: they count for so much of what single ones would."""
_LETTERS = " " * 30 + digits * 6 + ascii_uppercase * 2 + ascii_lowercase + "\r\n:/'<>@=,.-_#*+"
_RECORDS = 24
_LENGTH = 30
_FORMATS = ("8N1", "7E1", "7O1")
_ALL_ZERO = 10
"""So many times faster than what is sent: a low bit outlasts the byte."""


class Speeds:
    """What is believed of one line's speed; at first, what is usual."""

    def __init__(self, belief: Mapping[int, float] | None = None) -> None:
        self._belief = belief or {baud: log(share) for baud, share in USUAL.items()}

    def after(self, at: int, data: bytes, *, entered: bool = False) -> "Speeds":
        """What to believe when these bytes came while listening at a speed of the table.

        entered: listening began while something was being sent, perhaps within a character.
        """
        counts = Counter(data)
        belief = {
            baud: self._belief[baud]
            + _ALIKE
            * max(sum(times * kind[byte] for byte, times in counts.items()) for kind in kinds)
            for baud, kinds in _expected(at, entered=entered).items()
        }
        highest = max(belief.values())
        return Speeds({baud: max(each - highest, -_MOST) for baud, each in belief.items()})

    @property
    def shares(self) -> dict[int, float]:
        """How likely each speed is, all together 1."""
        weights = {baud: exp(belief) for baud, belief in self._belief.items()}
        whole = sum(weights.values())
        return {baud: weight / whole for baud, weight in weights.items()}

    @property
    def best(self) -> int:
        """The likeliest speed."""
        return max(self._belief, key=lambda baud: self._belief[baud])


@lru_cache(maxsize=32)
def _expected(at: int, *, entered: bool) -> dict[int, list[tuple[float, ...]]]:
    """By speed sent, for each framing: the logarithm of each byte's share when read at `at`."""
    ways = [(each, inside) for each in _FORMATS for inside in {False, entered}]
    return {baud: [_shares(_read_bytes(baud, at, *way)) for way in ways] for baud in USUAL}


@lru_cache(maxsize=512)
def _read_bytes(sent: int, at: int, line_format: str, inside: bool) -> Counter[int]:  # noqa: FBT001 - a key of the cache
    """How often each byte comes of made-up text, the same on every box."""
    chance = Random(sent)
    counts: Counter[int] = Counter()
    if at >= _ALL_ZERO * sent:
        return Counter({0: 1})
    for _ in range(_RECORDS):
        text = "".join(chance.choices(_LETTERS, k=_LENGTH)).encode() + b"\r\n"
        real = sent * chance.uniform(0.985, 1.015)
        begun = chance.uniform(0, _LENGTH / 2) * 10 / sent if inside else -1.0
        line = changes(Sender(sent, line_format).bits(text), real)
        counts.update(sample.byte for sample in read(line, at, begun))
    return counts


def _shares(counts: Counter[int]) -> tuple[float, ...]:
    whole = counts.total()
    return tuple(
        log(_LEAST_SHARE / 256 + (1 - _LEAST_SHARE) * counts[byte] / whole) for byte in range(256)
    )
