"""One analogue line: what each signal means, by what the line did before (reference 5.2).

             ring, incoming              lifted                put back
    idle ──────────────────▶ ringing ─────────────▶ talking ─────────────▶ idle   answered
                                │ quiet for 9 s ────────────────────────▶ idle   missed
      │ lifted                     digits, a pause          put back
      └───────────▶ dialling ───────────────────▶ told ──────────────────▶ idle   unknown

Units send no record when ringing stops, no answer of the far end, and sometimes noise: a record
that cannot be true on this line as we know it shows that one before it was lost.
"""

from collections.abc import Callable

from drivers.callerid.call import KnownCall
from drivers.callerid.engine import Signal
from drivers.callerid.ringing import Ringing
from drivers.contract import Moment
from drivers.events import Call, Outcome

PICKED_UP_AT_ONCE = 5.0
"""Seconds after a number within which lifting answers the call, before its first ring."""
DIALLED = 4.0
"""Seconds without a key after which the number is dialled, if it has FEWEST_DIGITS."""
FEWEST_DIGITS = 3
NUMBER_OVER = 10.0
"""Seconds without a key after which an exchange takes no more digits: what follows is no number."""
LONGEST_CALL = 4 * 3600.0
"""Seconds after which a call without any further record counts as over."""
WAITING = 30.0
"""Seconds that a call waiting behind another is taken to ring."""
AWAY = 60.0
"""Seconds that a unit may be away before its open calls end as unknown."""
CORRECTABLE = LONGEST_CALL
CLOSING = 60.0
"""Seconds within which a unit's closing record follows the putting back."""


