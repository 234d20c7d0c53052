"""Calls as they cross the socket. For viewers numbers of people are masked, names absent."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal

from msgspec import Struct

from drivers.events import Direction, Leg, Outcome
from edge.intake.numbers import Status
from edge.local.sequence import After, Sequence

Stage = Literal["ringing", "answered", "ended"]
DeliveryWord = Literal["delivered", "waiting", "parked", "not-wanted"]


class CallRow(Struct, frozen=True, kw_only=True):
    """One call as it is known now. last: the sequence of its newest event; it names this state.

    at: when that happened. stage: how far the call is. line_name, extension_name: what the settings
    call them, null where they do not. provenance: of a call that two devices saw, which one gave a
    field.
    """

    call_id: str
    device: str
    last: int
    at: datetime
    stage: Stage
    direction: Direction
    line: str | None
    line_name: str | None
    extension: str | None
    extension_name: str | None
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
    time_resolution: Literal["second", "minute"]
    device_time: str | None
    test: bool
    provenance: Mapping[str, str] = {}


class CallQuery(Struct, frozen=True, kw_only=True):
    """Which calls; everything that is given must fit.

    text: in number, name, DID, line or extension. since, until: days in the site's time zone, both
    included. skip, most: a page of what is found, the newest first.
    """

    text: str = ""
    direction: Direction | None = None
    outcome: Outcome | None = None
    device: str = ""
    extension: str = ""
    since: date | None = None
    until: date | None = None
    skip: int = 0
    most: int = 50


class CallPage(Struct, frozen=True, kw_only=True):
    """found: how many fit, of the last `reach` calls, beyond which nobody looks."""

    calls: tuple[CallRow, ...]
    found: int
    reach: int


class Delivery(Struct, frozen=True, kw_only=True):
    """Where an event is with one CRM. reason: why it is parked, in the CRM's words."""

    destination: str
    state: DeliveryWord
    reason: str = ""


class StoryEvent(Struct, frozen=True, kw_only=True):
    """One event of a call: the call as it was known then."""

    sequence: int
    type: str
    time: datetime
    timequality: str
    call: CallRow
    deliveries: tuple[Delivery, ...]


class CallStory(Struct, frozen=True, kw_only=True):
    """All events of one call that are still stored, in order."""

    call: CallRow
    events: tuple[StoryEvent, ...]


class QueueShown(Struct, frozen=True, kw_only=True):
    """A destination's queue, beside what its DestinationStatus tells.

    per_minute: events stored there in the last minute. oldest_at: when the oldest waiting event
    happened, null where none waits.
    """

    name: str
    kind: str
    cursor: int
    last: int
    backlog: int
    parked: int
    per_minute: float
    oldest_at: datetime | None


class ParkedShown(Struct, frozen=True, kw_only=True):
    """An event that a CRM refused for good. call: of a call event, as it was known then."""

    sequence: int
    type: str
    device: str
    time: datetime
    reason: str
    call: CallRow | None = None


class ParkedPage(Struct, frozen=True, kw_only=True):
    """found: how many there are in all. Ask for more after the last sequence."""

    events: tuple[ParkedShown, ...]
    found: int


class ParkedQuery(Struct, frozen=True, kw_only=True):
    after: After = 0
    most: int = 50


class Sequences(Struct, frozen=True):
    sequences: tuple[Sequence, ...]


class Sent(Struct, frozen=True, kw_only=True):
    """What became of one event that was sent again. reason: why it was refused once more."""

    sequence: int
    stored: bool
    reason: str = ""


class CommandShown(Struct, frozen=True, kw_only=True):
    """A command that a CRM gave. Times by the CRM's clock, null where nobody knew it.

    outcome: `done`, `failed`, `expired`, `refused` or `unknown` once it has ended, else "".
    """

    id: str
    destination: str
    device: str
    type: str
    state: Literal["accepted", "started", "ended"]
    outcome: str
    detail: str
    issued_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
