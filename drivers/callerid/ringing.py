"""A line that rings: rings, numbers, and what they say of each other.

number, ring       the number came first and waits for its ring, for STALE seconds at most
ring, number       the number is learned late
R03, R01           the count began anew: another call, and the one before was missed
R03, nothing, R05  a lost record: the call that was taken for missed rings on
"""

from drivers.callerid.call import KnownCall
from drivers.callerid.caller_text import Caller
from drivers.callerid.engine import Signal
from drivers.callerid.line_steps import STALE, Heard, LineSteps
from drivers.events import Call

LATE_RING = 2.0
"""Seconds after lifting in which a ring that was on its way may still be told."""


class Ringing(LineSteps):
    """What signals of ringing mean."""

    def ring(self, signal: Signal) -> list[Call]:
        facts = self._put_back_unheard()
        call = self.kept.call
        if call is None and self._knocked_lately():
            call, self.kept.call, self.kept.waiting = self.kept.waiting, self.kept.waiting, None
        elif call is None and self._rings_on(signal):
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

    def _learn(self, call: KnownCall, signal: Signal, caller: Caller) -> list[Call]:
        call.note_print(signal.printed)
        if call.caller.known and not caller.name:
            if caller.number == call.number:  # once more, or of the next call: the next ring tells
                self.kept.heard = Heard(caller, self._now.monotonic, signal.printed)
            return []
        kept = Caller(None, None, caller.name) if call.caller.known else caller
        return [self._fact(call, "updated")] if call.learn(kept) else []

    def _knocked_lately(self) -> bool:
        """What seemed to wait behind another call, whose end had been lost, rings by itself."""
        waiting = self.kept.waiting
        return waiting is not None and self._now.monotonic - waiting.began < STALE

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

    def _put_back_unheard(self) -> list[Call]:
        """It rings, so it lies on its hook, whatever we missed."""
        call = self.kept.call
        if call is None or call.phase == "ringing":
            return []
        since = call.answered if call.answered is not None else call.began
        if not call.timeless and self._now.monotonic - since < LATE_RING:
            return []
        return self._lost(call)


def _is_another(call: KnownCall, caller: Caller) -> bool:
    """A sure number while another one rings: the first has stopped."""
    return call.caller.known and caller.known and call.number != caller.number
