"""What a call store is to know of a call: itself, and a channel for each line and extension.

    incoming   04 (line)  ·  109 ▸ 150 (extension, the call went on to another)  ·  105 (rang only)
    outgoing   104 (extension)  ·  05 (line)
    internal   104 (extension, calling)  ·  106 (extension, called)

The first channel is of whom the call begins with. An event holds all that is known of its call, so
this needs no other. A leg tells how long it rang and talked, not when: legs are laid end to end
from the begin of the call, and the last one ends with it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

from drivers.events import Direction, Leg
from edge.intake.seal import CallData
from edge.journal.records import Stored

Status = Literal["ringing", "up", "over"]
Response = Literal["not answered", "answered", "busy", "failed", "transferred"]

_NOT_ANSWERED: dict[str, Response] = {"busy": "busy", "failed": "failed"}
_SHOWN = frozenset({"ok", "short", "extension", "unparsed"})
_IRAN = "+98"


class Peer(Struct, frozen=True):
    """Who is at the end of a channel."""

    name: str
    kind: Literal["extension", "line"]


class Condition(Struct, frozen=True):
    """How a channel is. Times are aware UTC; None: not so yet, never, or unknown."""

    status: Status = "ringing"
    response: Response = "not answered"
    connected_at: datetime | None = None
    hung_up_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Channel:
    """peers: more than one where the call was handed on; the last has it now."""

    peers: tuple[Peer, ...]
    begun_at: datetime
    condition: Condition


class Summary(Struct, frozen=True):
    """What is said of the call itself, and may change. number: "" where nobody knows it."""

    direction: Direction
    number: str
    answered: bool
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Picture:
    """hidden: extensions that turned out to be a ring group or DISA number."""

    summary: Summary
    started_at: datetime
    channels: tuple[Channel, ...]
    hidden: frozenset[str]

    @property
    def over(self) -> bool:
        return self.summary.ended_at is not None


def picture_of(event: Stored, call: CallData) -> Picture:
    """What is to be known after this event."""
    started = call.started_at or call.answered_at or call.ended_at or event.time
    ended = _ended(event, call, started)
    summary = Summary(call.direction, _number(call), _answered(event, call), ended)
    whole = _whole(call, summary)
    extensions = [*_of_legs(call, summary, started)]
    known = {peer.name for channel in extensions for peer in channel.peers}
    if call.extension and call.extension not in known:
        extensions.append(Channel((Peer(call.extension, "extension"),), started, whole))
    line = Channel((Peer(call.line or event.device, "line"),), started, whole)
    if call.direction == "incoming":
        channels = [line, *extensions]
    else:
        far = line
        if call.direction == "internal" and call.number_raw:
            far = Channel((Peer(call.number_raw, "extension"),), started, whole)
        channels = [*extensions[:1], far, *extensions[1:]]
    return Picture(summary, started, tuple(channels), frozenset(call.hidden_extensions))


def _number(call: CallData) -> str:
    """As one dials it in Iran: the form in which the CRMs' own connectors pass numbers on.

    Digits that may be anybody's (masked, misread) are left out: they would find the wrong person.
    """
    if call.number is None:
        return (call.number_raw or "") if call.number_status in _SHOWN else ""
    if call.number.startswith(_IRAN):
        return "0" + call.number.removeprefix(_IRAN)
    return "00" + call.number.removeprefix("+")


def _ended(event: Stored, call: CallData, started: datetime) -> datetime | None:
    if call.outcome is None and event.type != "call.ended":
        return None
    return call.ended_at or call.answered_at or started


def _answered(event: Stored, call: CallData) -> bool:
    """Of an outgoing call on an analogue line nobody knows it: what lasted counts as answered."""
    if call.outcome is None:
        return call.answered_at is not None or event.type == "call.answered"
    if call.outcome == "unknown":
        return call.talk_seconds != 0
    return call.outcome == "answered"


def _whole(call: CallData, summary: Summary) -> Condition:
    """How a channel is that lives as long as its call."""
    connected = call.answered_at if summary.answered else None
    if summary.ended_at is None:
        return Condition("up", "answered", connected) if summary.answered else Condition()
    if summary.answered and connected is None and call.talk_seconds:
        connected = summary.ended_at - timedelta(seconds=call.talk_seconds)
    return Condition("over", _response(call, summary), connected, summary.ended_at)


def _response(call: CallData, summary: Summary) -> Response:
    if summary.answered:
        return "answered"
    return _NOT_ANSWERED.get(call.outcome or "", "not answered")


@dataclass(frozen=True, slots=True)
class _TimedLeg:
    peer: Peer
    leg: Leg
    begun_at: datetime
    connected_at: datetime | None
    ended_at: datetime


def _of_legs(call: CallData, summary: Summary, started: datetime) -> Iterator[Channel]:
    """A channel for each leg; legs that took a call over from another share its channel."""
    handed_on: list[_TimedLeg] = []
    for timed in _timed(call.legs, _whole(call, summary), started):
        if handed_on and not timed.leg.transferred:
            yield _channel(handed_on, call, summary)
            handed_on = []
        handed_on.append(timed)
    if handed_on:
        yield _channel(handed_on, call, summary)


def _timed(legs: Sequence[Leg], whole: Condition, started: datetime) -> Iterator[_TimedLeg]:
    at, answered = started, False
    for number, leg in enumerate(legs, 1):
        begun, connected = at, None
        if leg.condition != "NA" and whole.connected_at is not None:
            rang = timedelta(seconds=leg.ring_seconds or 0)
            connected = at + rang if answered else whole.connected_at
            answered = True
        at = (connected or at) + timedelta(
            seconds=(leg.talk_seconds or 0) if connected else (leg.ring_seconds or 0)
        )
        if whole.hung_up_at is not None:
            at = whole.hung_up_at if number == len(legs) else min(at, whole.hung_up_at)
        if leg.extension is not None:
            yield _TimedLeg(Peer(leg.extension, "extension"), leg, begun, connected, at)


def _channel(legs: list[_TimedLeg], call: CallData, summary: Summary) -> Channel:
    first, last = legs[0], legs[-1]
    peers = [first.peer]
    for leg in legs[1:]:
        if leg.peer != peers[-1]:
            peers.append(leg.peer)
    response = _response(call, summary)
    if len(peers) > 1:
        response = "transferred"
    elif first.leg.condition == "NA":
        response = "not answered"
    condition = Condition("over", response, first.connected_at, last.ended_at)
    return Channel(tuple(peers), first.begun_at, condition)
