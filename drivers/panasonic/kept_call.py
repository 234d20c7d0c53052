"""One call as the memory keeps it: an array, and nothing that can be told from its neighbours.

    KnownCall ──pack──▶ KeptCall ──unpack──▶ the same KnownCall

The memory is written with every event, so its size is what an event costs the card. Times stand as
whole seconds from the call's last end where that loses nothing: most come from one line's arrival.
"""

from datetime import datetime, timedelta
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import astuple

from drivers.events import Leg, Outcome
from drivers.panasonic.call import KnownCall, Phase

_OUTCOMES: tuple[Outcome | None, ...] = (
    None, "answered", "missed", "busy", "failed", "unanswered", "unknown",
)  # fmt: skip
_PHASES: tuple[Phase, ...] = ("ringing", "answered", "ended")
_INCOMING, _MASKED, _IN_MINUTES, _TOLD_ENDED, _BY_GROUP, _THROUGH_DISA = (1 << n for n in range(6))
"""Stored by their places: new ones go to the end."""

_PRINTED = datetime(2000, 1, 1)  # noqa: DTZ001 - as printed
_DAY = 24 * 3600
_FARTHEST = 10_000 * 366 * _DAY
_Seconds = Annotated[int, Meta(ge=-_FARTHEST, le=_FARTHEST)]
_Time = datetime | _Seconds | None
_Duration = Annotated[int, Meta(ge=0, le=10**10)]
_Leg = tuple[str | None, _Duration | None, _Duration | None, str | None, bool]
Count = Annotated[int, Meta(ge=0, le=1 << 53)]


class KeptCall(Struct, frozen=True, array_like=True, gc=False):
    """See KnownCall for what has the same name there. The order of the fields is the format.

    count: the call id, without the prefix that all have. marks: what is true of the call.
    number_text, line: None where they are the number, and the key under which the call is kept.
    touched: whole seconds. device_time: None of an ended call, as each further line brings its own.
    live_end: aware UTC; ended_at: seconds after it, or aware UTC; answered_at, started_at: seconds
    after the live end, else after ended_at, or aware UTC. printed_end: seconds of local time
    since 2000 began.
    """

    count: Count
    marks: int
    line: str | None
    touched: _Seconds
    number: str | None
    number_text: str | None
    name: str | None
    did: str | None
    extension: str | None
    live_end: datetime | None
    ended_at: _Time
    answered_at: _Time
    started_at: _Time
    printed_end: _Time
    ring_seconds: _Duration | None
    outcome: Annotated[int, Meta(ge=0, lt=len(_OUTCOMES))]
    phase: Annotated[int, Meta(ge=0, lt=len(_PHASES))]
    legs: tuple[_Leg, ...]
    own_legs: tuple[_Leg, ...]
    hidden: tuple[str, ...]
    account_code: str | None
    device_time: str | None
    suspect: str | None


def pack(call: KnownCall, key: str) -> KeptCall:
    """The call, which is no internal one, as it is kept under `key`."""
    anchor = call.live_end or call.ended_at
    return KeptCall(
        int(call.call_id.rpartition("-")[2]),
        _marks(call),
        None if call.line == key else call.line,
        int(call.touched),
        call.number,
        None if call.number_text == call.number else call.number_text,
        call.name,
        call.did,
        call.extension,
        call.live_end,
        _after(call.live_end, call.ended_at),
        _after(anchor, call.answered_at),
        _after(anchor, call.started_at),
        _after(_PRINTED, call.printed_end),
        call.ring_seconds,
        _OUTCOMES.index(call.outcome),
        _PHASES.index(call.phase),
        _pack_legs(call.legs),
        _pack_legs(call.own_legs),
        tuple(call.hidden),
        call.account_code,
        None if call.phase == "ended" else call.device_time,
        call.suspect,
    )


def unpack(kept: KeptCall, key: str, prefix: str) -> KnownCall:
    """The call that was kept under `key`; its id begins with `prefix`."""
    ended_at = _at(kept.live_end, kept.ended_at)
    anchor = kept.live_end or ended_at
    return KnownCall(
        call_id=f"{prefix}-{kept.count}",
        direction="incoming" if kept.marks & _INCOMING else "outgoing",
        line=kept.line or key,
        touched=kept.touched,
        number=kept.number,
        number_text=kept.number_text or kept.number,
        masked=bool(kept.marks & _MASKED),
        name=kept.name,
        did=kept.did,
        extension=kept.extension,
        live_end=kept.live_end,
        ended_at=ended_at,
        answered_at=_at(anchor, kept.answered_at),
        started_at=_at(anchor, kept.started_at),
        printed_end=_at(_PRINTED, kept.printed_end),
        ring_seconds=kept.ring_seconds,
        outcome=_OUTCOMES[kept.outcome],
        phase=_PHASES[kept.phase],
        legs=[Leg(*leg) for leg in kept.legs],
        own_legs=[Leg(*leg) for leg in kept.own_legs],
        hidden=list(kept.hidden),
        account_code=kept.account_code,
        resolution="minute" if kept.marks & _IN_MINUTES else "second",
        device_time=kept.device_time,
        told_ended=bool(kept.marks & _TOLD_ENDED),
        by_group=bool(kept.marks & _BY_GROUP),
        suspect=kept.suspect,
        through_disa=bool(kept.marks & _THROUGH_DISA),
    )


def _marks(call: KnownCall) -> int:
    return (
        _INCOMING * (call.direction == "incoming")
        + _MASKED * call.masked
        + _IN_MINUTES * (call.resolution == "minute")
        + _TOLD_ENDED * call.told_ended
        + _BY_GROUP * call.by_group
        + _THROUGH_DISA * call.through_disa
    )


def _pack_legs(legs: list[Leg]) -> tuple[_Leg, ...]:
    return tuple([astuple(leg) for leg in legs])


def _after(anchor: datetime | None, at: datetime | None) -> _Time:
    if anchor is None or at is None:
        return at
    gap = at - anchor
    return at if gap.microseconds else gap.days * _DAY + gap.seconds


def _at(anchor: datetime | None, kept: _Time) -> datetime | None:
    if isinstance(kept, int):
        return None if anchor is None else anchor + timedelta(seconds=kept)
    return kept
