"""What no rule reads: counted, shown once a minute, and taken as a sign of wrong line settings."""

import re

from drivers.contract import Moment
from drivers.events import DeviceState, Fact, Unrecognized

PERIOD = 60.0
"""Seconds between two reports (design section 4)."""
HOPELESS = 8
"""So many unread lines, and not one understood: the line settings or the model are wrong."""
_SAMPLE = 64
_DIGIT = re.compile(r"\d")


class Unread:
    """Counts unread lines between reports.

    why: what they are not. hopeless: what to do when nothing at all can be read.
    """

    def __init__(self, why: str, hopeless: str) -> None:
        self._why = why
        self._hopeless = hopeless
        self._count = 0
        self._sample = ""
        self._since_understood = 0
        self._alarmed = False
        self._now = 0.0
        self._last_told: float | None = None

    def add(self, text: str) -> None:
        """One more line that no rule reads."""
        if not self._count:
            self._sample = _DIGIT.sub("#", text[:_SAMPLE])
        self._count += 1
        self._since_understood += 1

    def understood(self) -> None:
        """A record was read: the wire speaks our language."""
        self._since_understood = 0
        self._alarmed = False

    def tick(self, now: Moment) -> list[Fact]:
        """See Decoder.tick."""
        self._now = now.monotonic
        return self.told()

    def told(self) -> list[Fact]:
        """The report, when there is something to tell and a minute has passed since the last."""
        if not self._count:
            return []
        facts: list[Fact] = []
        if self._since_understood >= HOPELESS and not self._alarmed:
            self._alarmed = True
            facts.append(DeviceState("alarm", "unreadable", self._hopeless))
        due = self.due()
        if due is not None and due <= self._now:
            facts.append(Unrecognized(self._count, self._sample, self._why))
            self._count = 0
            self._last_told = self._now
        return facts

    def due(self) -> float | None:
        """When the next report may go out, in monotonic seconds."""
        if not self._count:
            return None
        return self._now if self._last_told is None else self._last_told + PERIOD
