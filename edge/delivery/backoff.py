"""How long to wait before the next attempt: full jitter.

    ceiling   1  2  4  8  16 … 300 s        wait = uniform(0, ceiling)

The wait is drawn from the whole width below the ceiling, so that 500 boxes that lost the same CRM
at the same moment do not come back at the same moment.
"""

import random
from dataclasses import dataclass

_DRAW = random.SystemRandom().uniform  # two boxes of one image must not draw alike


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between attempts. `refused` is for a CRM that says no until somebody acts."""

    base: float = 1.0
    cap: float = 300.0
    refused: float = 300.0
    longest_order: float = 3600.0

    def ceiling(self, failures: int) -> float:
        """The longest wait after so many failures in a row, the first being 1."""
        doublings = min(failures - 1, 60)
        return min(self.cap, self.base * 2.0**doublings)

    def after_failure(self, failures: int) -> float:
        """The wait after a failure that named no time."""
        return _DRAW(0.0, self.ceiling(failures))

    def after_order(self, seconds: float, failures: int) -> float:
        """The wait that the CRM asked for, at most `longest_order`; never shorter, up to twice it.

        All boxes got the same order at the same moment: they come back spread over as long a time
        as they were told to wait (over `cap` at most), so that the CRM sets their rate by it.
        """
        ordered = min(max(seconds, 0.0), self.longest_order)
        return ordered + _DRAW(0.0, max(self.ceiling(failures), min(ordered, self.cap)))

    def after_refusal(self) -> float:
        """The wait before asking again whether somebody has acted."""
        return _DRAW(self.refused / 2, self.refused)
