"""The edge's API for programs on this box: HTTP on the two unix sockets of doors.py.

One file of routes for each topic: status_routes.py, access_routes.py and their neighbours.

aiohttp's server costs 2.4 MB of resident memory beyond its client, which the edge has loaded for
its destinations anyhow; it is imported when serving starts, after the ports are open.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from edge.local.doors import Door, Who, handler, listen
from edge.local.lock import SOCKET, DataLock
from edge.local.route import MOST_BODY, Route

if TYPE_CHECKING:
    from aiohttp import web

LAST_WORDS_SECONDS = 1.0
"""How long a request may go on after the edge was told to stop."""


@asynccontextmanager
async def serve(
    lock: DataLock, routes: Iterable[Route], who: Who | None = None, web_socket: Path | None = None
) -> AsyncIterator[None]:
    """Answer on the control socket, and on the web socket, while the context lasts.

    Holding the lock is what allows to replace a socket that a dead process left behind. who: None
    where there are no sessions. Raises CommandFailed where a socket cannot be made.
    """
    # In a thread: for these 100 ms the loop goes on reading the ports.
    await asyncio.to_thread(import_module, "aiohttp.web")
    listed = list(routes)
    async with _served(lock.folder / SOCKET, 0o600, _app(listed, "console", who)):
        if web_socket is None:
            yield
            return
        async with _served(web_socket, 0o660, _app(listed, "web", who)):
            yield


def _app(routes: Iterable[Route], door: Door, who: Who | None) -> "web.Application":
    from aiohttp import web

    app = web.Application(client_max_size=MOST_BODY)
    for each in routes:
        app.router.add_route(each.method, each.path, handler(each, door, who))
    return app


@asynccontextmanager
async def _served(path: Path, mode: int, app: "web.Application") -> AsyncIterator[None]:
    from aiohttp import web

    runner = web.AppRunner(
        app, access_log=None, handler_cancellation=True, shutdown_timeout=LAST_WORDS_SECONDS
    )
    await runner.setup()
    try:
        await web.SockSite(runner, listen(path, mode)).start()
        yield
    finally:
        with suppress(OSError):  # what is in its place, or stands still, `listen` told
            path.unlink()  # noqa: ASYNC240 - of a folder that is in memory
        await runner.cleanup()
