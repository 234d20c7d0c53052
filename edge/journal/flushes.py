"""How long commits take, as a histogram of fixed size: a card that grows slow shows here first.

    up to   1 ms  1.4  2  2.8  …  45 s  longer        two buckets for each doubling
    now      12   210  85   4  …    0      0          this period
    before   30   188  90   2  …    0      0          the one before

A commit is one or two flushes of the disk's cache and little else. Figures are taken from both
periods, so that they span some minutes and some hundred commits, and what was slow is forgotten.
"""

from dataclasses import dataclass
from math import ceil, log2

PERIOD_SECONDS = 300.0
PERIOD_COMMITS = 100
LONGEST_SECONDS = 3600.0
"""A period ends after so long and so many commits, or, where few come, after the last of these."""

_FIRST = 0.001
_BUCKETS = 33  # up to 2**15.5 ms; the last one takes what is longer


@dataclass(frozen=True, slots=True)
class FlushTimes:
    """Of `count` commits in the last `seconds`: half took no more than p50 seconds, 99 % than p99.

    Both are upper bounds of their bucket: up to 41 % more than the truth, never less. Where p99
    stands in the last bucket it means that or longer.
    """

    count: int
    seconds: float
    p50: float
    p99: float


class Flushes:
    """One thread notes, any other may ask: a figure is at most one commit behind.

    count, seconds: all commits since the start, and how long they took together.
    """

    def __init__(self) -> None:
        self.count = 0
        self.seconds = 0.0
        self._now = [0] * _BUCKETS
        self._before = [0] * _BUCKETS
        self._begun: float | None = None
        self._begun_before: float | None = None
        self._until = 0.0

    def note(self, seconds: float, at: float) -> None:
        """A commit took so many seconds and ended at this monotonic time."""
        if self._begun is None:
            self._begun = at
        elif self._is_over(at - self._begun):
            self._before, self._now = self._now, [0] * _BUCKETS
            self._begun_before, self._begun = self._begun, at
        self._now[_bucket(seconds)] += 1
        self.count += 1
        self.seconds += seconds
        self._until = at

    def times(self) -> FlushTimes | None:
        """Of the last minutes, None before the first commit."""
        both = [one + other for one, other in zip(self._now, self._before, strict=True)]
        count = sum(both)
        begun = self._begun if self._begun_before is None else self._begun_before
        if not count or begun is None:
            return None
        return FlushTimes(count, self._until - begun, _share(both, 0.5), _share(both, 0.99))

    def _is_over(self, lasted: float) -> bool:
        enough = lasted >= PERIOD_SECONDS and sum(self._now) >= PERIOD_COMMITS
        return enough or lasted >= LONGEST_SECONDS


def _bucket(seconds: float) -> int:
    if seconds <= _FIRST:
        return 0
    return min(_BUCKETS - 1, ceil(2 * log2(seconds / _FIRST)))


def _share(buckets: list[int], share: float) -> float:
    """The upper bound, in seconds, of the bucket up to which this share of all stands."""
    left = ceil(share * sum(buckets))
    for number, count in enumerate(buckets):
        left -= count
        if left <= 0:
            return float(_FIRST * 2 ** (number / 2))
    raise AssertionError("a share of all is in some bucket")
