"""The edge's API for programs on this box: HTTP on a unix socket that only its owner may open.

    DATA/control.sock, 0600
    GET /status                   one JSON object: edge.local.status.Status
    GET /events?after=N           the stored events above N, one CloudEvents object a line, an end
    GET /events?after=N&follow=1  the same, then each new event as it is stored, without end
    GET /checks                   runs every health check now: edge.local.issue.Report
    GET /metrics                  Prometheus text: edge.local.metrics
    and what delivery_routes.py has

aiohttp's server costs 2.4 MB of resident memory beyond its client, which the edge has loaded for
its destinations anyhow; it is imported when serving starts, after the ports are open.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from edge.errors import CommandFailed
from edge.journal.records import JournalFailed
from edge.local.issue import Report
from edge.local.lock import SOCKET, DataLock
from edge.local.metrics import CONTENT_TYPE
from edge.local.status import Status

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from aiohttp import web

    Route = Callable[[web.Request], Awaitable[web.StreamResponse]]

SEQUENCE_DIGITS = 18
LAST_WORDS_SECONDS = 1.0
"""How long a request may go on after the edge was told to stop."""

Events = Callable[[int, int | None], "AsyncGenerator[bytes, None]"]
"""(after, through): each stored event with after < sequence <= through, in order, as one line of
JSON without its line end. None for `through` goes on with each new event, without end. Closed when
the asker has gone. Raises JournalFailed."""


@asynccontextmanager
async def serve(  # noqa: PLR0913 - what all can be asked for
    lock: DataLock,
    status: Callable[[], Status],
    events: Events,
    checks: Callable[[], Awaitable[Report]],
    metrics: Callable[[], Awaitable[str]],
    more: Callable[[], "list[tuple[str, str, Route]]"] = list,
) -> AsyncIterator[None]:
    """Answer on the control socket while the context lasts.

    more: routes of other files, as (method, path, handler), asked for when aiohttp is there.

    Holding the lock is what allows to replace a socket that a dead process left behind. Raises
    CommandFailed where the socket cannot be made.
    """
    # In a thread: for these 100 ms the loop goes on reading the ports.
    await asyncio.to_thread(import_module, "aiohttp.web")
    from aiohttp import web

    app = web.Application()
    app.router.add_get("/status", _status_route(status))
    app.router.add_get("/events", _events_route(status, events))
    app.router.add_get("/checks", _checks_route(checks))
    app.router.add_get("/metrics", _metrics_route(metrics))
    for method, place, handler in more():
        app.router.add_route(method, place, handler)
    runner = web.AppRunner(
        app, access_log=None, handler_cancellation=True, shutdown_timeout=LAST_WORDS_SECONDS
    )
    path = lock.folder / SOCKET
    await runner.setup()
    try:
        await web.SockSite(runner, _listener(path)).start()
        yield
    finally:
        with suppress(OSError):  # what is in its place, or stands still, `_listener` told
            path.unlink()
        await runner.cleanup()


def _listener(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.unlink(missing_ok=True)
        # Before bind, so that others cannot open the socket at any moment.
        os.fchmod(listener.fileno(), 0o600)
        listener.bind(str(path))
    except OSError as error:
        listener.close()
        raise CommandFailed(
            f"cannot make the control socket {path} ({error}): "
            "give a data directory that is writable, and move away what is there"
        ) from error
    return listener


def _status_route(status: Callable[[], Status]) -> "Route":
    from aiohttp import web

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=msgspec.json.encode(status()), content_type="application/json")

    return answer


def _checks_route(checks: Callable[[], Awaitable[Report]]) -> "Route":
    from aiohttp import web

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(
            body=msgspec.json.encode(await checks()), content_type="application/json"
        )

    return answer


def _metrics_route(metrics: Callable[[], Awaitable[str]]) -> "Route":
    from aiohttp import web

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=(await metrics()).encode(), headers={"Content-Type": CONTENT_TYPE})

    return answer


def _events_route(status: Callable[[], Status], events: Events) -> "Route":
    from aiohttp import web

    async def answer(request: web.Request) -> web.StreamResponse:
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
