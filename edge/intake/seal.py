"""From a fact to an event: numbers normalized, the fields of design section 4, time and source."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from drivers.contract import Moment
from drivers.events import Call, DeviceState, Direction, Fact, Leg, Outcome, Resolution
from edge.intake.numbers import NumberPlan, Status, normalize
from edge.journal.records import Sealed


class CallData(Struct, frozen=True, kw_only=True):
    """`data` of a call event, every field always present but `provenance`, see events.Call."""

    call_id: str
    direction: Direction
    line: str | None
    extension: str | None
    number: str | None
    number_raw: str | None
    number_status: Status
    name: str | None
    did: str | None
    started_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    ring_seconds: int | None
    talk_seconds: int | None
    outcome: Outcome | None
    legs: tuple[Leg, ...]
    hidden_extensions: tuple[str, ...]
    account_code: str | None
    time_resolution: Resolution
    device_time: str | None
    test: bool
    provenance: dict[str, str] | UnsetType = UNSET


class DeviceData(Struct, frozen=True, kw_only=True):
    """`data` of a device event. `since` is when this state began."""

    device: str
    state: Literal["online", "quiet", "offline", "alarm"]
    code: str
    since: datetime | None
    advice: str


class WireData(Struct, frozen=True, kw_only=True):
    """`data` of `wire.unrecognized`. `sample` has its digits masked."""

    device: str
    count: int
    sample: str
    why: str


class BoxData(Struct, frozen=True, kw_only=True):
    """`data` of a box event. uptime: seconds. disk: bytes free beside the journal."""

    version: str
    slot: str | None
    uptime: int
    disk: int
    backlog: int
    clock: Literal["synced", "corrected", "estimated"]


_encode = msgspec.json.Encoder().encode


def number_plan(settings: object) -> NumberPlan:
    """What a device's settings say of its numbers; those of no telephone system say nothing."""
    fields = [field for field in NumberPlan.__struct_fields__ if hasattr(settings, field)]
    return NumberPlan(**{field: getattr(settings, field) for field in fields})


def read_fact(device: str, fact: Fact, plan: NumberPlan, at: datetime) -> tuple[str, Struct]:
    """The event's type and data. Pure: `payvand decode` shows what the CRM would receive."""
    if isinstance(fact, Call):
        return f"call.{fact.stage}", _call(fact, plan)
    if isinstance(fact, DeviceState):
        data = DeviceData(
            device=device, state=fact.state, code=fact.code, since=_whole(at), advice=fact.advice
        )
        return f"device.{fact.state}", data
    return "wire.unrecognized", WireData(
        device=device, count=fact.count, sample=fact.sample, why=fact.why
    )


@dataclass(frozen=True, slots=True)
class Seal:
    """Makes events of one source: a device by its key, or `box`, in this boot of the box."""

    source: str
    boot: str
    plan: NumberPlan

    def fact(self, fact: Fact, now: Moment) -> Sealed:
        """An event of what a driver reported, ready for the journal."""
        kind, data = read_fact(self.source, fact, self.plan, now.utc)
        subject = f"call/{data.call_id}" if isinstance(data, CallData) else None
        return self.event(kind, data, now, subject)

    def event(self, kind: str, data: Struct, now: Moment, subject: str | None = None) -> Sealed:
        """Any event of this moment."""
        return Sealed(
            device=self.source,
            type=kind,
            subject=subject,
            time=now.utc,
            timequality="synced" if now.trusted else "estimated",
            boot=self.boot,
            monotonic=now.monotonic,
            data=_encode(data),
        )


def _call(call: Call, plan: NumberPlan) -> CallData:
    number = normalize(call.number, call.direction, plan, masked=call.masked, told=call.number_told)
    return CallData(
        call_id=call.call_id,
        direction=call.direction,
        line=call.line,
        extension=call.extension,
        number=number.number,
        number_raw=number.raw,
        number_status=number.status,
        name=call.name,
        did=call.did,
        started_at=_whole(call.started_at),
        answered_at=_whole(call.answered_at),
        ended_at=_whole(call.ended_at),
        ring_seconds=call.ring_seconds,
        talk_seconds=call.talk_seconds,
        outcome=call.outcome,
        legs=call.legs,
        hidden_extensions=call.hidden_extensions,
        account_code=call.account_code,
        time_resolution=call.time_resolution,
        device_time=call.device_time,
        test=call.test,
        provenance=UNSET if call.provenance is None else call.provenance,
    )


def _whole(at: datetime | None) -> datetime | None:
    """Times are told in whole seconds: no device gives more."""
    return at.replace(microsecond=0) if at is not None else None
