"""One call on an analogue line, as far as the unit has told; becomes facts.

All times are monotonic; those of day are reckoned from them when a fact is made, so that a call
open while the clock is set is told with the right time in the end. A replayed call, whose bytes
have no time of arrival, has no times at all: these units print none that could serve.
"""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from msgspec import Meta, Struct

from drivers.callerid.caller_text import NOBODY, Caller
from drivers.contract import Moment
from drivers.events import Call, NumberTold, Outcome, Stage

Phase = Literal["ringing", "talking", "dialling", "ended"]
Seconds = Annotated[float, Meta(ge=-1e12, le=1e12)]
_Count = Annotated[int, Meta(ge=0, le=1 << 53)]
MOST_DIGITS = 64


class KnownCall(Struct, array_like=True, kw_only=True, gc=False):
    """What is known. Goes into the driver's memory: new fields go to the end, with a default.

    timeless: its times came from no clock of ours, or from a boot that we cannot relate to this
    one. last_ring: the last sign that it rings. keyed: when the last digit of the number was.
    complete: no digit after this belongs to the number. gap: there was a time when we could not
    hear the unit. unit_seconds: the talk time by the unit, where that is all there is.
    """

    count: _Count
    incoming: bool
    phase: Phase
    began: Seconds
    last_ring: Seconds
    touched: Seconds
    timeless: bool = False
    number: str | None = None
    told: NumberTold | None = None
    name: str | None = None
    rings: _Count = 0
    answered: Seconds | None = None
    ended: Seconds | None = None
    digits: str = ""
    keyed: Seconds | None = None
    complete: bool = False
    announced: bool = False
    told_ended: bool = False
    gap: bool = False
    outcome: Outcome | None = None
    printed: str | None = None
    duration: str | None = None
    unit_seconds: _Count | None = None

    @property
    def caller(self) -> Caller:
        return Caller(self.number, self.told, self.name)

    def learn(self, caller: Caller) -> bool:
        """Take over a caller's number and name; whether that changed anything."""
        before = (self.number, self.told, self.name)
        if caller.number is not None or caller.told is not None:
            self.number, self.told = caller.number, caller.told
        self.name = caller.name or self.name
        return (self.number, self.told, self.name) != before

    def note_print(self, text: str | None) -> None:
        """The unit's own date and time; some print the two one after the other."""
        if text and not (self.printed and text in self.printed):
            self.printed = text if not self.printed or len(text) > 4 else f"{self.printed} {text}"

    def key_in(self, digits: str, now: float) -> None:
        self.digits = (self.digits + digits)[:MOST_DIGITS]
        self.keyed = now

    def answer(self, now: float) -> None:
        self.phase, self.answered = "talking", now

    def end(self, outcome: Outcome, at: float) -> Stage:
        """It is over; the stage by which that is told."""
        self.phase, self.outcome, self.ended = "ended", outcome, at
        stage: Stage = "updated" if self.told_ended else "ended"
        self.told_ended = True
        return stage

    def fact(self, stage: Stage, line: str, prefix: str, now: Moment) -> Call:
        """All that is known now."""
        shown = self.caller if self.incoming else Caller(self.digits or None, None, self.name)
        if self.incoming and shown.number is None and shown.told is None:
            shown = Caller(None, NOBODY.told, shown.name)
        return Call(
            stage=stage,
            call_id=f"{prefix}-{self.count}",
            direction="incoming" if self.incoming else "outgoing",
            line=line or None,
            extension=None,
            number=shown.number,
            masked=False,
            name=shown.name,
            did=None,
            started_at=self._at(self.began, now),
            answered_at=self._at(self.answered, now),
            ended_at=self._at(self.ended, now),
            ring_seconds=self._ring_seconds(),
            talk_seconds=self._talk_seconds(),
            outcome=self.outcome,
            legs=(),
            hidden_extensions=(),
            account_code=None,
            time_resolution="second",
            device_time=" ".join(filter(None, (self.printed, self.duration))) or None,
            number_told=shown.told,
        )

    def _at(self, monotonic: float | None, now: Moment) -> datetime | None:
        if monotonic is None or self.timeless:
            return None
        return now.utc - timedelta(seconds=now.monotonic - monotonic)

    def _ring_seconds(self) -> int | None:
        if not self.incoming or self.timeless or self.phase == "ringing":
            return None
        if self.answered is not None:
            return round(self.answered - self.began)
        return round(self.last_ring - self.began) if self.outcome == "missed" else None

    def _talk_seconds(self) -> int | None:
        if self.outcome in {"missed", "unanswered"}:
            return 0
        if self.unit_seconds is not None:
            return self.unit_seconds
        since = self.answered if self.incoming else self.keyed or self.began
        if self.timeless or self.gap or self.ended is None or since is None:
            return None
        return round(self.ended - since)
