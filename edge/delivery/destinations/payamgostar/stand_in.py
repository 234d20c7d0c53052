"""A PayamGostar to try against: its login and telephony interface, in memory.

    python -m edge.delivery.destinations.payamgostar.stand_in [--port 8090]

Written from what is known of the real one, apart from the destination and sharing no code with it:
bodies are taken only with exactly the fields, numbers and offsets that the vendor's own client
sends. Its oddities are kept. A second POST of the same SourceId makes a second call. `call/active`
lists only live calls, with local times that have no offset. A call begun as missed that is
answered becomes a received one by PUT. Unknown lines and extensions are entered when
UpdatePeersIfNotExists is ticked, otherwise a request that names one fails with 500 and no word why.

It has the user `payvand`, password `made-up&pass+word`, and the telephony system `pbx1`.
Users, keys and tickets can be changed while it runs (`PayamGostarStandIn`'s attributes); what else
it does to order tells edge/delivery/destinations/bad_day.py.
"""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Literal, TypeVar

import msgspec
from aiohttp import web

from edge.delivery.call_store.stand_in import Refused, StandIn, run
from edge.delivery.destinations.payamgostar.stand_in_bodies import (
    CallCreate,
    CallUpdate,
    ChannelCreate,
    ChannelUpdate,
    Merge,
)

T = TypeVar("T")

Version = Literal["v1", "v2", "v2-json"]

_LOCKED_AFTER = 5
_OFFSET = re.compile(rb'"(?:[A-Z][a-z]+)+Date":"[-0-9]+T[0-9:]+(?:Z|\+00:00)"')


@dataclass(slots=True)
class Channel:
    """peers: the last one has it."""

    id: int
    source: str
    peers: list[str]
    peer_type: int
    status: int
    response: int | None = None
    connect: datetime | None = None
    hangup: datetime | None = None


@dataclass(slots=True)
class Call:
    id: int
    system: str
    source: str
    number: str
    start: datetime
    type: int
    live: bool
    end: datetime | None = None
    channels: list[Channel] = field(default_factory=list)


@dataclass(slots=True)
class System:
    """peers: the lines and extensions that are entered."""

    id: int
    enters_peers: bool = True
    peers: set[str] = field(default_factory=set)


