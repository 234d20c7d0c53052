"""The lines of one unit: which line a signal is of, and what concerns all of them at once."""

from typing import Literal

from drivers.callerid.engine import Signal
from drivers.callerid.line import Line
from drivers.callerid.line_steps import KeptLine
from drivers.callerid.memory import Memory
from drivers.callerid.profile import Semantics
from drivers.contract import Moment
from drivers.events import DeviceState, Fact

MOST_LINES = 64
"""More than any unit has: names beyond it are noise that a rule happened to fit."""


class Lines:
    """All lines. The unit is `away` while its link is broken, or it says that it is unplugged."""

    def __init__(self, semantics: Semantics, memory: Memory) -> None:
        self.memory = memory
        self._semantics = semantics
        self._now: Moment
        self._away: float | None = None
        self._lines = {name: self._make(name, kept) for name, kept in memory.lines.items()}
        for line in self._lines.values():
            line.unheard()

    def tick(self, now: Moment) -> list[Fact]:
        """Set the time; what it alone has decided."""
        self._now = now
        return [fact for line in self._lines.values() for fact in line.tick(now, self._away)]

    def due(self) -> float | None:
        """See Decoder.due."""
        times = [line.due(self._away) for line in self._lines.values()]
        return min((time for time in times if time is not None), default=None)

    def away(self) -> None:
        """The unit can no longer be heard."""
        if self._away is None:
            self._away = self._now.monotonic
        for line in self._lines.values():
            line.unheard()

    def back(self) -> None:
        """The unit can be heard again; calls that were open may go on."""
        self._away = None

    def take(self, signal: Signal) -> list[Fact]:
        """What one signal decides."""
        if signal.event == "info":
            return []
        if signal.event == "device_out":
            self.away()
            advice = "The box says that the unit was unplugged: plug it in again."
            return [DeviceState("alarm", "unit-gone", advice)]
        if signal.event == "device_in":
            gone, self._away = self._away, None
            back = DeviceState("online", "unit-gone-over", "The unit is plugged in again.")
            return [back] if gone is not None else []
        line = self._lines.get(signal.line)
        facts: list[Fact] = [] if line else self._make_room()
        if line is None:
            line = self._lines[signal.line] = self._make(signal.line, KeptLine())
            self.memory.lines[signal.line] = line.kept
        if signal.event == "line_lost":
            return [*facts, *line.cut_off(self._now), *self._told(line, lost=True)]
        return [*facts, *self._told(line, lost=False), *line.take(signal, self._now)]

    def _told(self, line: Line, *, lost: bool) -> list[Fact]:
        """A line without current, told once; whatever else it says, it is alive again."""
        if line.kept.lost == lost:
            return []
        line.kept.lost = lost
        if lost:
            return [self._lost(line.name)]
        name = line.name
        over = DeviceState("online", "line-lost-over", f"Line {name} is alive again.")
        others = [each.name for each in self._lines.values() if each.kept.lost]
        return [over, *(self._lost(each) for each in others)]

    def _lost(self, name: str) -> DeviceState:
        advice = f"Line {name} is dead: check its cable from the wall to the unit, and the line."
        state: Literal["alarm"] = "alarm"
        return DeviceState(state, "line-lost", advice)

    def _make(self, name: str, kept: KeptLine) -> Line:
        return Line(name, self._semantics, self.memory.prefix, self._new_count, kept)

    def _make_room(self) -> list[Fact]:
        if len(self._lines) < MOST_LINES:
            return []
        idle = (name for name, line in self._lines.items() if line.kept.call is None)
        name = next(idle, next(iter(self._lines)))
        self.memory.lines.pop(name, None)
        return [*self._lines.pop(name).cut_off(self._now)]

    def _new_count(self) -> int:
        self.memory.count += 1
        return self.memory.count
