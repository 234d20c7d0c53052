"""Joins printed lines to calls.

The exchange prints legs, without an id. One trunk line carries one call at a time, so what belongs
together is found by trunk line and caller's number, and by time:

    RC / ring notice ─▶ ringing ─▶ AN / group leg ─▶ answered ─▶ final line ─▶ ended ─▶ TR, * legs
                                                                   NA line ─▶ ended (missed)

- `open` holds calls that have not ended, `ended` the last one of each trunk line, since a
  transferred leg, a ring group's member or a late answer may still belong to it.
- A leg follows another when it starts where the other ended (`leg_times.py`).
- Trunk `00` stands for every trunk from 100 on (reference 3.1): there the number alone joins.

Sequences: reference 2 and 3.8. Rules of what is told and when: design section 4.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from drivers.contract import Moment
from drivers.events import Call, DeviceState, Fact, Stage
from drivers.panasonic.call import KnownCall, Span
from drivers.panasonic.calls_memory import CallsMemory
from drivers.panasonic.leg_times import LegTimes
from drivers.panasonic.models import Family
from drivers.panasonic.record import Line

SILENCE = 15 * 60.0
"""Seconds after which a ring notice alone counts as missed; a longer talk corrects that later."""
LOST = 8 * 3600.0
"""Seconds after which an open call's last line is given up."""
REMEMBERED = 4 * 3600.0
"""Seconds for which an ended call can still get a leg."""
MOST_CALLS = 512
MOST_LEGS = 64
"""More than any exchange has, so that garbage fills no memory."""