class PayamGostarStandIn(StandIn):
    """version: whose login it has. unique: refuses a second call of one SourceId with 409."""

    def __init__(self, version: Version = "v1") -> None:
        super().__init__()
        self.version = version
        self.user, self.password = "payvand", "made-up&pass+word"
        self.locked = False
        self.ticket_seconds = 7200
        self.lists_systems = True
        self.unique = False
        self.systems = {"pbx1": System(7)}
        self.calls: list[Call] = []
        self.logins = 0
        self._wrong = 0
        self._tickets: dict[str, float] = {}
        self._last = 1000

    def lose_tickets(self) -> None:
        """As after a restart of the real one."""
        self._tickets.clear()

    def routes(self) -> Sequence[web.RouteDef]:
        """See StandIn."""
        telephony = "/api/v1/telephony"
        return [
            web.post("/api/v1/auth", self._login_v1),
            web.post("/api/v2/auth/login", self._login_v2),
            web.get("/api", self._test_ticket),
            web.get(telephony, self._list_systems),
            web.get(f"{telephony}/call/active", self._list_active),
            web.get(f"{telephony}/{{key}}/peer/{{name}}", self._show_peer),
            web.post(f"{telephony}/call", self._create_call),
            web.put(f"{telephony}/call", self._update_call),
            web.put(f"{telephony}/call/merge", self._merge),
            web.post(f"{telephony}/channel", self._create_channel),
            web.put(f"{telephony}/channel", self._update_channel),
        ]

    async def _login_v1(self, request: web.Request) -> web.Response:
        if self.version != "v1":
            raise Refused(404)
        if request.content_type != "application/x-www-form-urlencoded":
            raise Refused(400)
        form = await request.post()
        if form.get("grant_type") != "password":
            raise Refused(400, "unsupported_grant_type")
        ticket = self._log_in(str(form.get("username")), str(form.get("password")))
        return web.json_response({"access_token": ticket, "expires_in": self.ticket_seconds})

    async def _login_v2(self, request: web.Request) -> web.Response:
        if self.version == "v1":
            raise Refused(404)
        if self.version == "v2":
            if request.content_type != "application/x-www-form-urlencoded":
                raise Refused(415)
            form = await request.post()
            ticket = self._log_in(str(form.get("username")), str(form.get("password")))
            return web.json_response({"AccessToken": ticket})
        if request.content_type != "application/json":
            raise Refused(415)
        login = await request.json()
        if login.get("platformType") != 1 or not login.get("deviceId"):
            raise Refused(400)
        ticket = self._log_in(login.get("username"), login.get("password"))
        return web.json_response({"accessToken": ticket, "refreshToken": "r", "expiresAt": None})

    def _log_in(self, user: str, password: str) -> str:
        self.logins += 1
        if self.locked or self._wrong >= _LOCKED_AFTER:
            raise Refused(403, "locked")
        if (user, password) != (self.user, self.password):
            self._wrong += 1
            raise Refused(401, "invalid")
        self._wrong = 0
        ticket = secrets.token_urlsafe(24)
        self._tickets[ticket] = monotonic() + self.ticket_seconds
        return ticket

    def _check_ticket(self, request: web.Request) -> None:
        word, _, ticket = request.headers.get("Authorization", "").partition(" ")
        if word != "Bearer" or self._tickets.get(ticket, 0.0) < monotonic():
            raise Refused(401)

    async def _test_ticket(self, request: web.Request) -> web.Response:
        self._check_ticket(request)
        return web.json_response("ok")

    async def _list_systems(self, request: web.Request) -> web.Response:
        self._check_ticket(request)
        if not self.lists_systems:
            raise Refused(403)
        return web.json_response(
            [
                {
                    "Id": system.id,
                    "ServiceAddress": None,
                    "Name": key,
                    "OfficeId": 1,
                    "Key": key,
                    "BrevityName": key,
                    "UpdatePeersIfNotExists": system.enters_peers,
                }
                for key, system in self.systems.items()
            ]
        )

    async def _list_active(self, request: web.Request) -> web.Response:
        self._check_ticket(request)
        keys = {str(system.id): key for key, system in self.systems.items()}
        key = keys.get(request.query.get("TelephonySystemId", ""))
        count = int(request.query.get("Count", "0"))
        live = [call for call in self.calls if call.live and call.system == key]
        return web.json_response(
            [
                {
                    "CallId": call.id,
                    "PhoneNumber": call.number,
                    "CallDate": call.start.replace(tzinfo=None).isoformat(),
                    "IdentityId": None,
                    "NickName": None,
                    "IdentityType": None,
                    "CallDirection": 2 if call.type == 3 else 1,
                }
                for call in live[-count:]
            ]
        )

    async def _show_peer(self, request: web.Request) -> web.Response:
        self._check_ticket(request)
        system = self.systems.get(request.match_info["key"])
        name = request.match_info["name"]
        if system is None or name not in system.peers:
            raise Refused(404)
        return web.json_response({"Id": 1, "Name": name, "TelephonySystemPeerType": 1})

    async def _create_call(self, request: web.Request) -> web.Response:
        asked = await self._read(request, CallCreate)
        self._meet(asked.ts_key, asked.init_channel_peer_name)
        if self.unique and any(call.source == asked.source_id for call in self.calls):
            raise Refused(409, "SourceId exists")
        call = Call(
            self._next(),
            asked.ts_key,
            asked.source_id,
            asked.phone_number,
            asked.start_date,
            asked.call_type_index,
            asked.is_live,
        )
        first = Channel(
            self._next(),
            asked.init_channel_source_id,
            [asked.init_channel_peer_name],
            asked.init_channel_peer_type_index,
            2,
        )
        call.channels.append(first)
        self.calls.append(call)
        named = {"CallId": call.id, "InitChannelId": first.id}
        return web.json_response({**named, "IdentityId": None, "IdentityNickName": None})

    async def _update_call(self, request: web.Request) -> web.Response:
        asked = await self._read(request, CallUpdate)
        call = self._call(asked.call_id)
        call.end, call.number = asked.end_date, asked.phone_number
        call.type, call.live = asked.call_type_index, asked.is_live
        return web.json_response({"IdentityId": None, "IdentityNickName": None})

    async def _merge(self, request: web.Request) -> web.Response:
        asked = await self._read(request, Merge)
        source, target = self._call(asked.source_call_id), self._call(asked.destination_call_id)
        target.channels += source.channels
        self.calls.remove(source)
        return web.Response()

    async def _create_channel(self, request: web.Request) -> web.Response:
        asked = await self._read(request, ChannelCreate)
        call = self._call(asked.call_id)
        self._meet(call.system, asked.channel_peer_name)
        channel = Channel(
            self._next(),
            asked.channel_source_id,
            [asked.channel_peer_name],
            asked.channel_peer_type_index,
            asked.channel_status_index,
        )
        call.channels.append(channel)
        return web.json_response({"CallChannelId": channel.id})

    async def _update_channel(self, request: web.Request) -> web.Response:
        asked = await self._read(request, ChannelUpdate)
        for call in self.calls:
            for channel in call.channels:
                if channel.id == asked.call_channel_id:
                    if asked.to_change_peer_name:
                        self._meet(call.system, asked.to_change_peer_name)
                        channel.peers.append(asked.to_change_peer_name)
                    channel.status = asked.channel_status_index
                    channel.response = asked.channel_response_index
                    channel.connect, channel.hangup = asked.connect_date, asked.hangup_date
                    return web.Response()
        raise Refused(404)

    async def _read(self, request: web.Request, kind: type[T]) -> T:
        self._check_ticket(request)
        body = await request.read()
        if request.content_type != "application/json":
            raise Refused(415)
        if _OFFSET.search(body):
            raise Refused(400, "times must have the sender's offset")
        try:
            return msgspec.json.decode(body, type=kind)
        except msgspec.MsgspecError as error:
            raise Refused(400, str(error)) from error

    def _meet(self, key: str, peer: str) -> None:
        system = self.systems.get(key)
        if system is None:
            raise Refused(400)
        if peer not in system.peers and not system.enters_peers:
            raise Refused(500, "Object reference not set to an instance of an object.")
        system.peers.add(peer)

    def _call(self, number: int) -> Call:
        for call in self.calls:
            if call.id == number:
                return call
        raise Refused(404)

    def _next(self) -> int:
        self._last += 1
        return self._last


if __name__ == "__main__":
    run(PayamGostarStandIn(), "A PayamGostar to try against.")
