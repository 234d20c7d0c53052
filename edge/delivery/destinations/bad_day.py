"""A stand-in's bad days: what it does instead of its work, or with its answer, to order.

    POST /bad-day?trouble=503&times=3        the next three requests; without `times` until
    POST /bad-day?trouble=none               told otherwise

A trouble is a status (300 to 599, with a page nobody can read; 429 and 503 also with Retry-After)
or one of

    hang-up       close the connection at once; nothing is done
    lose-answer   do the work, then close the connection
    cut-short     do the work, then break off in the middle of the answer
    stall         say nothing for a minute; nothing is done
    portal        answer 200 with a web page, as a captive portal does; nothing is done
    bomb          answer 200 with a few kilobytes of gzip that hold 64 MiB; nothing is done
    junk          answer 200 with JSON that is cut off; nothing is done
"""

import asyncio
import gzip
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

Trouble = Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]

STALL_SECONDS = 60.0
RETRY_AFTER = "1"
_PORTAL = "<!doctype html><title>Welcome</title><p>Please log in to use this network."
_BOMB = 64 * 1024 * 1024
_STATUSES = range(300, 600)
_TELLS_WHEN = frozenset({429, 503})


class BadDay:
    """The trouble in force; its middleware goes into the stand-in's application."""

    def __init__(self) -> None:
        self._trouble: Trouble | None = None
        self._left: int | None = None

    def order(self, name: str, times: int | None = None) -> None:
        """From now on; `times` None: until told otherwise. Raises KeyError for no such trouble."""
        self._left = times
        if name == "none":
            self._trouble = None
        elif name.isascii() and name.isdigit() and int(name) in _STATUSES:
            self._trouble = _status(int(name))
        else:
            self._trouble = _TROUBLES[name]

    def middleware(self) -> Middleware:
        """Stands before every handler but the one that takes orders."""

        @web.middleware
        async def before(request: web.Request, handler: Handler) -> web.StreamResponse:
            trouble = None if request.path == "/bad-day" else self._take()
            return await (handler(request) if trouble is None else trouble(request, handler))

        return before

    async def post_order(self, request: web.Request) -> web.Response:
        """The handler of `POST /bad-day`."""
        times = request.query.get("times", "")
        try:
            self.order(request.query.get("trouble", "none"), int(times) if times else None)
        except (KeyError, ValueError):
            return web.Response(status=400, text="no such trouble\n")
        return web.Response(text="as you say\n")

    def _take(self) -> Trouble | None:
        trouble = self._trouble
        if self._left is not None:
            self._left -= 1
            if self._left <= 0:
                self._trouble = self._left = None
        return trouble


def _status(status: int) -> Trouble:
    async def say(request: web.Request, _: Handler) -> web.StreamResponse:
        await request.read()
        headers = {"Retry-After": RETRY_AFTER} if status in _TELLS_WHEN else {}
        if status < 400:
            headers["Location"] = "https://elsewhere.example.com/"
        return web.Response(status=status, text="\x00 no", headers=headers)

    return say


async def _hang_up(request: web.Request, _: Handler) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _lose_answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    await handler(request)
    return await _hang_up(request, handler)


async def _cut_short(request: web.Request, handler: Handler) -> web.StreamResponse:
    await handler(request)
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    response.content_type = "application/json"
    await response.prepare(request)
    await response.write(b'{"result": {')
    return await _hang_up(request, handler)


async def _stall(request: web.Request, handler: Handler) -> web.StreamResponse:
    await asyncio.sleep(STALL_SECONDS)
    return await _hang_up(request, handler)


async def _portal(request: web.Request, _: Handler) -> web.StreamResponse:
    await request.read()
    return web.Response(text=_PORTAL, content_type="text/html")


async def _bomb(request: web.Request, _: Handler) -> web.StreamResponse:
    await request.read()
    body = await asyncio.to_thread(gzip.compress, bytes(_BOMB))
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    return web.Response(body=body, headers=headers)


async def _junk(request: web.Request, _: Handler) -> web.StreamResponse:
    await request.read()
    return web.Response(text='{"result": {"CALL_ID"', content_type="application/json")


_TROUBLES: dict[str, Trouble] = {
    "hang-up": _hang_up,
    "lose-answer": _lose_answer,
    "cut-short": _cut_short,
    "stall": _stall,
    "portal": _portal,
    "bomb": _bomb,
    "junk": _junk,
}
