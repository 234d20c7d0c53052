"""What a disk with so much room asks for: decided here, seen and done in edge/journal/disk.py.

    room for it: ballast made ─▶ a quarter of its size left: given up ─▶ until it is back things go

Neither step can lead to the other, so nothing swings. A disk on which log and ballast leave little
room for a journal is told of at once: what is promised of a full disk does not hold there.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from edge.journal.wal import LOG_BYTES

BALLAST_BYTES = 16 << 20
LEAST_BALLAST_BYTES = LOG_BYTES * 5 // 4
"""The log is written back in the room that the ballast leaves, and all of it may be new there."""
SMALLEST_BYTES = 4 * LEAST_BALLAST_BYTES
SMALL = 0
"""The mark of a smaller disk, whatever is on it."""
MARKS = ((80, 78), (95, 93))
"""Percent used: an alarm from the first on, until it is below the second."""
SAMPLE_SECONDS = 600.0
KEPT_SAMPLES = 145  # a day of them: an office does not grow at night
KNOWN_AFTER = 3600.0
"""Growth is measured so often and told after so many seconds."""

Action = Literal["release", "make", "sacrifice"]


@dataclass(frozen=True, slots=True)
class Room:
    """One look at the disk, in bytes, as a program without privileges has them.

    ballast: what the file holds, 0 without one. full: the journal could not be written just now.
    """

    total: int
    free: int
    ballast: int
    full: bool = False

    @property
    def percent(self) -> int:
        """How much is used, rounded down; the ballast counts as free, since it can be."""
        return 100 * (self.total - self.free - self.ballast) // max(1, self.total)


@dataclass(frozen=True, slots=True)
class Notice:
    """A mark was crossed upwards (`raised`), or the disk is well below it again."""

    mark: int
    raised: bool
    percent: int
    days_left: float | None = None

    @property
    def code(self) -> str:
        return "disk-small" if self.mark == SMALL else f"disk-{self.mark}"

    @property
    def advice(self) -> str:
        """One sentence for the technician."""
        least = f"{SMALLEST_BYTES >> 20} MB"
        if self.mark == SMALL and self.raised:
            return (
                f"The disk of the box holds less than {least}: when it is full, the box may have to"
                " wait until somebody frees space; put the data directory on a larger one."
            )
        if self.mark == SMALL:
            return f"The disk of the box holds {least} and more: that is enough."
        state = f"The disk of the box is {self.percent} % full"
        if not self.raised:
            return f"{state}: there is room again."
        if self.days_left is not None:
            state += f" and lasts for about {max(1, round(self.days_left))} days"
        return f"{state}: free space on it, and see that the CRM takes the events."


def ballast_size(total: int) -> int:
    """16 MiB, or 5 % of a small disk, but never less than it takes to do its work."""
    return max(LEAST_BALLAST_BYTES, min(BALLAST_BYTES, total // 20))


def decide(room: Room) -> Action | None:
    """What this moment asks for.

    The ballast goes when writing fails or a quarter of its size is left, and is made again in half
    as much room as it takes: neither can lead to the other.
    """
    size = ballast_size(room.total)
    if room.ballast:
        return "release" if room.full or room.free < size // 4 else None
    return "make" if not room.full and room.free >= size * 3 // 2 else "sacrifice"


def marks_over(before: Iterable[int], room: Room) -> frozenset[int]:
    """The marks that are raised now, after those that were."""
    over = {up for up, down in MARKS if room.percent >= (down if up in before else up)}
    return frozenset(over | {SMALL} if room.total < SMALLEST_BYTES else over)


class Growth:
    """How fast the journal grows, measured over the last hours up to a day."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque(maxlen=KEPT_SAMPLES)

    def note(self, at: float, used: int) -> None:
        """At a monotonic time in seconds events filled so many bytes."""
        self._samples.append((at, used))

    def days_left(self, room: int) -> float | None:
        """For how many days `room` bytes last; None while nobody knows, or nothing grows."""
        if not self._samples:
            return None
        (begun, first), (ended, last) = self._samples[0], self._samples[-1]
        if ended - begun < KNOWN_AFTER or last <= first:
            return None
        return room * (ended - begun) / (last - first) / 86400
