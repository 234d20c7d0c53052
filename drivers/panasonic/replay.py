"""Which of the records that an exchange replays after a connect are new.

On every new connection an exchange sends all records that it stores, the old ones first
(reference 7). Equal lines are legal, so it is the sequence that tells: the lines that we had last
stand somewhere in the replay, and what follows them is new.

    had:      ... c d e              replay:   a b c d e | f g
    had:      ... c d e              replay:           e | f g       (it stores less than we know)
    had:      ... c d e              replay:   p q r                 (all is new to us)
"""

from collections import Counter
from collections.abc import Sequence
from zlib import crc32

WINDOW = 200
"""How many of the last lines are remembered."""


def digest(text: str) -> int:
    """A line in four bytes. Trailing blanks do not count."""
    return crc32(text.rstrip().encode("latin-1", "replace"))


def remember(window: list[int], texts: Sequence[str]) -> None:
    """Add lines to the window, forget the oldest."""
    window += [digest(text) for text in texts]
    del window[:-WINDOW]


def unseen(window: Sequence[int], replay: Sequence[str]) -> Sequence[str]:
    """The part of a replay that is new.

    The longest start of the replay that ends as the window ends is old. A window that is not full
    holds all we ever had, so no more lines than it has can be old. Without such a start (a line
    came damaged) lines that the window holds are old, as often as it holds them, and so is what
    stands before the first of them, if the window is full.
    """
    if not window:
        return replay
    marks = [digest(text) for text in replay]
    full = len(window) >= WINDOW
    longest = len(marks) if full else min(len(marks), len(window))
    for length in range(longest, 0, -1):
        if marks[length - 1] != window[-1]:
            continue
        overlap = min(length, len(window))
        if marks[length - overlap : length] == list(window[-overlap:]):
            return replay[length:]
    held = Counter(window)
    first = next((place for place, mark in enumerate(marks) if held[mark]), 0) if full else 0
    return strike_out(held, replay[first:])


def strike_out(held: Counter[int], texts: Sequence[str]) -> list[str]:
    """The lines that `held` does not count; each that it counts is taken off it."""
    new = []
    for text in texts:
        mark = digest(text)
        if held[mark] > 0:
            held[mark] -= 1
        else:
            new.append(text)
    return new
