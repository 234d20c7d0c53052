"""Our steps as the POSTs of OpenCRM.

    CreateCall     /call/CallCreated         {TsKey, SourceCallId, Number, Date, CallType, …}
    CreateChannel  /call/CallChannelCreated  {TsKey, CallId, PeerName, PeerType, ChannelState, …}
    UpdateChannel  /call/CallChannelUpdated  {TsKey, ChannelId, ChannelState, ChannelResponse, …}
    UpdateCall     /call/CallUpdated         {TsKey, CallId, CallType, CallResult, Date, …}

Names in PascalCase, enumerations by name, nulls written out, times with the offset of the sender;
ids are text. `Date` of CallCreated is the begin, of CallUpdated the end. The fifth, MergeCall,
joins two calls that turned out to be one; a call here is one from its beginning.
"""

from dataclasses import dataclass
from datetime import datetime, tzinfo

import msgspec
from msgspec import Struct

from edge.delivery.call_store.picture import Summary
from edge.delivery.call_store.told import CreateCall, CreateChannel, Step, UpdateChannel

_PEER_TYPES = {"extension": "Extension", "line": "Trunk"}
_STATES = {"ringing": "Ringing", "up": "Up", "over": "Hangedup"}
_RESPONSES = {
    "not answered": "NotAnswered",
    "answered": "Answered",
    "busy": "Busy",
    "failed": "Failed",
    "transferred": "Transfered",  # spelled so there
}

encode = msgspec.json.Encoder().encode


class _CallCreated(Struct, frozen=True, rename="pascal"):
    ts_key: str
    is_live: bool
    source_call_id: str
    number: str
    date: datetime
    call_type: str
    call_result: str
    source_init_call_channel_id: str
    source_init_call_channel_peer_name: str
    source_init_call_channel_peer_type: str


class _CallUpdated(Struct, frozen=True, rename="pascal"):
    ts_key: str
    call_id: str
    is_live: bool
    number: str
    date: datetime | None
    call_type: str
    call_result: str
    identity_id: str | None


class _ChannelCreated(Struct, frozen=True, rename="pascal"):
    ts_key: str
    call_id: str
    is_live: bool
    peer_name: str
    peer_type: str
    source_call_channel_id: str
    channel_state: str
    create_date: datetime


class _ChannelUpdated(Struct, frozen=True, rename="pascal"):
    ts_key: str
    channel_id: str
    is_live: bool
    channel_state: str
    channel_response: str
    connect_date: datetime | None
    hangup_date: datetime | None
    recorded_file_name: str | None
    to_change_peer_name: str
    to_change_peer_type: str | None


class Request(Struct, frozen=True):
    """name: the last part of the path. body: JSON."""

    name: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Form:
    """How one call is written. system: the key of its telephony system there. zone: the site's."""

    system: str
    call_id: str
    zone: tzinfo

    def request(self, step: Step, *, live: bool) -> Request:
        """The one request that a step is."""
        if isinstance(step, CreateCall):
            return self._create_call(step, live=live)
        if isinstance(step, CreateChannel):
            return self._create_channel(step, live=live)
        if isinstance(step, UpdateChannel):
            return self._update_channel(step, live=live)
        said = step.summary
        update = _CallUpdated(
            self.system,
            str(step.call),
            live,
            said.number,
            self._local(said.ended_at) if said.ended_at else None,
            _type(said),
            _result(said),
            None,
        )
        return Request("CallUpdated", encode(update))

    def _create_call(self, step: CreateCall, *, live: bool) -> Request:
        create = _CallCreated(
            self.system,
            live,
            self.call_id,
            step.summary.number,
            self._local(step.started_at),
            _type(step.summary),
            _result(step.summary),
            f"{self.call_id}-c1",
            step.first.name,
            _PEER_TYPES[step.first.kind],
        )
        return Request("CallCreated", encode(create))

    def _create_channel(self, step: CreateChannel, *, live: bool) -> Request:
        create = _ChannelCreated(
            self.system,
            str(step.call),
            live,
            step.peer.name,
            _PEER_TYPES[step.peer.kind],
            f"{self.call_id}-c{step.number}",
            _STATES["ringing"],
            self._local(step.begun_at),
        )
        return Request("CallChannelCreated", encode(create))

    def _update_channel(self, step: UpdateChannel, *, live: bool) -> Request:
        now = step.condition
        update = _ChannelUpdated(
            self.system,
            str(step.id),
            live,
            _STATES[now.status],
            _RESPONSES[now.response],
            self._local(now.connected_at) if now.connected_at else None,
            self._local(now.hung_up_at) if now.hung_up_at else None,
            None,
            step.to.name if step.to else "",
            _PEER_TYPES[step.to.kind] if step.to else None,
        )
        return Request("CallChannelUpdated", encode(update))

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(self.zone).replace(microsecond=0)


def _type(said: Summary) -> str:
    return said.direction.capitalize()


def _result(said: Summary) -> str:
    return "Answered" if said.answered else "NotAnswered"
