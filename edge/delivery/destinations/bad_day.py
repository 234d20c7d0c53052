"""A stand-in's bad days: what it does to order instead of its work, or with its answer.

    POST /stand-in/order   {"mode": "503", "requests": 3, "seconds": 2, "on": "PUT "}

`mode` is a status (200 to 599, with a page nobody can read; 3xx leads elsewhere) or one of

    none          behave, and how to end another mode
    stall         wait `seconds` (60), then serve
    hang-up       close the connection at once; nothing is done
    drop-answer   do what was asked, then close the connection
    truncated     do what was asked, then break off in the middle of the answer
    wrong-json    do what was asked, then answer 200 with JSON of another kind, or `body`
    cut-json      answer 200 with JSON that is cut off; nothing is done
    html          answer 200 with a web page, as a captive portal does; nothing is done
    bomb          answer 200 with a few kilobytes of gzip that hold 64 MiB; nothing is done

`seconds` with a status: its Retry-After. `on`: only requests that begin so ("POST /call"); `after`:
so many of these are served first; `requests`: for how many, until told otherwise if left out.
"""

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from typing import Annotated

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler
from msgspec import Meta, Struct

OWN = "/stand-in/"
"""What begins so is for whoever gives orders, and never misbehaves."""
KEPT_BACK = web.RequestKey("kept_back", bool)
"""Set where nobody got the answer, whatever the response says."""
_PAGE = "<!doctype html><title>Welcome</title><p>Please log in to use this network."
_ELSEWHERE = "https://elsewhere.example.com/"
_BOMB = 64 * 1024 * 1024
_STALL_SECONDS = 60.0
_STATUSES = range(200, 600)
_REDIRECTS = range(300, 400)


class Order(Struct, frozen=True, forbid_unknown_fields=True):
    """One order; see the module's docstring."""

    mode: str
    requests: Annotated[int, Meta(ge=1)] | None = None
    seconds: Annotated[float, Meta(ge=0)] | None = None
    on: str = ""
    after: Annotated[int, Meta(ge=0)] = 0
    body: str = '[{"other": true}]'

    def __post_init__(self) -> None:
        if self.mode not in {"none", *_TROUBLES} and self.status is None:
            raise ValueError(f"no such mode: {self.mode}")

    @property
    def status(self) -> int | None:
        """What to answer, where the mode is a status."""
        digits = self.mode.isascii() and self.mode.isdigit()
        return int(self.mode) if digits and int(self.mode) in _STATUSES else None


class BadDay:
    """The order in force. met: how many requests met one that was not to behave."""

    def __init__(self) -> None:
        self.met = 0
        self._order = Order("none")

    def order(self, mode: str, requests: int | None = None, **more: object) -> None:
        """From now on; `more` as in Order. Raises msgspec.ValidationError for no such order."""
        self._order = msgspec.convert({"mode": mode, "requests": requests, **more}, Order)

    def join(self, app: web.Application) -> None:
        """Stand before every handler of a stand-in's, and take orders."""

        @web.middleware
        async def before(request: web.Request, handler: Handler) -> web.StreamResponse:
            order = self._next(request)
            if order.mode == "none":
                return await handler(request)
            self.met += 1
            await request.read()
            if order.status is not None:
                return _say(order.status, order.seconds)
            return await _TROUBLES[order.mode](request, handler, order)

        app.middlewares.append(before)
        app.router.add_post(f"{OWN}order", self._take)

    def _next(self, request: web.Request) -> Order:
        order = self._order
        what = f"{request.method} {request.path_qs}"
        if request.path.startswith(OWN) or order.mode == "none" or not what.startswith(order.on):
            return Order("none")
        if order.after:
            self._order = msgspec.structs.replace(order, after=order.after - 1)
            return Order("none")
        if order.requests is not None:
            left = order.requests - 1
            self._order = msgspec.structs.replace(order, requests=left) if left else Order("none")
        return order

    async def _take(self, request: web.Request) -> web.Response:
        try:
            self._order = msgspec.json.decode(await request.read(), type=Order)
        except msgspec.MsgspecError as error:
            return web.Response(status=400, text=f"{error}\n")
        return web.Response(text="as you say\n")


Trouble = Callable[[web.Request, Handler, Order], Awaitable[web.StreamResponse]]


def _say(status: int, seconds: float | None) -> web.Response:
    headers = {} if seconds is None else {"Retry-After": f"{seconds:.0f}"}
    if status in _REDIRECTS:
        headers["Location"] = _ELSEWHERE
    return web.Response(status=status, text="\x00 by order", headers=headers)


async def _stall(request: web.Request, handler: Handler, order: Order) -> web.StreamResponse:
    await asyncio.sleep(_STALL_SECONDS if order.seconds is None else order.seconds)
    return await handler(request)


async def _hang_up(request: web.Request, _: Handler, __: Order) -> web.StreamResponse:
    request[KEPT_BACK] = True
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _drop_answer(request: web.Request, handler: Handler, order: Order) -> web.StreamResponse:
    await handler(request)
    return await _hang_up(request, handler, order)


async def _truncated(request: web.Request, handler: Handler, order: Order) -> web.StreamResponse:
    await handler(request)
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.content_length = 1000
    await response.prepare(request)
    await response.write(b'{"result": {')
    return await _hang_up(request, handler, order)


async def _wrong_json(request: web.Request, handler: Handler, order: Order) -> web.StreamResponse:
    await handler(request)
    return web.Response(text=order.body, content_type="application/json")


async def _cut_json(_: web.Request, __: Handler, ___: Order) -> web.StreamResponse:
    return web.Response(text='{"result": {"CALL_ID"', content_type="application/json")


async def _html(_: web.Request, __: Handler, ___: Order) -> web.StreamResponse:
    return web.Response(text=_PAGE, content_type="text/html")


async def _bomb(_: web.Request, __: Handler, ___: Order) -> web.StreamResponse:
    body = await asyncio.to_thread(gzip.compress, bytes(_BOMB))
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    return web.Response(body=body, headers=headers)


_TROUBLES: dict[str, Trouble] = {
    "stall": _stall,
    "hang-up": _hang_up,
    "drop-answer": _drop_answer,
    "truncated": _truncated,
    "wrong-json": _wrong_json,
    "cut-json": _cut_json,
    "html": _html,
    "bomb": _bomb,
}
