"""A CRM that serves the five POSTs of AbrPlus OpenCRM, to try against, in memory.

    python -m edge.delivery.destinations.opencrm.stand_in [--port 8090]

Written apart from the destination and sharing no code with it: bodies are taken only with exactly
the fields and words of that form. It answers with ids as text, and makes a second call of the same
SourceCallId, as the simplest CRM would, unless `knows_again` is set. What else it does to order
tells edge/delivery/destinations/bad_day.py.
"""

import re
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Literal, TypeVar

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from edge.delivery.call_store.stand_in import Refused, StandIn, run

T = TypeVar("T")

_UTC = re.compile(rb'"(?:[A-Z][a-z]+)*Date":"[-0-9]+T[0-9:]+(?:Z|\+00:00)"')

Peer = Literal["Extension", "Trunk"]
CallType = Literal["Incoming", "Outgoing", "Internal"]
CallResult = Literal["Answered", "NotAnswered"]
State = Literal["Down", "Ringing", "Up", "Hangedup"]
Response = Literal["NotAnswered", "Answered", "Busy", "Failed", "Transfered", "Unavailable"]
Time = Annotated[datetime, Meta(tz=True)]
Id = Annotated[str, Meta(min_length=1)]


class CallCreated(Struct, rename="pascal", forbid_unknown_fields=True):
    ts_key: Id
    is_live: bool
    source_call_id: Id
    number: str
    date: Time
    call_type: CallType
    call_result: CallResult
    source_init_call_channel_id: Id
    source_init_call_channel_peer_name: Id
    source_init_call_channel_peer_type: Peer


class CallUpdated(Struct, rename="pascal", forbid_unknown_fields=True):
    ts_key: Id
    call_id: Id
    is_live: bool
    number: str
    date: Time | None
    call_type: CallType
    call_result: CallResult
    identity_id: str | None


class CallChannelCreated(Struct, rename="pascal", forbid_unknown_fields=True):
    ts_key: Id
    call_id: Id
    is_live: bool
    peer_name: Id
    peer_type: Peer
    source_call_channel_id: Id
    channel_state: State
    create_date: Time


class CallChannelUpdated(Struct, rename="pascal", forbid_unknown_fields=True):
    ts_key: Id
    channel_id: Id
    is_live: bool
    channel_state: State
    channel_response: Response
    connect_date: Time | None
    hangup_date: Time | None
    recorded_file_name: str | None
    to_change_peer_name: str
    to_change_peer_type: Peer | None


class MergeCall(Struct, rename="pascal", forbid_unknown_fields=True):
    ts_key: Id
    source_call_id: int
    dest_call_id: int


@dataclass(slots=True)
class Channel:
    """peers: the last one has it."""

    id: str
    source: str
    peers: list[str]
    state: str
    response: str | None = None


@dataclass(slots=True)
class Call:
    id: str
    source: str
    number: str
    start: datetime
    type: str
    result: str
    live: bool
    end: datetime | None = None
    channels: list[Channel] = field(default_factory=list)


class OpenCrmStandIn(StandIn):
    """user, password: None asks for none."""

    def __init__(self, prefix: str = "/call") -> None:
        super().__init__()
        self.prefix = prefix
        self.user: tuple[str, str] | None = None
        self.knows_again = False
        self.calls: list[Call] = []
        self._last = 1000

    def routes(self) -> Sequence[web.RouteDef]:
        """See StandIn."""
        return [
            web.post(f"{self.prefix}/CallCreated", self._create_call),
            web.post(f"{self.prefix}/CallUpdated", self._update_call),
            web.post(f"{self.prefix}/CallChannelCreated", self._create_channel),
            web.post(f"{self.prefix}/CallChannelUpdated", self._update_channel),
            web.post(f"{self.prefix}/MergeCall", self._merge),
        ]

    async def _create_call(self, request: web.Request) -> web.Response:
        asked = await self._read(request, CallCreated)
        again = [call for call in self.calls if call.source == asked.source_call_id]
        if again and self.knows_again:
            return _named(again[0])
        call = Call(
            self._next(),
            asked.source_call_id,
            asked.number,
            asked.date,
            asked.call_type,
            asked.call_result,
            asked.is_live,
        )
        peers = [asked.source_init_call_channel_peer_name]
        source = asked.source_init_call_channel_id
        call.channels.append(Channel(self._next(), source, peers, "Ringing"))
        self.calls.append(call)
        return _named(call)

    async def _update_call(self, request: web.Request) -> web.Response:
        asked = await self._read(request, CallUpdated)
        call = self._call(asked.call_id)
        call.end, call.number, call.type = asked.date, asked.number, asked.call_type
        call.result, call.live = asked.call_result, asked.is_live
        return web.json_response({"IdentityId": None, "IdentityName": None})

    async def _create_channel(self, request: web.Request) -> web.Response:
        asked = await self._read(request, CallChannelCreated)
        call = self._call(asked.call_id)
        source = asked.source_call_channel_id
        for channel in call.channels:
            if channel.source == source and self.knows_again:
                return web.json_response({"CallChannelId": channel.id})
        channel = Channel(self._next(), source, [asked.peer_name], asked.channel_state)
        call.channels.append(channel)
        return web.json_response({"CallChannelId": channel.id})

    async def _update_channel(self, request: web.Request) -> web.Response:
        asked = await self._read(request, CallChannelUpdated)
        for call in self.calls:
            for channel in call.channels:
                if channel.id == asked.channel_id:
                    if asked.to_change_peer_name:
                        channel.peers.append(asked.to_change_peer_name)
                    channel.state, channel.response = asked.channel_state, asked.channel_response
                    return web.json_response({"CallChannelId": channel.id})
        raise Refused(404)

    async def _merge(self, request: web.Request) -> web.Response:
        asked = await self._read(request, MergeCall)
        source = self._call(str(asked.source_call_id))
        self._call(str(asked.dest_call_id)).channels += source.channels
        self.calls.remove(source)
        return web.json_response({"Merged": True})

    async def _read(self, request: web.Request, kind: type[T]) -> T:
        if self.user is not None:
            word, _, pair = request.headers.get("Authorization", "").partition(" ")
            if word != "Basic" or b64decode(pair).decode() != ":".join(self.user):
                raise Refused(401)
        body = await request.read()
        if request.content_type != "application/json":
            raise Refused(415)
        if _UTC.search(body):
            raise Refused(400, "times must have the sender's offset")
        try:
            return msgspec.json.decode(body, type=kind)
        except msgspec.MsgspecError as error:
            raise Refused(400, str(error)) from error

    def _call(self, number: str) -> Call:
        for call in self.calls:
            if call.id == number:
                return call
        raise Refused(404)

    def _next(self) -> str:
        self._last += 1
        return str(self._last)


def _named(call: Call) -> web.Response:
    ids = {"CallId": call.id, "InitCallChannelId": call.channels[0].id}
    return web.json_response({**ids, "IdentityId": None, "IdentityName": None})


if __name__ == "__main__":
    run(OpenCrmStandIn(), "A CRM of the OpenCRM form to try against.")
