"""The reference CRM: `openapi.yaml`, served.

    box ──/v1/…──▶ on a bad day? (misbehave) ──▶ who is it? (Door) ──▶ events, commands, …
                                                                            │
    who looks on ◀── the page, /events, /calls, /stats, /boxes, … ◀── store ┘

Only `/v1/` is the contract, and asks who it is; the rest is for the person who looks on, so keep
the port on loopback or a network that you trust.
"""

import asyncio
import hmac
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler

from edge.crm import blobs, boxes, commands, events, misbehave, page, receipts
from edge.crm.answers import Refused, tell
from edge.crm.contract import MOST_BYTES
from edge.crm.keys import OWN_KEY, SENDER, OwnKey
from edge.crm.store import STORE, Store, connect

SCHEMA = events.SCHEMA + boxes.SCHEMA + commands.SCHEMA + receipts.SCHEMA
MOST_AT_ONCE = 64  # requests; what comes on top is sent away before its body is read
BODY_SECONDS = 30
GOODBYE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Running:
    """A server that listens. `url` is its base URL, with the port it really has.

    key: what it signs its commands with.
    """

    url: str
    mood: misbehave.Mood
    key: OwnKey
    store: Store
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
    key = await asyncio.to_thread(OwnKey, data)
    store = Store(await asyncio.to_thread(connect, data, SCHEMA))
    mood, door = misbehave.Mood(), Door(token, enrolled_only=enrolled_only)
    app = web.Application(middlewares=[mood.meet, tell, door.check], client_max_size=MOST_BYTES)
    app[STORE], app[OWN_KEY], app[misbehave.MOOD] = store, key, mood
    app[blobs.FOLDER] = data / "blobs"
    for part in (events, boxes, commands, receipts, blobs, misbehave, page):
        app.add_routes(part.routes)
    app.on_shutdown.append(store.let_go)
    app.on_cleanup.append(store.close)
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
    return Running(url, mood, key, store, runner)


class Door:
    """Who may ask for what is in the contract: whoever has the token, or a key accepted here."""

    def __init__(self, token: str | None, *, enrolled_only: bool) -> None:
        self._expected = None if token is None else f"Bearer {token}".encode()
        self._enrolled_only = enrolled_only
        self._under_way = 0

    @web.middleware
    async def check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith("/v1/") or request.path == "/v1/enrol":
            return await handler(request)
        given = request.headers.get("Authorization", "").encode(errors="surrogateescape")
        if self._expected is not None and not hmac.compare_digest(given, self._expected):
            advice = "send the token that this CRM was started with"
            raise Refused(401, "bad-token", advice, WWW_Authenticate="Bearer")
        counts = request.method in {"POST", "PUT"}  # a question that waits is no load
        if counts and self._under_way >= MOST_AT_ONCE:
            advice = "too many requests at once: send this one again later"
            raise Refused(503, "busy", advice, Retry_After="1")
        self._under_way += counts
        try:
            async with asyncio.timeout(BODY_SECONDS):
                await request.read()
            if self._enrolled_only:
                request[SENDER] = await boxes.admit(request)
            return await handler(request)
        finally:
            self._under_way -= counts
