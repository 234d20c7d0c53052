"""The one page: calls as they arrive.

The browser gets three static files and then listens at `/live`, a stream of server-sent events.
Each carries the counters, the order to misbehave, and the calls whose truth changed, oldest first;
the first one on a connection carries the newest calls there are, so a reconnect heals itself.
"""

import asyncio
from pathlib import Path

import msgspec
from aiohttp import web

from edge.crm.misbehave import Mood
from edge.crm.store import Store

STATIC = Path(__file__).parent / "static"
MOST_CALLS = 200  # the page shows no more
PAUSE_SECONDS = 0.25  # no eye follows faster, and a backlog of thousands arrives in between
HEARTBEAT_SECONDS = 5
# Nothing but our own three files: no inline script, no other host.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:"
)
FILES = {"/": "page.html", "/page.js": "page.js", "/page.css": "page.css"}


class Page:
    """Serves the page to any number of browsers."""

    def __init__(self, store: Store, mood: Mood) -> None:
        self._store = store
        self._mood = mood
        self._ending = asyncio.Event()

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/live", self.live), *(web.get(path, self.file) for path in FILES)]

    async def end(self, _: web.Application) -> None:
        """Let all browsers go."""
        self._ending.set()

    async def file(self, request: web.Request) -> web.FileResponse:
        headers = {
            "Content-Security-Policy": POLICY,
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-cache",
        }
        return web.FileResponse(STATIC / FILES[request.path], headers=headers)

    async def live(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Cache-Control": "no-store"})
        response.content_type = "text/event-stream"
        await response.prepare(request)
        after = 0
        try:
            while not self._ending.is_set():
                appended = self._store.appended
                news, after = await self._news(after)
                await response.write(b"data: " + news + b"\n\n")
                await self._pause(PAUSE_SECONDS, self._ending)
                await self._pause(HEARTBEAT_SECONDS, appended, self._ending)
        except ConnectionResetError:
            pass  # the browser left
        return response

    async def _news(self, after: int) -> tuple[bytes, int]:
        """Return one message, and the place up to which it tells."""
        calls = await self._store.calls(MOST_CALLS, after)
        stats = msgspec.json.encode(await self._store.stats())
        order = msgspec.json.encode(self._mood.order)
        events = b",".join(call.json for call in reversed(calls))
        news = b'{"stats":%b,"order":%b,"events":[%b]}' % (stats, order, events)
        return news, calls[0].received if calls else after

    @staticmethod
    async def _pause(seconds: float, *until: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(event.wait()) for event in until]
            await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
