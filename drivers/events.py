"""The facts that drivers report. Nothing here knows of SQLite, HTTP or a CRM.

A fact is what a device told, cut into fields, not yet a sealed event: numbers stand as the device
printed them, and nothing has an id in the journal. `edge/intake/seal.py` makes events of facts.
"""

from datetime import datetime
from typing import Literal

from msgspec import Struct

Direction = Literal["incoming", "outgoing", "internal"]
Outcome = Literal["answered", "missed", "busy", "failed", "unanswered", "unknown"]
Stage = Literal["ringing", "answered", "updated", "ended"]
Resolution = Literal["second", "minute"]
NumberTold = Literal["withheld", "unavailable", "unreliable"]


class Leg(Struct, frozen=True, gc=False):
    """One extension's part of a call. Seconds are whole; None is unknown."""

    extension: str | None
    ring_seconds: int | None
    talk_seconds: int | None
    condition: str | None
    transferred: bool


class Call(Struct, frozen=True, kw_only=True, gc=False):
    """All that is known of one call at this moment; becomes `call.<stage>`.

    `number` is what the device printed, without marker, name and DID, and ends before a digit that
    was keyed after the number (`*`, `#`, `-`, `X`); `masked` tells that the exchange hid digits of
    it. Of an internal call it is the called extension. Times are aware UTC. `device_time` is the
    device's own text of its date and time, or of the duration where it prints no other time.
    `number_told`: what the device itself says of the number, in place of it (withheld, unavailable)
    or against it (unreliable: its digits were cut or misread on the line). `provenance`: of a call
    that two devices told of, the key of the one that knew each field; no driver sets it.
    """

    stage: Stage
    call_id: str
    direction: Direction
    line: str | None
    extension: str | None
    number: str | None
    masked: bool
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
    test: bool = False
    number_told: NumberTold | None = None
    provenance: dict[str, str] | None = None


class DeviceState(Struct, frozen=True):
    """How the device is; becomes `device.<state>`. `advice` says what to do, in one sentence."""

    state: Literal["online", "quiet", "offline", "alarm"]
    code: str
    advice: str


class Unrecognized(Struct, frozen=True):
    """Bytes that no rule reads; becomes `wire.unrecognized`. `sample`: the first 64, masked."""

    count: int
    sample: str
    why: str


Fact = Call | DeviceState | Unrecognized
