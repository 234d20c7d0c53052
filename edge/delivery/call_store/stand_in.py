"""What all stand-in servers of call stores do: note what they are asked, misbehave to order.

    GET  /stand-in/requests   what was asked so far, one line of JSON each, with the status given

edge/delivery/destinations/bad_day.py tells how to give orders.
"""

import argparse
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler
from msgspec import Raw, Struct

from edge.delivery.destinations.bad_day import KEPT_BACK, OWN, BadDay

Moment = Literal["asked", "done"]


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
        self.bad_day = BadDay()
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
        self.bad_day.join(app)
        app.middlewares.append(_refuse)
        app.add_routes(self.routes())
        app.router.add_get(f"{OWN}requests", self._show)
        return app

    async def _note(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(OWN):
            return await handler(request)
        body = await request.read()
        what = f"{request.method} {request.path_qs}"
        self.watch("asked", what)
        status = 0
        try:
            response = await handler(request)
            status = 0 if request.get(KEPT_BACK) else response.status
        finally:
            json = body if request.content_type == "application/json" else b""
            self.seen.append(Seen(what, Raw(json or b"null"), status))
        self.watch("done", what)
        return response

    async def _show(self, _: web.Request) -> web.Response:
        lines = b"".join(msgspec.json.encode(seen) + b"\n" for seen in self.seen)
        return web.Response(body=lines, content_type="application/x-ndjson")


@web.middleware
async def _refuse(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Refused as refused:
        return web.json_response({"Message": refused.message}, status=refused.status)


def run(stand_in: StandIn, what: str) -> None:
    """Serve from the command line until Ctrl-C."""
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("--port", type=int, default=8090)
    web.run_app(stand_in.app(), host="127.0.0.1", port=parser.parse_args().port)
