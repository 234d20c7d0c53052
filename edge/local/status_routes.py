"""How the edge is, for whoever may look.

GET /status                   one JSON object: edge.local.status.Status
GET /events?after=N           the stored events above N, one CloudEvents object a line, an end
GET /events?after=N&follow=1  the same, then each new event as it is stored, without end
GET /checks                   runs every health check now: edge.local.issue.Report
GET /metrics                  Prometheus text: edge.local.metrics
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING

from edge.journal.records import JournalFailed
from edge.local.issue import Report
from edge.local.metrics import CONTENT_TYPE
from edge.local.route import Ask, Route, route
from edge.local.status import Status

if TYPE_CHECKING:
    from aiohttp import web

SEQUENCE_DIGITS = 18

Events = Callable[[int, int | None], "AsyncGenerator[bytes, None]"]
"""(after, through): each stored event with after < sequence <= through, in order, as one line of
JSON without its line end. None for `through` goes on with each new event, without end. Closed when
the asker has gone. Raises JournalFailed."""


def routes(
    status: Callable[[], Status],
    events: Events,
    checks: Callable[[], Awaitable[Report]],
    metrics: Callable[[], Awaitable[str]],
) -> list[Route]:
    """Events hold numbers of people in full, and so are not for viewers."""

    async def shown(_ask: Ask) -> Status:
        return status()

    async def checked(_ask: Ask) -> Report:
        return await checks()

    async def measured(_ask: Ask) -> "web.StreamResponse":
        from aiohttp import web

        return web.Response(body=(await metrics()).encode(), headers={"Content-Type": CONTENT_TYPE})

    return [
        route("GET", "/status", "look", shown),
        route("GET", "/checks", "look", checked),
        Route("GET", "/metrics", "look", measured),
        Route("GET", "/events", "numbers", _events(status, events)),
    ]


def _events(
    status: Callable[[], Status], events: Events
) -> "Callable[[Ask], Awaitable[web.StreamResponse]]":
    async def answer(ask: Ask) -> "web.StreamResponse":
        from aiohttp import web

        request = ask.request
        after = request.query.get("after", "0")
        if not (after.isascii() and after.isdigit() and len(after) <= SEQUENCE_DIGITS):
            raise web.HTTPBadRequest(text="after must be a sequence: a whole number from 0 up")
        through = None if request.query.get("follow") == "1" else status().last_sequence
        stream = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await stream.prepare(request)
        try:
            async with aclosing(events(int(after), through)) as lines:
                async for line in lines:
                    await stream.write(line + b"\n")
            await stream.write_eof()
        except JournalFailed:
            # Who ends the process tells it. The asker gets no end, so that he knows of more.
            if request.transport is not None:
                request.transport.close()
        return stream

    return answer
