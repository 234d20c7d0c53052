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

from msgspec import Struct

from drivers.callerid.call import KnownCall, Seconds
from drivers.callerid.caller_text import Caller
from drivers.callerid.engine import Signal
from drivers.callerid.profile import Semantics
from drivers.contract import Moment
from drivers.events import Call, Outcome, Stage

STALE = 10.0
"""Seconds after which a number that no ring followed was a false detection (reference 5.2)."""
PICKED_UP_AT_ONCE = 5.0
"""Seconds after a number within which lifting answers the call, before its first ring."""
DIALLED = 4.0
"""Seconds without a key after which the number is dialled, if it has FEWEST_DIGITS."""
FEWEST_DIGITS = 3
NUMBER_OVER = 10.0
"""Seconds without a key after which an exchange takes no more digits: what follows is no number."""
LATE_RING = 2.0
"""Seconds after lifting in which a ring that was on its way may still be told."""
LONGEST_CALL = 4 * 3600.0
"""Seconds after which a call without any further record counts as over."""
WAITING = 30.0
"""Seconds that a call waiting behind another is taken to ring."""
AWAY = 60.0
"""Seconds that a unit may be away before its open calls end as unknown."""
CORRECTABLE = LONGEST_CALL


class Heard(Struct, array_like=True, frozen=True):
    """A number that came before its ring, at a monotonic time."""

    caller: Caller
    at: Seconds
    printed: str | None = None


class KeptLine(Struct, array_like=True):
    """A line as the memory keeps it."""

    call: KnownCall | None = None
    last: KnownCall | None = None
    waiting: KnownCall | None = None
    heard: Heard | None = None
    lost: bool = False


