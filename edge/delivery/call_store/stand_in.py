"""What all stand-in servers of call stores do: note what they are asked, misbehave to order.

    POST /stand-in/order      {"mode": "status", "status": 503, "requests": 3, "on": "PUT "}
    GET  /stand-in/requests   what was asked so far, one line of JSON each, with the status given

    status        answer `status`, with Retry-After if `seconds` is given; nothing is done
    stall         wait `seconds`, then serve
    drop-request  hang up before anything is done
    drop-answer   do what was asked, then hang up
    truncated     do what was asked, then hang up in the middle of the answer
    html          answer 200 with a web page; nothing is done
    wrong-json    do what was asked, then answer 200 with JSON of another kind

`on`: only requests that begin so ("POST /api/v1/telephony/call"); `after`: so many of these are
served first; `requests`: for how many, until told otherwise if left out.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Literal

import msgspec
from aiohttp import web
from msgspec import Meta, Raw, Struct

Moment = Literal["asked", "done"]
Mode = Literal[
    "none", "status", "stall", "drop-request", "drop-answer", "truncated", "html", "wrong-json"
]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_OWN = "/stand-in/"
_PAGE = "<!doctype html><title>Welcome</title><p>Please log in to use this network."


class Order(Struct, frozen=True, forbid_unknown_fields=True):
    """One order; see the module's docstring."""

    mode: Mode
    status: Annotated[int, Meta(ge=200, le=599)] = 500
    seconds: float | None = None
    on: str = ""
    after: int = 0
    requests: int | None = None


class Seen(Struct, frozen=True, omit_defaults=True):
    """One request. what: method and path, with query. status: 0 where the answer was kept back."""

    what: str
    body: Raw
    status: int = 0


class Refused(Exception):
    """Ends a request with a status and a body such as the real server might give."""

    def __init__(self, status: int, message: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class StandIn:
    """Serve `app()`. watch: called with each request when it came in and when it was done."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.order = Order("none")
        self.watch: Callable[[Moment, str], None] = lambda _moment, _what: None

    def routes(self) -> Sequence[web.RouteDef]:
        """What the real server has; for the subclass to tell."""
        return ()

    def app(self) -> web.Application:
        """The server, with the two addresses of its own."""

        @web.middleware
        async def note(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await self._note(request, handler)

        app = web.Application(middlewares=[note])
        app.add_routes(self.routes())
        app.router.add_post(f"{_OWN}order", self._take_order)
        app.router.add_get(f"{_OWN}requests", self._show)
        return app

    async def _note(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(_OWN):
            return await handler(request)
        body = await request.read()
        what = f"{request.method} {request.path_qs}"
        order = self._next_order(what)
        self.watch("asked", what)
        status = 0
        try:
            response = await self._answer(request, handler, order)
            status = response.status if order.mode not in {"drop-answer", "truncated"} else 0
        finally:
            json = body if request.content_type == "application/json" else b""
            self.seen.append(Seen(what, Raw(json or b"null"), status))
        self.watch("done", what)
        return response

    async def _answer(
        self, request: web.Request, handler: Handler, order: Order
    ) -> web.StreamResponse:
        if order.mode == "stall":
            await asyncio.sleep(order.seconds or 0.0)
        if (instead := _instead(request, order)) is not None:
            return instead
        try:
            response = await handler(request)
        except Refused as refused:
            return web.json_response({"Message": refused.message}, status=refused.status)
        if order.mode == "drop-answer":
            return _hang_up(request)
        if order.mode == "truncated":
            return await _cut(request)
        return web.json_response([{"other": True}]) if order.mode == "wrong-json" else response

    def _next_order(self, what: str) -> Order:
        order = self.order
        if order.mode == "none" or not what.startswith(order.on):
            return Order("none")
        if order.after:
            self.order = msgspec.structs.replace(order, after=order.after - 1)
            return Order("none")
        if order.requests is not None:
            left = order.requests - 1
            self.order = msgspec.structs.replace(order, requests=left) if left else Order("none")
        return order

    async def _take_order(self, request: web.Request) -> web.Response:
        try:
            self.order = msgspec.json.decode(await request.read(), type=Order)
        except msgspec.MsgspecError as error:
            return web.json_response({"Message": str(error)}, status=400)
        return web.Response(status=204)

    async def _show(self, _: web.Request) -> web.Response:
        lines = b"".join(msgspec.json.encode(seen) + b"\n" for seen in self.seen)
        return web.Response(body=lines, content_type="application/x-ndjson")


def run(stand_in: StandIn, what: str) -> None:
    """Serve from the command line until Ctrl-C."""
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("--port", type=int, default=8090)
    web.run_app(stand_in.app(), host="127.0.0.1", port=parser.parse_args().port)


def _instead(request: web.Request, order: Order) -> web.Response | None:
    """What to answer without doing anything; None: do it."""
    if order.mode == "drop-request":
        return _hang_up(request)
    if order.mode == "html":
        return web.Response(text=_PAGE, content_type="text/html")
    if order.mode == "status":
        headers = {"Retry-After": f"{order.seconds:.0f}"} if order.seconds is not None else {}
        return web.Response(status=order.status, text="by order", headers=headers)
    return None


def _hang_up(request: web.Request) -> web.Response:
    """The response is only there for aiohttp: nobody gets it."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _cut(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.content_length = 100
    await response.prepare(request)
    await response.write(b'{"CallI')
    if request.transport is not None:
        request.transport.close()
    return response
