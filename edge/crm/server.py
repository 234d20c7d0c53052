"""The reference CRM: `openapi.yaml`, served.

    box ──POST /v1/events──▶ who? ──▶ unzip ──▶ judge (contract) ──▶ store ──▶ {"through", …}
                                                                         │
    page ◀── /live ──────────────────────────────────────────────────────┤
    tests ◀── /events /calls /stats ─────────────────────────────────────┘

Only `/v1/` is the contract and asks for the token; the rest is for the person who looks on, so
keep the port on loopback or a network that you trust.
"""

import asyncio
import hmac
import sqlite3
import zlib
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import msgspec
from aiohttp import web

from edge.crm.boxes import Boxes
from edge.crm.commands import KEY_FILE, CommandKey, Commands
from edge.crm.contract import (
    MOST_BYTES,
    MOST_BYTES_UNPACKED,
    Batch,
    Problem,
    TooLarge,
    Unreadable,
    read_batch,
    read_range,
)
from edge.crm.misbehave import Mood, Order, instead
from edge.crm.page import Page
from edge.crm.reply import answer, hang_up
from edge.crm.store import Store

MOST_WAITING = 64  # requests; what comes on top is sent away before its body is read
BODY_SECONDS = 30
GOODBYE_SECONDS = 1.0
MOST_CALLS = 10_000
EVENTS_AT_ONCE = 1000
MEDIA_TYPE = "application/cloudevents-batch+json"


@dataclass(frozen=True, slots=True)
class Running:
    """A server that listens. `url` is its base URL, with the port it really has.

    key: what it signs its commands with.
    """

    url: str
    mood: Mood
    key: CommandKey
    boxes: Boxes
    _runner: web.AppRunner

    async def close(self) -> None:
        """Stop listening, give requests under way a second, close the store; harmless twice."""
        if self._runner.server is not None:
            await self._runner.cleanup()


