"""One analogue line: what is kept of it, and the steps of which its calls are made.

A step takes what the unit told, or time, to the line's next state and gives the facts of it. Which
step is due: ringing.py, line.py.
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


class LineSteps:
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

    def _silent(self, call: KnownCall) -> list[Call]:
        """It rings no more, and nobody lifted."""
        outcome: Outcome = "unknown" if call.gap else self._semantics.quiet_means
        return self._end(call, outcome, call.last_ring)

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
