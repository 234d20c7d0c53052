"""Which printed line belongs to which call.

The exchange prints legs, without an id. One trunk line carries one call at a time, so what belongs
together is found by trunk line and caller's number, and by time:

    line ─▶ the open call of its trunk line    unless the caller differs, or `closes` says no
         ─▶ the last ended one (`continued`)   a transferred leg, a ring group's member, a late
                                               answer to a call that seemed missed
         ─▶ none of them                       a new call

- A leg follows another when it starts where the other ended (`leg_times.py`).
- Trunk `00` stands for every trunk from 100 on (reference 3.1): there the number alone joins.

Sequences: reference 2 and 3.8.
"""

from drivers.panasonic.call import KnownCall
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


def key_of(line: Line) -> str:
    """What joins lines: the trunk line, or the number on trunk `00`; empty joins nothing."""
    if line.line == "00":
        return f"00 {line.number}" if line.number else ""
    return line.line or ""


class KnownCalls:
    """The calls that a line may belong to, each under the `key_of` its lines.

    open: calls that have not ended. Of those that have, the last one of each trunk line is kept.
    """

    def __init__(self, family: Family, times: LegTimes, memory: CallsMemory) -> None:
        self._family = family
        self._times = times
        self._memory = memory
        self.open = memory.open
        self._ended = memory.ended

    def closes(self, call: KnownCall, line: Line) -> bool:
        """Whether a final line ends this open call."""
        if call.by_group:
            return self._is_member(call, line)
        return not self._family.missed_by_silence or self._answers(call, line)

    def continued(self, key: str, line: Line) -> KnownCall | None:
        """The ended incoming call that this line carries on, or None.

        Who changes it keeps it again, ended or open.
        """
        call = self._ended.get(key)
        if call is None or call.direction != "incoming" or not call.same_caller(line):
            return None
        if self._is_forgotten(call) or len(call.legs) + len(call.own_legs) >= MOST_LEGS:
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

    def transferred(self, key: str, line: Line) -> KnownCall | None:
        """The ended outgoing call that this line, a transfer, carries on, or None.

        Who changes it keeps it again.
        """
        call = self._ended.get(key)
        joins = (
            line.condition == "TR"
            and call is not None
            and call.direction == "outgoing"
            and call.number_text == line.number_text
            and not self._is_forgotten(call)
            and self._times.follows(call, line, -_SLACK, _LONGEST_HOLD)
        )
        return call if joins else None

    def _is_forgotten(self, ended: KnownCall) -> bool:
        return self._times.now.monotonic - ended.touched > REMEMBERED

    def _answers(self, call: KnownCall, line: Line) -> bool:
        """Whether the leg began while the ring notice of a TA exchange was fresh."""
        return self._times.follows(call, line, -_SLACK, _LONGEST_RING)

    def _is_member(self, call: KnownCall, line: Line) -> bool:
        """Whether the leg began when the ring group answered; the ringing stands in its line."""
        return not line.ring_seconds and self._times.follows(call, line, -_SLACK, _SLACK)

    def keep_open(self, key: str, call: KnownCall) -> None:
        """It has not ended, or goes on after all."""
        if key:
            self.open[key] = call

    def keep_ended(self, key: str, call: KnownCall) -> None:
        """It has ended, but a leg may still come, or it got one.

        To an outgoing call only `TR` adds a leg, which TA exchanges do not print.
        """
        if not key:
            return
        self._ended.pop(key, None)
        if call.direction == "incoming" or not self._family.missed_by_silence:
            self._ended[key] = call
            self._memory.changed(key)
        while self._ended and (
            len(self._ended) > MOST_CALLS or self._is_forgotten(next(iter(self._ended.values())))
        ):
            del self._ended[next(iter(self._ended))]

    def forget_ended(self, key: str) -> None:
        """What comes on this trunk line belongs to no call that ended before."""
        self._ended.pop(key, None)

    def late(self, now: float) -> list[str]:
        """The keys of the open calls whose last line will not come, at `now` (monotonic)."""
        return [key for key, call in self.open.items() if self._limit(call) <= now]

    def due(self) -> float | None:
        """When the first call will be `late`, in monotonic seconds."""
        return min((self._limit(call) for call in self.open.values()), default=None)

    def _limit(self, call: KnownCall) -> float:
        silent = self._family.missed_by_silence and call.phase == "ringing"
        return call.touched + (SILENCE if silent else LOST)