_SLACK = 120.0
"""Seconds by which two legs may seem to overlap or part: both printed times drop their seconds."""
_LONGEST_RING = 300.0
"""Seconds that a call may ring before the answer."""
_LONGEST_HOLD = 1800.0
"""Seconds that a caller may wait between two legs of a transfer."""


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
        self._listed = frozenset(hidden)
        self._times = LegTimes(family, to_utc)
        self.memory = memory
        self._boot = boot
        self._open = memory.open
        self._ended = memory.ended
        self._started = False

    # --- time ---------------------------------------------------------------------------------

    def tick(self, now: Moment) -> list[Fact]:
        """Set the time. Closes calls whose last line will not come."""
        self._times.now = now
        if not self._started:
            self._started = True
            self.memory.wake(now, self._boot)
            return [*self._remind(), *self._give_up_late(now.monotonic)]
        self.memory.advance(now)
        return self._give_up_late(now.monotonic) if self._open else []

    def _give_up_late(self, now: float) -> list[Fact]:
        late = [key for key, call in self._open.items() if self._limit(call) <= now]
        return [fact for key in late for fact in self._give_up(key)]

    def _remind(self) -> list[Fact]:
        """After a restart: the groups that were found before and are still not listed."""
        return [
            _unlisted(group, "a ring group or DISA number")
            for group in self.memory.groups
            if group not in self._listed
        ]

    def due(self) -> float | None:
        """When `tick` has something to close, in monotonic seconds."""
        return min((self._limit(call) for call in self._open.values()), default=None)

    def _limit(self, call: KnownCall) -> float:
        silent = self._family.missed_by_silence and call.phase == "ringing"
        return call.touched + (SILENCE if silent else LOST)

    # --- lines --------------------------------------------------------------------------------

    def add(self, line: Line) -> list[Fact]:
        """Take one line; the facts that it decides, in order."""
        facts = self._decided(line)
        if len(self._open) > MOST_CALLS:
            facts += self._give_up(next(iter(self._open)))
        return facts

    def _decided(self, line: Line) -> list[Fact]:
        if line.direction == "incoming":
            if line.condition == "RC" or line.waiting or self._is_ring_notice(line):
                return self._ring(line)
            if line.condition == "AN":
                return self._answer(line)
            if self._is_listed_group_leg(line):
                return self._group_leg(line)
            return self._final(line)
        if line.direction == "outgoing":
            return self._outgoing(line)
        return self._internal(line) if line.direction == "internal" else []

    def _is_ring_notice(self, line: Line) -> bool:
        return self._family.missed_by_silence and not line.extension and line.talk_seconds is None

    def _is_listed_group_leg(self, line: Line) -> bool:
        return self._zero_leg(line) and self._is_group(line.extension)

    def _zero_leg(self, line: Line) -> bool:
        """An incoming line without duration and code: a ring group's leg looks like this."""
        return (
            not self._family.missed_by_silence
            and line.talk_seconds == 0
            and line.condition is None
            and line.extension is not None
        )

    def _is_group(self, extension: str | None) -> bool:
        return extension in self._listed or extension in self.memory.groups

    def _ring(self, line: Line) -> list[Fact]:
        key = _key(line)
        facts: list[Fact] = []
        call = self._open.get(key)
        if call and not self._family.missed_by_silence and call.same_caller(line):
            return self._ring_elsewhere(call, line)
        if call:
            facts += self._give_up(key)
        elif self._follower(key, line):
            return facts
        call = self._new(line)
        call.learn(line, self._times.now.monotonic, live=self._times.now.live)
        if line.waiting:
            call.ring_since(self._times.span(line).start or self._times.now.utc)
            call.ring_seconds = line.talk_seconds
        call.ring_since(self._times.printed_at(line))
        self._times.mark_end(call, line)
        if line.extension and self._is_group(line.extension):
            call.hide(line.extension)
        else:
            call.extension = line.extension
        self._keep_open(key, call)
        return [*facts, call.fact("ringing")]

    def _ring_elsewhere(self, call: KnownCall, line: Line) -> list[Fact]:
        call.learn(line, self._times.now.monotonic, live=self._times.now.live)
        shown = None if self._is_group(line.extension) else line.extension
        if call.phase != "ringing" or shown in (None, call.extension):
            return []
        call.extension = shown
        return [call.fact("updated")]

    def _answer(self, line: Line) -> list[Fact]:
        key = _key(line)
        facts: list[Fact] = []
        call = self._open.get(key)
        if call and not call.same_caller(line):
            facts += self._give_up(key)
            call = None
        call = call or self._follower(key, line) or self._new(line)
        stage: Stage = "answered" if call.phase == "ringing" else "updated"
        call.learn(line, self._times.now.monotonic, live=self._times.now.live)
        call.answer(self._times.span(line).end, _first_ring(call, line))
        if line.extension and self._is_group(line.extension):
            call.hide(line.extension)
            call.extension = None
        elif not call.answered_by_person:
            call.extension = line.extension
        if call.phase != "ended":
            self._keep_open(key, call)
        return [*facts, call.fact(stage)]

    def _group_leg(self, line: Line) -> list[Fact]:
        key = _key(line)
        facts: list[Fact] = []
        call = self._open.get(key)
        if call and (not call.same_caller(line) or call.by_group):
            facts += self._give_up(key)
            call = None
        call = call or self._follower(key, line) or self._new(line)
        stage: Stage = "answered" if call.phase == "ringing" else "updated"
        call.learn(line, self._times.now.monotonic, live=self._times.now.live)
        call.hide(line.extension or "")
        if call.extension == line.extension:
            call.extension = None
        call.by_group = True
        ring = _first_ring(call, line)
        if call.outcome == "missed":
            ring = call.go_on(ring)
        call.answer(self._times.span(line).end, ring)
        self._times.mark_end(call, line)
        self._ended.pop(key, None)
        self._keep_open(key, call)
        return [*facts, call.fact(stage)]

    def _final(self, line: Line) -> list[Fact]:
        key = _key(line)
        facts: list[Fact] = []
        call = self._open.get(key)
        if call and not (call.same_caller(line) and self._closes(call, line)):
            facts += self._give_up(key)
            call = None
        if call is None:
            call = self._follower(key, line)
        if call is not None and call.suspect and not line.transferred:
            facts += self._unmask(call)
        call = call or self._new(line)
        self._open.pop(key, None)
        call.learn(line, self._times.now.monotonic, live=self._times.now.live)
        disa = line.condition == "D0" and not (line.extension or "T").startswith("T")
        if disa:
            facts += self._propose(line.extension or "", "a DISA number")
        elif line.talk_seconds and line.extension in self.memory.groups:
            self.memory.groups.remove(line.extension)
        first = not call.legs and not call.own_legs and not call.by_group
        call.suspect = line.extension if first and self._zero_leg(line) else None
        hidden = disa or self._is_group(line.extension)
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
        key = _key(line)
        facts = self._give_up(key) if key in self._open else []
        call = self._ended.get(key)
        joins = (
            line.condition == "TR"
            and call is not None
            and call.direction == "outgoing"
            and call.number_text == line.number_text
            and self._times.follows(call, line, -_SLACK, _LONGEST_HOLD)
        )
        if call is None or not joins:
            call = self._new(line)
        call.learn(line, self._times.now.monotonic, live=self._times.now.live)
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
        call.learn(line, self._times.now.monotonic, live=self._times.now.live)
        span = self._times.span(line)
        call.started_at = span.end
        call.add_leg(line, span, hidden=False)
        call.answered_at = None
        call.outcome = "unknown"
        call.told_ended = True
        return [call.fact("ended")]

    # --- which line belongs to which call -------------------------------------------------------

    def _closes(self, call: KnownCall, line: Line) -> bool:
        """Whether a final line ends this open call."""
        if call.by_group:
            return self._is_member(call, line)
        return not self._family.missed_by_silence or self._answers(call, line)

    def _answers(self, call: KnownCall, line: Line) -> bool:
        """Whether the leg began while the ring notice of a TA exchange was fresh."""
        return self._times.follows(call, line, -_SLACK, _LONGEST_RING)

    def _is_member(self, call: KnownCall, line: Line) -> bool:
        """Whether the leg began when the ring group answered; the ringing stands in its line."""
        return not line.ring_seconds and self._times.follows(call, line, -_SLACK, _SLACK)

    def _follower(self, key: str, line: Line) -> KnownCall | None:
        """The ended call that this line carries on, or None."""
        call = self._ended.get(key)
        if call is None or call.direction != "incoming" or not call.same_caller(line):
            return None
        if self._times.now.monotonic - call.touched > REMEMBERED:
            return None
        if len(call.legs) + len(call.own_legs) >= MOST_LEGS:
            return None
        if line.transferred:
            carries_on = self._times.follows(call, line, -_SLACK, _LONGEST_HOLD)
        elif call.outcome == "missed" and self._family.missed_by_silence:
            carries_on = line.talk_seconds is not None and self._answers(call, line)
        elif call.suspect:
            carries_on = line.extension != call.suspect and self._is_member(call, line)
        elif call.by_group and not call.legs:
            carries_on = self._is_member(call, line)
        elif call.through_disa:
            carries_on = self._times.follows(call, line, -_SLACK, _SLACK)
        else:
            carries_on = call.number is not None and self._times.is_seamless(call, line)
        return call if carries_on else None

    def _unmask(self, call: KnownCall) -> list[Fact]:
        """The extension taken for a person's was a ring group's: its member's line has come."""
        group = call.suspect or ""
        call.suspect = None
        call.by_group = True
        call.hide(group)
        call.legs.clear()
        call.extension = None
        return self._propose(group, "a ring group")

    def _propose(self, extension: str, what: str) -> list[Fact]:
        if not extension or self._is_group(extension) or len(self.memory.groups) >= MOST_CALLS:
            return []
        self.memory.groups.append(extension)
        return [_unlisted(extension, what)]

    # --- telling ----------------------------------------------------------------------------------

    def _new(self, line: Line) -> KnownCall:
        self.memory.count += 1
        return KnownCall(
            call_id=f"{self.memory.prefix}-{self.memory.count}",
            direction=line.direction or "incoming",
            line=line.line,
            touched=self._times.now.monotonic,
        )

    def _keep_open(self, key: str, call: KnownCall) -> None:
        if key:
            self._open[key] = call

    def _tell_end(self, key: str, call: KnownCall) -> Call:
        stage: Stage = "updated" if call.told_ended else "ended"
        call.told_ended = True
        self._ended.pop(key, None)
        if key:
            self._ended[key] = call
        if len(self._ended) > MOST_CALLS:
            del self._ended[next(iter(self._ended))]
        return call.fact(stage)

    def _give_up(self, key: str) -> list[Fact]:
        """End an open call whose last line did not come."""
        call = self._open.pop(key)
        if call.told_ended:
            call.phase = "ended"
            self._ended[key] = call
            return []
        if call.phase == "answered":
            call.outcome = "answered"
        else:
            call.outcome = "missed"
        call.phase = "ended"
        return [self._tell_end(key, call)]


def _unlisted(extension: str, what: str) -> DeviceState:
    advice = f"Extension {extension} acts as {what}: add it to hidden_extensions."
    return DeviceState("alarm", "unlisted-group", advice)


def _first_ring(call: KnownCall, line: Line) -> int | None:
    """The ring time of a line, unless a person answered before: then it is a transfer's."""
    return None if call.answered_by_person else line.ring_seconds


def _key(line: Line) -> str:
    """What joins lines: the trunk line, or the number on trunk `00`; empty joins nothing."""
    if line.line == "00":
        return f"00 {line.number}" if line.number else ""
    return line.line or ""
