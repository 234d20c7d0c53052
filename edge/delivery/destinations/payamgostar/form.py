"""Our steps as PayamGostar's requests.

    CreateCall     POST /api/v1/telephony/call      {TsKey, SourceId, PhoneNumber, StartDate, …}
    CreateChannel  POST /api/v1/telephony/channel   {CallId, ChannelPeerName, …}
    UpdateChannel  PUT  /api/v1/telephony/channel   {CallChannelId, ChannelStatusIndex, …}
    UpdateCall     PUT  /api/v1/telephony/call      {CallId, EndDate, CallTypeIndex, …}

JSON as .NET writes it: names in PascalCase, nulls written out, enumerations as numbers, times with
the offset of the sender. A call that came in and was not answered yet has the type "missed" (1). A
handed-on call is its channel with another peer (ToChangePeerName) and the response "transferred";
`call/merge` is for calls that were begun twice, and a call here begins once.
"""

from dataclasses import dataclass
from datetime import datetime, tzinfo

import msgspec
from msgspec import Struct

from edge.delivery.call_store.picture import Peer, Summary
from edge.delivery.call_store.told import CreateCall, CreateChannel, Step, UpdateChannel

CALL = "/api/v1/telephony/call"
CHANNEL = "/api/v1/telephony/channel"

_PEER_TYPES = {"extension": 1, "line": 2}
_STATUSES = {"ringing": 2, "up": 3, "over": 4}
_RESPONSES = {"not answered": 1, "failed": 1, "answered": 2, "busy": 3, "transferred": 4}
_MISSED, _RECEIVED, _OUTGOING, _INTERNAL = 1, 2, 3, 4

encode = msgspec.json.Encoder().encode


class _CallCreate(Struct, frozen=True, rename="pascal"):
    ts_key: str
    source_id: str
    phone_number: str
    start_date: datetime
    call_type_index: int
    init_channel_peer_name: str
    init_channel_peer_type_index: int
    init_channel_source_id: str
    is_live: bool


class _CallUpdate(Struct, frozen=True, rename="pascal"):
    call_id: int | str
    end_date: datetime | None
    phone_number: str
    identity_id: str | None
    call_type_index: int
    is_live: bool


class _ChannelCreate(Struct, frozen=True, rename="pascal"):
    call_id: int | str
    channel_peer_name: str
    channel_peer_type_index: int
    channel_source_id: str
    channel_status_index: int
    create_date: datetime
    is_live: bool


class _ChannelUpdate(Struct, frozen=True, rename="pascal"):
    call_channel_id: int | str
    channel_status_index: int
    channel_response_index: int
    recorded_file_name: str | None
    connect_date: datetime | None
    hangup_date: datetime | None
    to_change_peer_name: str | None
    to_change_peer_type_index: int | None
    is_live: bool


class Request(Struct, frozen=True):
    """method, path: below the base URL. body: JSON. peers: whom it names."""

    method: str
    path: str
    body: bytes
    peers: tuple[Peer, ...] = ()


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
        ended = self._local(said.ended_at) if said.ended_at else None
        update = _CallUpdate(step.call, ended, said.number, None, _type(said), live)
        return Request("PUT", CALL, encode(update))

    def _create_call(self, step: CreateCall, *, live: bool) -> Request:
        create = _CallCreate(
            self.system,
            self.call_id,
            step.summary.number,
            self._local(step.started_at),
            _type(step.summary),
            step.first.name,
            _PEER_TYPES[step.first.kind],
            f"{self.call_id}-c1",
            live,
        )
        return Request("POST", CALL, encode(create), (step.first,))

    def _create_channel(self, step: CreateChannel, *, live: bool) -> Request:
        create = _ChannelCreate(
            step.call,
            step.peer.name,
            _PEER_TYPES[step.peer.kind],
            f"{self.call_id}-c{step.number}",
            _STATUSES["ringing"],
            self._local(step.begun_at),
            live,
        )
        return Request("POST", CHANNEL, encode(create), (step.peer,))

    def _update_channel(self, step: UpdateChannel, *, live: bool) -> Request:
        now = step.condition
        update = _ChannelUpdate(
            step.id,
            _STATUSES[now.status],
            _RESPONSES[now.response],
            None,
            self._local(now.connected_at) if now.connected_at else None,
            self._local(now.hung_up_at) if now.hung_up_at else None,
            step.to.name if step.to else None,
            _PEER_TYPES[step.to.kind] if step.to else None,
            live,
        )
        return Request("PUT", CHANNEL, encode(update), (step.to,) if step.to else ())

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(self.zone).replace(microsecond=0)


def _type(said: Summary) -> int:
    if said.direction == "incoming":
        return _RECEIVED if said.answered else _MISSED
    return _OUTGOING if said.direction == "outgoing" else _INTERNAL
