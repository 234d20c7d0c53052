"""One call as it becomes known, line by line. `matching.py` decides which line is whose."""

from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

from drivers.contract import Moment
from drivers.events import Call, Direction, Leg, Outcome, Resolution, Stage
from drivers.panasonic.record import LIMIT, Line

Phase = Literal["ringing", "answered", "ended"]

_LONGEST = timedelta(days=1)
"""No call is longer."""


class Span(Struct, frozen=True, gc=False):
    """When a leg was talked or rung: aware UTC. `start` is None where the duration is unknown."""

    start: datetime | None
    end: datetime


class KnownCall(Struct, kw_only=True, gc=False):
    """The facts of one call so far. How it goes into the driver's memory: `kept_call.py`.

    told_ended: `call.ended` went out; what comes later goes out as `call.updated`.
    by_group: answered through a ring group whose member's line is still to come or has come.
    suspect: an extension outside the list that may be a ring group's, until the next line tells.
    own_legs: legs of the exchange itself, a ring group's or DISA's: not shown, no person had them.
    through_disa: the last leg was the exchange's own, so another is likely to follow.
    touched: monotonic seconds of the last line.
    live_end, printed_end: the end of the last leg by arrival (UTC) and as printed (local).
    """

    call_id: str
    direction: Direction
    line: str | None
    touched: float
    number: str | None = None
    number_text: str | None = None
    masked: bool = False
    name: str | None = None
    did: str | None = None
    extension: str | None = None
    started_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    ring_seconds: int | None = None
    outcome: Outcome | None = None
    phase: Phase = "ringing"
    legs: list[Leg] = []
    own_legs: list[Leg] = []
    hidden: list[str] = []
    account_code: str | None = None
    resolution: Resolution = "second"
    device_time: str | None = None
    told_ended: bool = False
    by_group: bool = False
    suspect: str | None = None
    through_disa: bool = False
    live_end: datetime | None = None
    printed_end: datetime | None = None

    def same_caller(self, line: Line) -> bool:
        """Whether the line can be of this call, by its number.

        Every line of a call repeats the number, but the first may come before the caller ID.
        """
        return self.number in (None, line.number)

    def move(self, step: timedelta, before: datetime) -> None:
        """The wall clock, which showed `before`, stepped: times taken from it move along.

        A time far from that is another boot's, of a call that a power cut parted.
        """

        def moved(at: datetime | None) -> datetime | None:
            return at + step if at is not None and before - _LONGEST <= at <= before else at

        self.live_end = moved(self.live_end)
        if self.resolution == "second":
            self.started_at = moved(self.started_at)
            self.answered_at = moved(self.answered_at)
            self.ended_at = moved(self.ended_at)

    def forget_times(self) -> None:
        """They came from a wall clock that was not right, and nothing can mend them now."""
        self.live_end = None
        if self.resolution == "second":
            self.started_at = self.answered_at = self.ended_at = None

    def learn(self, line: Line, now: Moment) -> None:
        """Take over what every line of a call may tell."""
        self.touched = now.monotonic
        self.device_time = line.device_time
        if not now.live:
            self.resolution = "minute"
        if self.number is None:
            self.number, self.number_text = line.number, line.number_text
        self.masked = self.masked or line.masked
        self.name = self.name or line.name
        self.did = self.did or line.did
        self.account_code = self.account_code or line.account_code

    def hide(self, extension: str) -> None:
        """Note an extension that stands for a ring group or DISA, not for a person."""
        if extension not in self.hidden:
            self.hidden.append(extension)

    def ring_since(self, start: datetime) -> None:
        """The call rings since `start`, unless an earlier line told."""
        if self.started_at is None:
            self.started_at = start

    def answer(self, at: datetime | None, ring_seconds: int | None) -> None:
        """Answered at `at` (None: unknown) after `ring_seconds`; the first line that tells wins."""
        if self.phase == "ringing":
            self.phase = "answered"
        if ring_seconds is not None and not (self.ring_seconds and not ring_seconds):
            self.ring_seconds = ring_seconds
        if self.answered_at is None and at is not None:
            self.ring_since(at - timedelta(seconds=self.ring_seconds or 0))
            self.answered_at = max(at, self.started_at or at)

    def go_on(self, ring_seconds: int | None) -> int | None:
        """It seemed missed, but rings on elsewhere; returns the ring time of both."""
        self.outcome = None
        self.ended_at = None
        return None if ring_seconds is None else ring_seconds + (self.ring_seconds or 0)

    @property
    def answered_by_person(self) -> bool:
        """Whether a leg that was not the exchange's own was answered."""
        return bool(self.legs) and any(leg.condition != "NA" for leg in self.legs)

    def add_leg(self, line: Line, span: Span, *, hidden: bool) -> None:
        """A leg that has ended. Its ring time counts until a person has answered."""
        missed = line.condition == "NA"
        answered = self.answered_by_person
        rang = None if answered else line.ring_seconds
        if rang is not None and (self.legs or self.own_legs):
            rang += self.ring_seconds or 0
        if hidden and line.extension:
            self.hide(line.extension)
        extension = None if hidden else line.extension
        if not answered:
            self.extension = extension
        (self.own_legs if hidden else self.legs).append(
            Leg(
                extension=extension,
                ring_seconds=line.ring_seconds,
                talk_seconds=None if line.talk_seconds == LIMIT else line.talk_seconds,
                condition=line.condition,
                transferred=line.transferred,
            )
        )
        if missed and not answered:
            self.outcome = "missed"
            self.answered_at = None
            self.ring_seconds = rang if rang is not None else self.ring_seconds
            self.ring_since(span.end - timedelta(seconds=self.ring_seconds or 0))
        elif not missed:
            self.outcome = "answered"
            self.answer(None if answered else span.start, rang)
        self.end(span.end)

    def end(self, at: datetime) -> None:
        """The call is over, as far as is known."""
        self.phase = "ended"
        self.ended_at = max(at, self.ended_at or at, self.answered_at or at, self.started_at or at)

    @property
    def talk_seconds(self) -> int | None:
        """Seconds with people; with the exchange's own voice only if nobody else came."""
        if self.outcome == "missed":
            return 0
        legs = self.legs or self.own_legs
        if self.phase != "ended" or not legs:
            return None
        total = 0
        for leg in legs:
            if leg.talk_seconds is None:
                return None
            total += leg.talk_seconds
        return total

    def fact(self, stage: Stage) -> Call:
        """All that is known now, as one fact."""
        return Call(
            stage=stage,
            call_id=self.call_id,
            direction=self.direction,
            line=self.line,
            extension=self.extension,
            number=self.number_text,
            masked=self.masked,
            name=self.name,
            did=self.did,
            started_at=self.started_at,
            answered_at=self.answered_at,
            ended_at=self.ended_at,
            ring_seconds=self.ring_seconds,
            talk_seconds=self.talk_seconds,
            outcome=self.outcome,
            legs=tuple(self.legs),
            hidden_extensions=tuple(self.hidden),
            account_code=self.account_code,
            time_resolution=self.resolution,
            device_time=self.device_time,
        )
