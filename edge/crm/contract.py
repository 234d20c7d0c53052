"""What a box sends, and the CRM's judgement of it: bytes in, verdicts out, no I/O.

    Payvand-Range: 1a2b3c4d 41-43
    [{"id": "1a2b3c4d-41", "sequence": "41", "type": "call.ended", "data": {…}, …}, {…}, {…}]

Two things can be wrong. The request: it is no JSON list, has too many events, or its header and
its ids tell different stories; then nothing of it is taken and the sender must send it otherwise.
Or one event: it alone is refused, with a reason, and the others stand. An event without a readable
id cannot be refused by name, so it makes the request unreadable; the sender, halving, finds it.

The shapes are those of `schemas/*.json`, written a second time because a schema library would be
fifty times slower. Unknown fields are let through, and so is every type that is not known here.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from edge.crm.signatures import Signed

MOST_EVENTS = 500
MOST_BYTES = 1 << 20  # of a request's body as it comes over the wire
MOST_BYTES_UNPACKED = 8 << 20

# 18 digits always fit into SQLite's 64-bit integer.
SEQUENCE = r"(0|[1-9][0-9]{0,17})"
RANGE = re.compile(rf"(?P<journal>[0-9a-f]{{8}}) (?P<first>{SEQUENCE})-(?P<last>{SEQUENCE})")
ID = re.compile(rf"(?P<journal>[0-9a-f]{{8}})-(?P<sequence>{SEQUENCE})")

Instant = Annotated[datetime, Meta(tz=True)]
Seconds = Annotated[int, Meta(ge=0)]
Some = Annotated[str, Meta(min_length=1)]
TimeQuality = Literal["synced", "corrected", "estimated"]


class Leg(Struct, frozen=True):
    """One extension's part of a call."""

    extension: str | None
    ring_seconds: Seconds | None
    talk_seconds: Seconds | None
    condition: str | None
    transferred: bool


class Call(Struct, frozen=True):
    """Data of `call.*`: every field present, null where unknown."""

    call_id: Some
    direction: Literal["incoming", "outgoing", "internal"]
    line: str | None
    extension: str | None
    number: Annotated[str, Meta(pattern=r"^\+[1-9][0-9]{1,14}$")] | None
    number_raw: str | None
    number_status: (
        Literal[
            "ok",
            "short",
            "extension",
            "withheld",
            "unavailable",
            "masked",
            "unreliable",
            "unparsed",
        ]
        | None
    )
    name: str | None
    did: str | None
    started_at: Instant | None
    answered_at: Instant | None
    ended_at: Instant | None
    ring_seconds: Seconds | None
    talk_seconds: Seconds | None
    outcome: Literal["answered", "missed", "busy", "failed", "unanswered", "unknown"] | None
    legs: tuple[Leg, ...]
    hidden_extensions: tuple[str, ...]
    account_code: str | None
    time_resolution: Literal["second", "minute"]
    device_time: str | None
    test: bool


class Device(Struct, frozen=True):
    """Data of `device.*`."""

    device: Some
    state: Literal["online", "quiet", "offline", "alarm"]
    code: str
    since: Instant | None
    advice: str


class WireUnrecognized(Struct, frozen=True):
    """Data of `wire.unrecognized`."""

    device: Some
    count: Annotated[int, Meta(ge=1)]
    sample: str
    why: str


class Box(Struct, frozen=True):
    """Data of `box.*`: each field may be absent."""

    version: str | UnsetType = UNSET
    slot: str | UnsetType | None = UNSET
    uptime: Seconds | UnsetType = UNSET
    disk: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    backlog: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    clock: TimeQuality | UnsetType = UNSET
    code: Some | UnsetType = UNSET
    concerns: Some | UnsetType = UNSET
    advice: str | UnsetType = UNSET


class CommandResult(Struct, frozen=True):
    """Data of `command.result`."""

    command_id: Some
    state: Literal["done", "failed", "expired", "refused", "unknown"]
    detail: str


class CommandProgress(Struct, frozen=True):
    """Data of `command.progress`."""

    command_id: Some
    detail: str


