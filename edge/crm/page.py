"""The one page: calls as they arrive, and what the receipts say.

The browser gets three static files and then listens at `/live`, a stream of server-sent events.
Each carries the counters, the order to misbehave, the receipts, and the calls whose truth changed,
oldest first; the first on a connection carries the newest calls there are, so a reconnect heals.
"""

import asyncio
import sqlite3
from contextlib import suppress
from functools import partial
from pathlib import Path

import msgspec
from aiohttp import web
from msgspec import Raw

from edge.crm.events import STATS, TRUTH, rows
from edge.crm.misbehave import MOOD, Order
from edge.crm.receipts import days
from edge.crm.store import STORE, json_of

MOST_CALLS = 200  # the page shows no more
PAUSE_SECONDS = 0.25  # no eye follows faster, and a backlog of thousands arrives in between
HEARTBEAT_SECONDS = 5
HEADERS = {  # nothing but our own three files: no inline script, no other host
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " connect-src 'self'; img-src data:",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}
STATIC = Path(__file__).parent / "static"
FILES = {"/": "page.html", "/page.js": "page.js", "/page.css": "page.css"}
routes = web.RouteTableDef()


@routes.get("/")
@routes.get("/page.js")
@routes.get("/page.css")
async def get_file(request: web.Request) -> web.FileResponse:
    return web.FileResponse(STATIC / FILES[request.path], headers=HEADERS)


@routes.get("/live")
async def get_live(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Cache-Control": "no-store"})
    response.content_type = "text/event-stream"
    await response.prepare(request)
    after, store, mood = 0, request.app[STORE], request.app[MOOD]
    with suppress(ConnectionResetError):  # the browser left
        while not store.appended.over:
            news = store.appended.next
            text, after = await store.look(partial(_news, after, mood.order))
            await response.write(b"data: " + text + b"\n\n")
            await asyncio.sleep(PAUSE_SECONDS)
            await store.appended.wait(news, HEARTBEAT_SECONDS)
    return response


def _news(after: int, order: Order, db: sqlite3.Connection) -> tuple[bytes, int]:
    """Return one message, and the place up to which it tells."""
    calls = rows(TRUTH, after, MOST_CALLS, db)
    news = {
        "stats": Raw(json_of(STATS, db)),
        "order": order,
        "receipts": days(db),
        "events": [Raw(line) for _, line in reversed(calls)],
    }
    return msgspec.json.encode(news), calls[0][0] if calls else after
