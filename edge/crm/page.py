"""The one page: calls as they arrive, and what the receipts say.

The browser gets three static files and then listens at `/live`, a stream of server-sent events.
Each carries the counters, the order to misbehave, the receipts, and the calls whose truth changed,
oldest first; the first on a connection carries the newest calls there are, so a reconnect heals.
"""

import asyncio
import sqlite3
from pathlib import Path

import msgspec
from aiohttp import web

from edge.crm.events import TRUTH, rows, stats
from edge.crm.misbehave import Mood
from edge.crm.receipts import days
from edge.crm.store import Store

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


class Page:
    """Serves the page to any number of browsers."""

    def __init__(self, store: Store, mood: Mood) -> None:
        self._store = store
        self._mood = mood

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/live", self.live), *(web.get(path, self.file) for path in FILES)]

    async def file(self, request: web.Request) -> web.FileResponse:
        return web.FileResponse(STATIC / FILES[request.path], headers=HEADERS)

    async def live(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Cache-Control": "no-store"})
        response.content_type = "text/event-stream"
        await response.prepare(request)
        after, appended = 0, self._store.appended
        try:
            while not appended.over:
                news = appended.next
                text, after = await self._store.look(self._news, after)
                await response.write(b"data: " + text + b"\n\n")
                await asyncio.sleep(PAUSE_SECONDS)
                await appended.wait(news, HEARTBEAT_SECONDS)
        except ConnectionResetError:
            pass  # the browser left
        return response

    def _news(self, db: sqlite3.Connection, after: int) -> tuple[bytes, int]:
        """Return one message, and the place up to which it tells."""
        calls = rows(db, TRUTH, after, MOST_CALLS)
        news = {
            "stats": stats(db),
            "order": self._mood.order,
            "receipts": days(db),
            "events": [msgspec.Raw(line) for _, line in reversed(calls)],
        }
        return msgspec.json.encode(news), calls[0][0] if calls else after
