"""One call that two devices saw: a unit on the line, and the exchange behind it.

                      the unit on the line         the exchange
    number            as the line carried it       cut or blank, as its columns allow
    began, rang       from the first ring on       from when the exchange noticed
    answered, talk    when the line was lifted     when somebody answered; who, which legs
    outcome           answered or missed           the same, and transfers

Whichever knows a field gives it, and the call says which did (`provenance`). Until the exchange
has told its end, the unit's times stand in.
"""

from msgspec import Struct
from msgspec.structs import replace

from drivers.events import Call, NumberTold, Stage
from edge.intake.numbers import NumberPlan, normalize

TAIL = 7
"""Digits at the end by which numbers are compared: what stands in front differs by device."""


class JoinedCall(Struct, kw_only=True):
    """What both told. Kept in the journal: new fields get a default.

    began, touched: monotonic, when it was first and last told of. held: until when its end waits
    for the exchange's word. told: what went out last.
    """

    call_id: str
    unit: str
    began: float
    touched: float
    line: Call | None = None
    exchange: Call | None = None
    told: Call | None = None
    told_ended: bool = False
    held: float | None = None

    @property
    def incoming(self) -> bool:
        first = self.line or self.exchange
        return first is not None and first.direction == "incoming"

    @property
    def line_over(self) -> bool:
        return self.line is not None and self.line.outcome is not None

    def fact(self, stage: Stage, trunk: str, exchange: str, plan: NumberPlan) -> Call | None:
        """What both know, as a fact of the exchange; None where it adds nothing to the last."""
        if self.told_ended or (stage == "ringing" and self.told is not None):
            stage = "updated"
        merged = self._merged(trunk, exchange, plan)
        if (
            self.told is not None
            and stage == "updated"
            and merged == replace(self.told, stage=merged.stage)
        ):
            return None
        self.told = replace(merged, stage=stage)
        self.told_ended = self.told_ended or stage == "ended"
        return self.told

    def _merged(self, trunk: str, exchange: str, plan: NumberPlan) -> Call:
        line, other = self.line, self.exchange
        if line is None or other is None:
            only = line or other
            assert only is not None  # noqa: S101 - one of them began it
            return replace(only, call_id=self.call_id, line=trunk)
        number = line if _knows_better(line, other, plan) else other
        timed = other if other.outcome is not None else line
        return replace(
            other,
            call_id=self.call_id,
            line=trunk,
            number=number.number,
            masked=number.masked,
            number_told=number.number_told,
            name=other.name or line.name,
            started_at=line.started_at or other.started_at,
            answered_at=other.answered_at
            or (line.answered_at if timed.outcome != "missed" else None),
            ended_at=timed.ended_at,
            ring_seconds=other.ring_seconds or line.ring_seconds,
            talk_seconds=timed.talk_seconds,
            outcome=timed.outcome,
            time_resolution=line.time_resolution,
            provenance=self._provenance(number, timed, exchange),
        )

    def _provenance(self, number: Call, timed: Call, exchange: str) -> dict[str, str]:
        line, other = self.line, self.exchange
        assert line is not None  # noqa: S101 - both are there
        assert other is not None  # noqa: S101
        unit = self.unit
        told = exchange if timed is other else unit
        return {
            "number": unit if number is line else exchange,
            "name": exchange if other.name or not line.name else unit,
            "started_at": unit if line.started_at else exchange,
            "answered_at": exchange if other.answered_at else unit,
            "ended_at": told,
            "ring_seconds": exchange if other.ring_seconds else unit,
            "talk_seconds": told,
            "outcome": told,
            "extension": exchange,
        }


def _knows_better(line: Call, other: Call, plan: NumberPlan) -> bool:
    """Whether the unit on the line has a number, and the exchange none that is as good."""
    mine, theirs = (
        normalize(call.number, call.direction, plan, masked=call.masked, told=call.number_told)
        for call in (line, other)
    )
    if theirs.number is not None:
        return False
    return mine.number is not None or theirs.raw is None


def tail(call: Call | None) -> str:
    """The last digits of a number that nothing speaks against; empty where it has too few."""
    told: NumberTold | None = call.number_told if call else "unavailable"
    if call is None or told is not None or call.masked:
        return ""
    digits = "".join(sign for sign in call.number or "" if sign.isdecimal())
    return digits[-TAIL:] if len(digits) >= TAIL else ""


def differ(first: Call | None, second: Call | None) -> bool:
    """Whether both have numbers, of different people."""
    a, b = tail(first), tail(second)
    return bool(a and b and a != b)