class Event(Struct, frozen=True):
    """The CloudEvents 1.0 envelope, as far as it is checked."""

    id: str
    source: Annotated[str, Meta(pattern=r"^/boxes/[^/]+/[^/]+$")]
    specversion: Literal["1.0"]
    type: Annotated[str, Meta(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)+$")]
    time: Instant
    sequence: str
    timequality: TimeQuality
    data: Raw
    subject: Some | None = None
    datacontenttype: Literal["application/json"] | None = None
    timenotbefore: Instant | None = None
    timenotafter: Instant | None = None


class Named(Struct, frozen=True):
    """As much of an event as it takes to refuse it."""

    id: Some


class Rejection(Struct, frozen=True):
    id: str
    reason: str


class Answer(Struct, frozen=True):
    """What the box gets. `through`: the last sequence of the request that the CRM has on disk."""

    through: int
    rejected: list[Rejection]


class Problem(Struct, frozen=True, omit_defaults=True):
    """Body of every answer that is not 200: a code for programs, advice for people.

    time: ours, with `clock-skew`.
    """

    code: str
    advice: str
    time: Signed | None = None


class Unreadable(Exception):
    """The request as a whole is wrong: 400."""


class TooLarge(Exception):
    """The request must be halved: 413."""


@dataclass(frozen=True, slots=True)
class Range:
    """The part of a box's journal that a request covers."""

    journal: str
    first: int
    last: int


class Verdict(NamedTuple):
    """One event with what was decided of it; a row of the store. `reason` None: it is taken."""

    journal: str
    sequence: int
    call_id: str | None
    reason: str | None
    raw: Raw


@dataclass(frozen=True, slots=True)
class Batch:
    """A readable request. `unkept`: events whose ids are no ids of a box, so they have no place."""

    range: Range
    verdicts: list[Verdict]
    unkept: list[Rejection]


# Given a type and a sequence: why the event is refused although nothing is wrong with it, or None.
Whim = Callable[[str, int], str | None]

_list = msgspec.json.Decoder(list[Raw])
_named = msgspec.json.Decoder(Named)
_event = msgspec.json.Decoder(Event)
_call = msgspec.json.Decoder(Call)
_any = msgspec.json.Decoder(dict[str, object])
_calls = {"call.ringing", "call.answered", "call.updated", "call.ended"}
_data: dict[str, Callable[[Raw], object]] = {
    **dict.fromkeys(
        ("device.online", "device.quiet", "device.offline", "device.alarm"),
        msgspec.json.Decoder(Device).decode,
    ),
    **dict.fromkeys(("box.started", "box.alarm", "box.health"), msgspec.json.Decoder(Box).decode),
    "wire.unrecognized": msgspec.json.Decoder(WireUnrecognized).decode,
    "command.result": msgspec.json.Decoder(CommandResult).decode,
    "command.progress": msgspec.json.Decoder(CommandProgress).decode,
}


def read_range(header: str | None) -> Range:
    """Read `Payvand-Range`. Raises Unreadable."""
    found = RANGE.fullmatch(header or "")
    if not found:
        raise Unreadable("header Payvand-Range must read '<journal> <first>-<last>'")
    span = Range(found["journal"], int(found["first"]), int(found["last"]))
    if span.first > span.last:
        raise Unreadable("header Payvand-Range: the first sequence is higher than the last")
    return span


def read_batch(body: bytes, span: Range, whim: Whim, box: str | None = None) -> Batch:
    """Judge an unpacked body event by event. Raises Unreadable or TooLarge for the whole.

    box: who sent it, where that is known; then all events must be of that box.
    """
    try:
        # msgspec does not look into what it skips, and what is stored must be text.
        body.decode()
        raws = _list.decode(body)
    except (UnicodeDecodeError, msgspec.MsgspecError, RecursionError) as error:
        raise Unreadable(f"the body is no JSON list of events in UTF-8: {error}") from error
    if len(raws) > MOST_EVENTS:
        raise TooLarge(f"{len(raws)} events: send {MOST_EVENTS} at most")
    verdicts: list[Verdict] = []
    unkept: list[Rejection] = []
    for place, raw in enumerate(raws):
        event, reason = _envelope(raw)
        name = event.id if event else _name(raw, place)
        found = ID.fullmatch(name)
        if not found:
            unkept.append(Rejection(name, "id is not '<journal>-<sequence>'"))
            continue
        sequence = int(found["sequence"])
        if found["journal"] != span.journal or not span.first <= sequence <= span.last:
            raise Unreadable(f"event {name} is outside of the range that Payvand-Range names")
        call_id = None
        if event:
            call_id, reason = _judge(event, found["sequence"])
            reason = reason or _foreign(event, box) or whim(event.type, sequence)
        verdicts.append(Verdict(span.journal, sequence, call_id, reason, raw))
    return Batch(span, verdicts, unkept)


def _foreign(event: Event, box: str | None) -> str | None:
    if box is None or event.source.startswith(f"/boxes/{box}/"):
        return None
    return f"source {event.source} is not of box {box}, whose key signed the request"


def _envelope(raw: Raw) -> tuple[Event | None, str | None]:
    try:
        return _event.decode(raw), None
    except (msgspec.MsgspecError, RecursionError) as error:
        return None, str(error)


def _name(raw: Raw, place: int) -> str:
    try:
        return _named.decode(raw).id
    except (msgspec.MsgspecError, RecursionError) as error:
        raise Unreadable(f"event {place + 1} of the list has no readable id: {error}") from error


def _judge(event: Event, sequence: str) -> tuple[str | None, str | None]:
    """Return call_id and the reason for a refusal; at most one of them."""
    if event.sequence != sequence:
        return None, f"sequence {event.sequence!r} is not the one in the id"
    try:
        if event.type in _calls:
            return _call.decode(event.data).call_id, None
        _data.get(event.type, _any.decode)(event.data)
    except (msgspec.MsgspecError, RecursionError) as error:
        return None, f"data: {error}"
    return None, None