class Line:
    """One line of a unit. `new_count` numbers calls; `prefix` makes their ids."""

    def __init__(
        self,
        name: str,
        semantics: Semantics,
        prefix: str,
        new_count: Callable[[], int],
        kept: KeptLine,
    ) -> None:
        self.name = name
        self.kept = kept
        self._semantics = semantics
        self._prefix = prefix
        self._new_count = new_count
        self._now: Moment

    def take(self, signal: Signal, now: Moment) -> list[Call]:
        """What one signal decides."""
        self._now = now
        act = _ACTS.get(signal.event)
        return act(self, signal) if act else []

    # --- ringing ------------------------------------------------------------------------------

    def ring(self, signal: Signal) -> list[Call]:
        facts = self._put_back_unheard()
        call = self.kept.call
        if call is None and self._rings_on(signal):
            call = self._reopen(facts)
        elif call is not None and self._is_repeated(call, signal):
            return facts
        elif call is not None and signal.rings is not None and signal.rings <= call.rings:
            facts += self._silent(call)
            call = None
        if call is None:
            call = self._begin(facts, signal)
        call.rings = call.rings + 1 if signal.rings is None else signal.rings
        call.last_ring = call.touched = self._now.monotonic
        call.note_print(signal.printed)
        return facts

    def caller_id(self, signal: Signal) -> list[Call]:
        caller = signal.caller
        if caller is None:
            return []
        call = self.kept.call
        if call is not None and call.phase != "ringing":
            return self._call_waiting(caller)
        if call is None or _is_another(call, caller):
            facts = self._silent(call) if call else []
            self.kept.heard = Heard(caller, self._now.monotonic, signal.printed)
            return facts
        return self._learn(call, signal, caller)

    def incoming(self, signal: Signal) -> list[Call]:
        """A number that is itself the sign of ringing."""
        call = self.kept.call
        if signal.caller is None or (call is not None and call.phase != "ringing"):
            return self.caller_id(signal)
        facts = self.caller_id(signal)
        if self.kept.call is None:
            call = self._begin(facts, signal)
        if call is not None:
            call.last_ring = call.touched = self._now.monotonic
        return facts

    def caller_name(self, signal: Signal) -> list[Call]:
        call, heard, caller = self.kept.call, self.kept.heard, signal.caller
        if caller is None:
            return []
        if call is not None and call.phase == "ringing":
            return self._learn(call, signal, caller)
        if heard is not None:
            known = Caller(heard.caller.number, heard.caller.told, caller.name)
            self.kept.heard = Heard(known, heard.at, heard.printed)
        return []

    def clock(self, signal: Signal) -> list[Call]:
        call = self.kept.call
        if call is not None and call.phase == "ringing":
            call.note_print(signal.printed)
        return []

    def missed(self, signal: Signal) -> list[Call]:
        call = self.kept.call
        if call is None or call.phase != "ringing":
            return []
        call.rings = signal.rings or call.rings
        return self._end(call, "missed", call.last_ring)

    # --- lifted and put back ------------------------------------------------------------------

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
        return [*facts, self._fact(call, "answered")]

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
        """The unit's closing record of an incoming call; the line may have been put back before."""
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

    # --- what time decides --------------------------------------------------------------------

    def tick(self, now: Moment, away_since: float | None) -> list[Call]:
        """End what is over by now; `away_since`: the unit cannot be heard since then."""
        self._now = now
        facts: list[Call] = []
        if self.kept.heard and now.monotonic - self.kept.heard.at >= STALE:
            self.kept.heard = None
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

    # --- steps --------------------------------------------------------------------------------

    def _new(self, *, incoming: bool, began: float) -> KnownCall:
        self.kept.last = None
        call = KnownCall(
            count=self._new_count(),
            incoming=incoming,
            phase="ringing" if incoming else "dialling",
            began=began,
            last_ring=began,
            touched=began,
            timeless=not self._now.live,
        )
        self.kept.call = call
        return call

    def _begin(self, facts: list[Call], signal: Signal) -> KnownCall:
        """An incoming call rings, with the number that came before."""
        now, heard = self._now.monotonic, self.kept.heard
        self.kept.heard = None
        if heard is not None and now - heard.at < STALE:
            call = self._new(incoming=True, began=heard.at)
            call.learn(heard.caller)
            call.note_print(heard.printed)
        else:
            call = self._new(incoming=True, began=now)
        if signal.caller is not None:
            call.learn(signal.caller)
        call.last_ring = call.touched = now
        call.note_print(signal.printed)
        facts.append(self._fact(call, "ringing"))
        return call

    def _dial(self) -> KnownCall:
        return self._new(incoming=False, began=self._now.monotonic)

    def _learn(self, call: KnownCall, signal: Signal, caller: Caller) -> list[Call]:
        call.note_print(signal.printed)
        if call.caller.known and not caller.name:
            if caller.number == call.number:  # once more, or of the next call: the next ring tells
                self.kept.heard = Heard(caller, self._now.monotonic, signal.printed)
            return []
        kept = Caller(None, None, caller.name) if call.caller.known else caller
        return [self._fact(call, "updated")] if call.learn(kept) else []

    def _picked_up_at_once(self) -> list[Call]:
        """A number came and the line was lifted before the first ring was told."""
        facts: list[Call] = []
        heard = self.kept.heard
        fresh = heard is not None and self._now.monotonic - heard.at < PICKED_UP_AT_ONCE
        if self.kept.call is None and fresh:
            self._begin(facts, Signal("ring"))
        return facts

    def _put_back_unheard(self) -> list[Call]:
        """It rings, so it lies on its hook, whatever we missed."""
        call = self.kept.call
        if call is None or call.phase == "ringing":
            return []
        since = call.answered if call.answered is not None else call.began
        if not call.timeless and self._now.monotonic - since < LATE_RING:
            return []
        return self._lost(call)

    def _is_repeated(self, call: KnownCall, signal: Signal) -> bool:
        """The same ring told twice, or one that came late behind the lifting."""
        if call.phase != "ringing":
            return True
        soon = self._now.monotonic - call.last_ring < LATE_RING and not call.timeless
        return soon and signal.rings is not None and signal.rings == call.rings

    def _rings_on(self, signal: Signal) -> bool:
        """The count goes on where a call was taken for missed: a ring's record had been lost."""
        last = self.kept.last
        if last is None or last.outcome not in {"missed", "unknown"} or last.answered is not None:
            return False
        soon = self._now.monotonic - last.last_ring < 2 * self._semantics.quiet_seconds
        return soon and last.incoming and signal.rings is not None and signal.rings > last.rings > 0

    def _reopen(self, facts: list[Call]) -> KnownCall:
        call = self.kept.last
        assert call is not None  # noqa: S101 - _rings_on looked
        call.phase, call.outcome, call.ended = "ringing", None, None
        self.kept.call, self.kept.last, self.kept.heard = call, None, None
        facts.append(self._fact(call, "updated"))
        return call

    def _silent(self, call: KnownCall) -> list[Call]:
        """It rings no more, and nobody lifted."""
        outcome: Outcome = "unknown" if call.gap else self._semantics.quiet_means
        return self._end(call, outcome, call.last_ring)

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

    def _announce(self, call: KnownCall) -> list[Call]:
        call.announced = True
        call.touched = self._now.monotonic
        return [self._fact(call, "ringing")]

    def _call_waiting(self, caller: Caller) -> list[Call]:
        """Another call knocks while this one goes on; whether it is taken, no unit tells."""
        waiting, call = self.kept.waiting, self.kept.call
        known = {waiting.number if waiting else None, call.number if call else None}
        if not caller.known or caller.number in known or waiting is not None:
            return []
        busy, last = self.kept.call, self.kept.last
        waiting = self._new(incoming=True, began=self._now.monotonic)
        self.kept.call, self.kept.last, self.kept.waiting = busy, last, waiting
        waiting.learn(caller)
        return [self._fact(waiting, "ringing")]

    def _lost(self, call: KnownCall) -> list[Call]:
        """It ended, or goes on, unheard. What was not told to anybody is dropped."""
        call.gap = True
        if call.phase == "dialling" and not call.announced:
            self.kept.call = None
            return []
        return self._end(call, "unknown", self._now.monotonic)

    def _end(self, call: KnownCall, outcome: Outcome, at: float) -> list[Call]:
        call.touched = self._now.monotonic
        self.kept.call, self.kept.last = None, call
        return [self._fact(call, call.end(outcome, at))]

    def _fact(self, call: KnownCall, stage: Stage) -> Call:
        return call.fact(stage, self.name, self._prefix, self._now)


def _is_another(call: KnownCall, caller: Caller) -> bool:
    """A sure number while another one rings: the first has stopped."""
    return call.caller.known and caller.known and call.number != caller.number


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