class Line(Ringing):
    """One line: takes signals and time."""

    def take(self, signal: Signal, now: Moment) -> list[Call]:
        """What one signal decides."""
        self._now = now
        act = _ACTS.get(signal.event)
        return act(self, signal) if act else []

    def off_hook(self, signal: Signal) -> list[Call]:
        facts = self._picked_up_at_once()
        call = self.kept.call
        if call is not None and call.phase == "ringing":
            return [*facts, *self.answered(signal)]
        if call is None:
            self._dial()
        return facts

    def answered(self, _signal: Signal) -> list[Call]:
        facts = self._picked_up_at_once()
        call = self.kept.call
        if call is None or call.phase != "ringing":
            return facts
        call.answer(self._now.monotonic)
        call.touched = self._now.monotonic
        return [*facts, self._fact(call, "updated" if call.told_ended else "answered")]

    def on_hook(self, signal: Signal) -> list[Call]:
        call = self.kept.call
        if call is None:
            return self._put_back_idle(signal)
        call.duration = signal.duration or call.duration
        call.note_print(signal.printed)
        self._take_unit_seconds(call, signal)
        if call.phase == "ringing":
            return self._put_back_ringing(call)
        call.gap = False
        if call.phase == "talking":
            return self._end(call, "answered", self._now.monotonic)
        return self._end_dialled(call, signal)

    def digit(self, signal: Signal) -> list[Call]:
        call = self.kept.call or self._dial()
        now = self._now.monotonic
        if call.phase != "dialling" or call.complete:
            return []
        if not call.timeless and call.keyed is not None and now - call.keyed > NUMBER_OVER:
            call.complete = len(call.digits) >= FEWEST_DIGITS
        if not call.complete:
            call.key_in(signal.digits, now)
            call.touched = now
        return []

    def dialled(self, signal: Signal) -> list[Call]:
        call = self.kept.call or self._dial()
        if call.phase != "dialling" or call.announced or not signal.digits:
            return []
        call.digits = ""
        call.key_in(signal.digits, self._now.monotonic)
        call.note_print(signal.printed)
        return self._announce(call)

    def over(self, signal: Signal) -> list[Call]:
        """The unit's closing record of a call; the line may have been put back before."""
        if signal.caller is None:
            return self._over_dialled(signal)
        seconds = _figure(signal.duration)
        call = self.kept.call
        if call is not None and not call.incoming:
            return []
        facts: list[Call] = []
        if call is None:
            call = self._correctable()
            if call is None:
                call = self._begin(facts, signal)
                facts.clear()
            elif call.outcome == "answered":
                return []
        call.duration = signal.duration
        call.note_print(signal.printed)
        if call.phase != "talking" and (call.rings or not seconds):
            return [*facts, *self._end(call, "missed", call.last_ring)]
        if call.phase != "talking":
            call.unit_seconds = seconds
        return [*facts, *self._end(call, "answered", self._now.monotonic)]

    def tick(self, now: Moment, away_since: float | None) -> list[Call]:
        """End what is over by now; `away_since`: the unit cannot be heard since then."""
        self._now = now
        facts: list[Call] = []
        for call in (self.kept.waiting, self.kept.call):
            due = self._due(call, away_since) if call else None
            if call and due is not None and due <= now.monotonic:
                facts += self._time_is_up(call, away=away_since is not None)
        return facts

    def due(self, away_since: float | None) -> float | None:
        """When `tick` has something to decide, in monotonic seconds."""
        calls = (self.kept.waiting, self.kept.call)
        times = [self._due(call, away_since) for call in calls if call]
        return min((time for time in times if time is not None), default=None)

    def _due(self, call: KnownCall, away_since: float | None) -> float | None:
        if call is self.kept.waiting:
            return call.began + WAITING
        if call.phase == "ringing":
            return call.last_ring + self._semantics.quiet_seconds
        if away_since is not None:
            return away_since + AWAY
        if call.phase == "dialling" and not call.announced and len(call.digits) >= FEWEST_DIGITS:
            return (call.keyed or call.began) + DIALLED
        return call.touched + LONGEST_CALL

    def _time_is_up(self, call: KnownCall, *, away: bool) -> list[Call]:
        if call is self.kept.waiting:
            self.kept.waiting = None
            return [self._fact(call, call.end("unknown", call.last_ring))]
        if call.phase == "ringing":
            return self._silent(call)
        told = call.announced or call.phase != "dialling" or len(call.digits) < FEWEST_DIGITS
        return self._lost(call) if told or away else self._announce(call)

    def unheard(self) -> None:
        """The unit cannot be heard, or could not until now."""
        if self.kept.call is not None:
            self.kept.call.gap = True

    def cut_off(self, now: Moment) -> list[Call]:
        """The line or the unit is gone: what goes on there nobody can tell."""
        self._now = now
        return self._lost(self.kept.call) if self.kept.call else []

    def _over_dialled(self, signal: Signal) -> list[Call]:
        last, now = self.kept.last, self._now.monotonic
        ended = last is not None and not last.incoming and now - last.touched < CLOSING
        return [] if self.kept.call is None and ended else self.on_hook(signal)

    def _put_back_ringing(self, call: KnownCall) -> list[Call]:
        """The lifting was lost: a duration of the unit's own tells that somebody talked."""
        seconds = _figure(call.duration)
        if not seconds and not call.gap:
            return self._end(call, "missed", call.last_ring)
        return self._end(call, "answered" if seconds else "unknown", self._now.monotonic)

    def _put_back_idle(self, signal: Signal) -> list[Call]:
        """A call that we gave up is over only now, or one of which we heard nothing else."""
        call = self._correctable()
        if call is not None and call.gap:
            call.duration = signal.duration or call.duration
            outcome: Outcome = "answered" if call.incoming and call.answered else "unknown"
            call.gap = False
            return self._end(call, outcome, self._now.monotonic)
        if len(signal.digits) < FEWEST_DIGITS:
            return []
        call = self._dial()
        call.timeless = True  # when it was lifted nobody heard
        call.duration = signal.duration
        self._take_unit_seconds(call, signal)
        return self._end_dialled(call, signal)

    def _correctable(self) -> KnownCall | None:
        last = self.kept.last
        if last is None or self._now.monotonic - last.touched > CORRECTABLE:
            return None
        return last if last.outcome in {"unknown", "missed", "answered"} else None

    def _take_unit_seconds(self, call: KnownCall, signal: Signal) -> None:
        if call.timeless and self._semantics.duration != "ignore":
            call.unit_seconds = _figure(signal.duration, self._semantics.duration == "mmss")

    def _end_dialled(self, call: KnownCall, signal: Signal) -> list[Call]:
        if not call.complete and len(signal.digits) > len(call.digits):
            call.digits = signal.digits
        if len(call.digits) < FEWEST_DIGITS:
            self.kept.call = None  # seized, not dialled
            return []
        return self._end(call, "unknown", self._now.monotonic)

    def _dial(self) -> KnownCall:
        return self._new(incoming=False, began=self._now.monotonic)

    def _picked_up_at_once(self) -> list[Call]:
        """A number came and the line was lifted before the first ring was told."""
        facts: list[Call] = []
        heard = self.kept.heard
        fresh = heard is not None and self._now.monotonic - heard.at < PICKED_UP_AT_ONCE
        if self.kept.call is None and fresh:
            self._begin(facts, Signal("ring"))
        return facts

    def _announce(self, call: KnownCall) -> list[Call]:
        call.announced = True
        call.touched = self._now.monotonic
        return [self._fact(call, "ringing")]


def _figure(text: str | None, minutes: bool = False) -> int:  # noqa: FBT001, FBT002 - how to read
    digits = "".join(sign for sign in text or "" if sign.isdecimal())[-6:]
    number = int(digits or 0)
    return number // 100 * 60 + number % 100 if minutes else number


_ACTS: dict[str, Callable[[Line, Signal], list[Call]]] = {
    "ring": Line.ring,
    "caller_id": Line.caller_id,
    "incoming": Line.incoming,
    "caller_name": Line.caller_name,
    "clock": Line.clock,
    "missed": Line.missed,
    "off_hook": Line.off_hook,
    "answered": Line.answered,
    "on_hook": Line.on_hook,
    "digit": Line.digit,
    "dialled": Line.dialled,
    "over": Line.over,
}
