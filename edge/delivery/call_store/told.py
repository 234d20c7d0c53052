"""What a call store was told of a call, and the next thing to tell it.

    told, picture ──next_step──▶ CreateCall | CreateChannel | UpdateChannel | UpdateCall ──▶ told …

A call begins with whatever event comes first, and the same steps bring it to what is known: the
call, its channels, what changed of each channel, what changed of the call. Where nothing differs
there is no step. So it does not matter where the box died between two steps.
"""

from dataclasses import dataclass
from datetime import datetime

import msgspec
from msgspec import Struct

from edge.delivery.call_store.picture import Channel, Condition, Peer, Picture, Summary

CrmId = int | str
"""What a CRM calls a call or a channel."""


class ToldChannel(Struct, frozen=True):
    """id: None where the CRM's name for it never arrived; then it cannot be changed any more."""

    id: CrmId | None
    peers: tuple[Peer, ...]
    condition: Condition = Condition()


class Told(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """asked: the call was sent with this summary and begin, and may be there even without id.

    sequence: of the last event handled; at: its time, None while nobody knew the time. over: as of
    that event.
    """

    sequence: int = 0
    at: datetime | None = None
    over: bool = False
    asked: bool = False
    id: CrmId | None = None
    started_at: datetime | None = None
    summary: Summary | None = None
    channels: tuple[ToldChannel, ...] = ()


@dataclass(frozen=True, slots=True)
class CreateCall:
    """Begin a call with its first channel."""

    summary: Summary
    started_at: datetime
    first: Peer


@dataclass(frozen=True, slots=True)
class CreateChannel:
    """number: of the channel within its call, from 1."""

    call: CrmId
    number: int
    peer: Peer
    begun_at: datetime


@dataclass(frozen=True, slots=True)
class UpdateChannel:
    """index: where it is in `Told.channels`. peers: as they are then; to: the new one, if any."""

    id: CrmId
    index: int
    condition: Condition
    peers: tuple[Peer, ...]
    to: Peer | None


@dataclass(frozen=True, slots=True)
class UpdateCall:
    call: CrmId
    summary: Summary


Step = CreateCall | CreateChannel | UpdateChannel | UpdateCall


def next_step(told: Told, picture: Picture) -> Step | None:
    """What the CRM must be told next; None when it knows all."""
    if told.id is None:
        return CreateCall(picture.summary, picture.started_at, picture.channels[0].peers[0])
    pairs = _paired(told, picture)
    for index, channel in pairs:
        if index is None:
            number = len(told.channels) + 1
            return CreateChannel(told.id, number, channel.peers[0], channel.begun_at)
    places = {index: channel for index, channel in pairs if index is not None}
    for index, known in enumerate(told.channels):
        step = _update(index, known, places.get(index), picture)
        if step is not None:
            return step
    if told.summary != picture.summary:
        return UpdateCall(told.id, picture.summary)
    return None


def after(told: Told, step: Step, named: tuple[CrmId | None, CrmId | None]) -> Told:
    """What the CRM knows now. named: the call and the channel, where the step made such."""
    call, channel = named
    change = msgspec.structs.replace
    if isinstance(step, CreateCall):
        summary = change(step.summary, ended_at=None)
        begun = change(told, asked=True, id=call, started_at=step.started_at, summary=summary)
        return change(begun, channels=(ToldChannel(channel, (step.first,)),))
    if isinstance(step, CreateChannel):
        return change(told, channels=(*told.channels, ToldChannel(channel, (step.peer,))))
    if isinstance(step, UpdateChannel):
        channels = list(told.channels)
        channels[step.index] = ToldChannel(step.id, step.peers, step.condition)
        return change(told, channels=tuple(channels))
    return change(told, summary=step.summary)


def _paired(told: Told, picture: Picture) -> list[tuple[int | None, Channel]]:
    """Each channel of the picture with the place where the CRM has it."""
    pairs: list[tuple[int | None, Channel]] = [(0, picture.channels[0])]
    free = list(range(1, len(told.channels)))
    for channel in picture.channels[1:]:
        found = next(
            (index for index in free if _is_same(told.channels[index].peers, channel.peers)), None
        )
        if found is None:  # one that was told as a person's, but was the exchange's own
            found = next(
                (
                    index
                    for index in free
                    if told.channels[index].peers[-1].name in picture.hidden
                    and told.channels[index].id is not None
                ),
                None,
            )
        if found is not None:
            free.remove(found)
        pairs.append((found, channel))
    return pairs


def _is_same(told: tuple[Peer, ...], peers: tuple[Peer, ...]) -> bool:
    return peers[: len(told)] == told or peers[-1] == told[-1]


def _update(
    index: int, known: ToldChannel, channel: Channel | None, picture: Picture
) -> UpdateChannel | None:
    if known.id is None:
        return None
    if channel is None:
        condition = _left(known, picture)
        if condition == known.condition:
            return None
        return UpdateChannel(known.id, index, condition, known.peers, None)
    peers, to = _handed_on(known.peers, channel.peers)
    if to is None and known.condition == channel.condition:
        return None
    return UpdateChannel(known.id, index, channel.condition, peers, to)


def _handed_on(
    told: tuple[Peer, ...], peers: tuple[Peer, ...]
) -> tuple[tuple[Peer, ...], Peer | None]:
    """The peers after the next change, and to whom that is: one at a time, in their order."""
    if told[-1] == peers[-1]:
        return told, None
    if peers[: len(told)] == told:
        return peers[: len(told) + 1], peers[len(told)]
    return peers, peers[-1]


def _left(known: ToldChannel, picture: Picture) -> Condition:
    """An extension that rang while another answered: it rings until the call is over."""
    if not picture.over or known.condition.status == "over":
        return known.condition
    return msgspec.structs.replace(
        known.condition, status="over", hung_up_at=picture.summary.ended_at
    )