async def serve(
    host: str, port: int, data: Path, token: str | None, *, enrolled_only: bool = False
) -> Running:
    """Listen, and serve until `close`. Port 0 takes a free one; a token of None asks for none.

    enrolled_only: take events from boxes that were accepted, and from no other.

    Raises OSError when the port or the directory cannot be had, sqlite3.Error when what lies in
    the directory is no store, ValueError when its key is none.
    """
    key = await asyncio.to_thread(CommandKey, data / KEY_FILE)
    store = await Store.open(data)
    mood = Mood()
    boxes = Boxes(store, data)
    page = Page(store, mood)
    api = Api(store, mood, token, boxes if enrolled_only else None)
    commands = Commands(store, key, api.turn_away)
    app = web.Application(client_max_size=MOST_BYTES)
    app.add_routes([*api.routes(), *boxes.routes(), *commands.routes(), *page.routes()])
    app.on_shutdown.extend((page.end, commands.end))

    async def close_store(_: web.Application) -> None:
        await store.close()

    app.on_cleanup.append(close_store)
    runner = web.AppRunner(
        app, auto_decompress=False, access_log=None, shutdown_timeout=GOODBYE_SECONDS
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except BaseException:
        await runner.cleanup()
        raise
    name, real_port = runner.addresses[0][:2]
    url = f"http://{f'[{name}]' if ':' in name else name}:{real_port}"
    return Running(url, mood, key, boxes, runner)


class Api:
    """The HTTP side of the store."""

    def __init__(self, store: Store, mood: Mood, token: str | None, boxes: Boxes | None) -> None:
        self._store = store
        self._mood = mood
        self._token = token
        self._boxes = boxes
        self._requests = 0

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/v1/events", self.post_events),
            web.get("/events", self.get_events),
            web.get("/calls", self.get_calls),
            web.get("/stats", self.get_stats),
            web.post("/misbehave", self.post_misbehave),
            web.get("/misbehave", self.get_misbehave),
        ]

    async def post_events(self, request: web.Request) -> web.Response:
        order = self._mood.take()
        if response := await instead(order, request):
            return response
        if response := self.turn_away(request):
            return response
        if self._requests >= MOST_WAITING:
            return _later("busy", "too many requests at once: send this one again later", 1)
        self._requests += 1
        try:
            response = await self._take(request, order)
        finally:
            self._requests -= 1
        return hang_up(request) if order.mode == "drop-answer" else response

    def turn_away(self, request: web.Request) -> web.Response | None:
        """The answer to who has not the token, None for who has."""
        given = request.headers.get("Authorization", "").encode(errors="surrogateescape")
        if self._token is None or hmac.compare_digest(given, f"Bearer {self._token}".encode()):
            return None
        problem = Problem("bad-token", "send the token that this CRM was started with")
        response = answer(problem, HTTPStatus.UNAUTHORIZED)
        response.headers["WWW-Authenticate"] = "Bearer"
        return response

    async def _take(self, request: web.Request, order: Order) -> web.Response:
        try:
            body = await _body(request)
            admitted = await self._boxes.admit(request, body) if self._boxes else None
            if isinstance(admitted, web.Response):
                return admitted
            return answer(await self._store.append(_batch(request, body, order, admitted)))
        except Unreadable as error:
            return answer(Problem("bad-request", str(error)), HTTPStatus.BAD_REQUEST)
        except TooLarge as error:
            return answer(Problem("too-large", str(error)), HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        except TimeoutError:
            return hang_up(request)
        except sqlite3.Error as error:
            return _later("not-stored", f"the CRM cannot write: {error}", 10)

    async def get_events(self, request: web.Request) -> web.StreamResponse:
        """All taken events in order of arrival, one line of JSON each."""
        response = web.StreamResponse()
        response.content_type = "application/x-ndjson"
        await response.prepare(request)
        after = 0
        while events := await self._store.events(after, EVENTS_AT_ONCE):
            await response.write(b"".join(event.json + b"\n" for event in events))
            after = events[-1].received
        return response

    async def get_calls(self, request: web.Request) -> web.Response:
        """For each call the event that is its truth, newest first, as a JSON list."""
        limit = request.query.get("limit", "100")
        if not (limit.isascii() and limit.isdigit() and 0 < int(limit[:9]) <= MOST_CALLS):
            advice = f"limit must be a number from 1 to {MOST_CALLS}"
            return answer(Problem("bad-request", advice), HTTPStatus.BAD_REQUEST)
        calls = await self._store.calls(int(limit))
        body = b"[" + b",\n".join(call.json for call in calls) + b"]"
        return web.Response(body=body, content_type="application/json")

    async def get_stats(self, _: web.Request) -> web.Response:
        return answer(await self._store.stats())

    async def post_misbehave(self, request: web.Request) -> web.Response:
        try:
            self._mood.order = msgspec.json.decode(await request.read(), type=Order)
        except (msgspec.MsgspecError, RecursionError) as error:
            return answer(Problem("bad-request", str(error)), HTTPStatus.BAD_REQUEST)
        return answer(self._mood.order)

    async def get_misbehave(self, _: web.Request) -> web.Response:
        return answer(self._mood.order)


async def _body(request: web.Request) -> bytes:
    """Raises TooLarge, TimeoutError."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise TooLarge(f"the body is too long: send {MOST_BYTES} bytes at most") from error


def _batch(request: web.Request, body: bytes, order: Order, box: str | None) -> Batch:
    """Judge the body. Raises Unreadable, TooLarge."""
    if request.content_type != MEDIA_TYPE:
        raise Unreadable(f"Content-Type must be {MEDIA_TYPE}")
    if request.headers.get("Content-Encoding") != "gzip":
        raise Unreadable("Content-Encoding must be gzip")
    span = read_range(request.headers.get("Payvand-Range"))
    return read_batch(_unzip(body), span, order.reason, box)


def _unzip(body: bytes) -> bytes:
    """Unpack gzip, but never more than the limit: a kilobyte can hold a megabyte of zeros."""
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        text = unpacker.decompress(body, MOST_BYTES_UNPACKED + 1)
    except zlib.error as error:
        raise Unreadable(f"the body is no gzip: {error}") from error
    if len(text) > MOST_BYTES_UNPACKED:
        raise TooLarge(f"the body unpacks to more than {MOST_BYTES_UNPACKED} bytes")
    if not unpacker.eof:
        raise Unreadable("the gzip body is cut short")
    return text


def _later(code: str, advice: str, seconds: int) -> web.Response:
    response = answer(Problem(code, advice), HTTPStatus.SERVICE_UNAVAILABLE)
    response.headers["Retry-After"] = str(seconds)
    return response
