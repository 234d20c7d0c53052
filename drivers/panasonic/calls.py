"""Joins printed lines to calls: what each line tells of its call.

    RC / ring notice ─▶ ringing ─▶ AN / group leg ─▶ answered ─▶ final line ─▶ ended ─▶ TR, * legs
                                                                   NA line ─▶ ended (missed)

Which call a line belongs to: `matching.py`. Sequences: reference 2 and 3.8. Rules of what is told
and when: design section 4.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from drivers.contract import Moment
from drivers.events import Call, Fact, Stage
from drivers.panasonic.call import KnownCall, Span
from drivers.panasonic.calls_memory import CallsMemory
from drivers.panasonic.hidden_extensions import HiddenExtensions
from drivers.panasonic.leg_times import LegTimes
from drivers.panasonic.matching import MOST_CALLS, KnownCalls, key_of
from drivers.panasonic.models import Family
from drivers.panasonic.record import Line


class Calls:
    """The calls of one exchange. `to_utc` turns a printed local time into aware UTC."""

    def __init__(
        self,
        family: Family,
        hidden: Iterable[str],
        to_utc: Callable[[datetime], datetime],
        memory: CallsMemory,
        boot: str = "",
    ) -> None:
        self._family = family
        self._times = LegTimes(family, to_utc)
        self._known = KnownCalls(family, self._times, memory)
        self._hidden = HiddenExtensions(hidden, memory.groups)
        self._memory = memory
        self._boot = boot
        self._started = False

    # --- time ---------------------------------------------------------------------------------

    def tick(self, now: Moment) -> list[Fact]:
        """Set the time. Closes calls whose last line will not come."""
        self._times.now = now
        if not self._started:
            self._started = True
            self._memory.wake(now, self._boot)
            return [*self._hidden.remind(), *self._give_up_late(now.monotonic)]
        self._memory.advance(now)
        return self._give_up_late(now.monotonic) if self._known.open else []

    def _give_up_late(self, now: float) -> list[Fact]:
        return [fact for key in self._known.late(now) for fact in self._give_up(key)]

    def due(self) -> float | None:
        """When `tick` has something to close, in monotonic seconds."""
        return self._known.due()

    # --- lines --------------------------------------------------------------------------------

    def add(self, line: Line) -> list[Fact]:
        """Take one line; the facts that it decides, in order."""
        facts = self._decided(line)
        if len(self._known.open) > MOST_CALLS:
            facts += self._give_up(next(iter(self._known.open)))
        return facts

    def _decided(self, line: Line) -> list[Fact]:
        if line.direction == "incoming":
            if line.condition == "RC" or line.waiting or self._is_ring_notice(line):
                return self._ring(line)
            if line.condition == "AN":
                return self._answer(line)
            if self._zero_leg(line) and line.extension in self._hidden.all:
                return self._group_leg(line)
            return self._final(line)
        if line.direction == "outgoing":
            return self._outgoing(line)
        return self._internal(line) if line.direction == "internal" else []

    def _is_ring_notice(self, line: Line) -> bool:
        return self._family.missed_by_silence and not line.extension and line.talk_seconds is None

    def _zero_leg(self, line: Line) -> bool:
        """An incoming line without duration and code: a ring group's leg looks like this."""
        return (
            not self._family.missed_by_silence
            and line.talk_seconds == 0
            and line.condition is None
            and line.extension is not None
        )

    def _ring(self, line: Line) -> list[Fact]:
        key = key_of(line)
        facts: list[Fact] = []
        call = self._known.open.get(key)
        if call and not self._family.missed_by_silence and call.same_caller(line):
            return self._ring_elsewhere(call, line)
        if call:
            facts += self._give_up(key)
        elif self._known.continued(key, line):
            return facts
        call = self._new(line)
        call.learn(line, self._times.now)
        if line.waiting:
            call.ring_since(self._times.span(line).start or self._times.now.utc)
            call.ring_seconds = line.talk_seconds
        call.ring_since(self._times.printed_at(line))
        self._times.mark_end(call, line)
        if line.extension and line.extension in self._hidden.all:
            call.hide(line.extension)
        else:
            call.extension = line.extension
        self._known.keep_open(key, call)
        return [*facts, call.fact("ringing")]

    def _ring_elsewhere(self, call: KnownCall, line: Line) -> list[Fact]:
        call.learn(line, self._times.now)
        shown = None if line.extension in self._hidden.all else line.extension
        if call.phase != "ringing" or shown in (None, call.extension):
            return []
        call.extension = shown
        return [call.fact("updated")]

    def _answer(self, line: Line) -> list[Fact]:
        key = key_of(line)
        facts: list[Fact] = []
        call = self._known.open.get(key)
        if call and not call.same_caller(line):
            facts += self._give_up(key)
            call = None
        call = call or self._known.continued(key, line) or self._new(line)
        stage: Stage = "answered" if call.phase == "ringing" else "updated"
        call.learn(line, self._times.now)
        call.answer(self._times.span(line).end, _first_ring(call, line))
        if line.extension and line.extension in self._hidden.all:
            call.hide(line.extension)
            call.extension = None
        elif not call.answered_by_person:
            call.extension = line.extension
        if call.phase != "ended" or key in self._known.open:
            self._known.keep_open(key, call)
        else:
            self._known.keep_ended(key, call)
        return [*facts, call.fact(stage)]

    def _group_leg(self, line: Line) -> list[Fact]:
        key = key_of(line)
        facts: list[Fact] = []
        call = self._known.open.get(key)
        if call and (not call.same_caller(line) or call.by_group):
            facts += self._give_up(key)
            call = None
        call = call or self._known.continued(key, line) or self._new(line)
        stage: Stage = "answered" if call.phase == "ringing" else "updated"
        call.learn(line, self._times.now)
        call.hide(line.extension or "")
        if call.extension == line.extension:
            call.extension = None
        call.by_group = True
        ring = _first_ring(call, line)
        if call.outcome == "missed":
            ring = call.go_on(ring)
        call.answer(self._times.span(line).end, ring)
        self._times.mark_end(call, line)
        self._known.forget_ended(key)
        self._known.keep_open(key, call)
        return [*facts, call.fact(stage)]

    def _final(self, line: Line) -> list[Fact]:
        key = key_of(line)
        facts: list[Fact] = []
        call = self._known.open.get(key)
        if call and not (call.same_caller(line) and self._known.closes(call, line)):
            facts += self._give_up(key)
            call = None
        if call is None:
            call = self._known.continued(key, line)
        if call is not None and call.suspect and not line.transferred:
            facts += self._unmask(call)
        call = call or self._new(line)
        self._known.open.pop(key, None)
        call.learn(line, self._times.now)
        disa = line.condition == "D0" and not (line.extension or "T").startswith("T")
        if disa:
            facts += self._hidden.add(line.extension or "", "a DISA number")
        elif line.talk_seconds:
            self._hidden.person_talked(line.extension)
        first = not call.legs and not call.own_legs and not call.by_group
        call.suspect = line.extension if first and self._zero_leg(line) else None
        hidden = disa or line.extension in self._hidden.all
        call.through_disa = hidden and line.condition != "NA"
        span = self._times.span(line)
        if first and self._family.time_is_start:
            self._measure_ring(call, span)
        call.add_leg(line, span, hidden=hidden)
        self._times.mark_end(call, line)
        return [*facts, self._tell_end(key, call)]

    def _measure_ring(self, call: KnownCall, span: Span) -> None:
        """A TA exchange prints no ring time: it lies between the ring notice and the answer."""
        if call.started_at and span.start and call.resolution == "second":
            call.ring_seconds = max(0, round((span.start - call.started_at).total_seconds()))

    def _outgoing(self, line: Line) -> list[Fact]:
        key = key_of(line)
        facts = self._give_up(key) if key in self._known.open else []
        call = self._known.transferred(key, line) or self._new(line)
        call.learn(line, self._times.now)
        span = self._times.span(line)
        if span.start:
            call.ring_since(span.start)
        call.add_leg(line, span, hidden=False)
        call.answered_at = None
        if line.condition == "TR":
            call.outcome = "answered"
        else:
            call.outcome = "unanswered" if line.talk_seconds == 0 else "unknown"
        self._times.mark_end(call, line)
        return [*facts, self._tell_end(key, call)]

    def _internal(self, line: Line) -> list[Fact]:
        call = self._new(line)
        call.learn(line, self._times.now)
        span = self._times.span(line)
        call.started_at = span.end
        call.add_leg(line, span, hidden=False)
        call.answered_at = None
        call.outcome = "unknown"
        call.told_ended = True
        return [call.fact("ended")]

    def _unmask(self, call: KnownCall) -> list[Fact]:
        """The extension taken for a person's was a ring group's: its member's line has come."""
        group = call.suspect or ""
        call.suspect = None
        call.by_group = True
        call.hide(group)
        call.legs.clear()
        call.extension = None
        return self._hidden.add(group, "a ring group")

    # --- telling ----------------------------------------------------------------------------------

    def _new(self, line: Line) -> KnownCall:
        self._memory.count += 1
        return KnownCall(
            call_id=f"{self._memory.prefix}-{self._memory.count}",
            direction=line.direction or "incoming",
            line=line.line,
            touched=self._times.now.monotonic,
        )

    def _tell_end(self, key: str, call: KnownCall) -> Call:
        stage: Stage = "updated" if call.told_ended else "ended"
        call.told_ended = True
        self._known.keep_ended(key, call)
        return call.fact(stage)

    def _give_up(self, key: str) -> list[Fact]:
        """End an open call whose last line did not come."""
        call = self._known.open.pop(key)
        if call.told_ended:
            call.phase = "ended"
            self._known.keep_ended(key, call)
            return []
        call.outcome = "answered" if call.phase == "answered" else "missed"
        call.phase = "ended"
        return [self._tell_end(key, call)]


def _first_ring(call: KnownCall, line: Line) -> int | None:
    """The ring time of a line, unless a person answered before: then it is a transfer's."""
    return None if call.answered_by_person else line.ring_seconds
