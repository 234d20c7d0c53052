"""The reference CRM on a bad day, to order: what a box must survive, without unplugging anything.

    POST /misbehave   {"mode": "503", "requests": 3, "seconds": 2}

Only `POST /v1/events` misbehaves. `mode` is one of

    none         behave (the default, and how to end another mode)
    refuse       close the connection at once; nothing is read
    stall        wait `seconds` (30), then behave
    drop-answer  store the events, then close the connection without an answer
    400 401 403 413 429 500 503
                 answer this; nothing is stored. 429 and 503 say `Retry-After: seconds` (1)
    html         answer 200 with a web page, as a captive portal does; nothing is stored
    reject       refuse, for good, new events of type `type` and those whose sequence is a multiple
                 of `every`; with neither, refuse all new ones

`requests`: for how many requests; left out: until told otherwise. A new order replaces the old one.
`GET /misbehave` tells the order in force and what is left of it.
"""

import asyncio
from typing import Annotated, Literal

from aiohttp import web
from aiohttp.typedefs import Handler
from msgspec import Meta, Struct
from msgspec.structs import replace

from edge.crm.answers import Problem, answer, hang_up, read

Mode = Literal["none", "refuse", "stall", "drop-answer", "html", "reject"]
Status = Literal["400", "401", "403", "413", "429", "500", "503"]
routes = web.RouteTableDef()
PORTAL = "<!doctype html><title>Welcome</title><p>Please log in to use this network."


class Order(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One order, as it comes in JSON."""

    mode: Mode | Status
    requests: Annotated[int, Meta(ge=1)] | None = None
    seconds: Annotated[float, Meta(ge=0, le=3600)] | None = None
    type: str | None = None
    every: Annotated[int, Meta(ge=1)] | None = None

    def reason(self, type_: str, sequence: int) -> str | None:
        """Why an event is refused although nothing is wrong with it, or None."""
        if self.mode != "reject":
            return None
        if self.type is None and self.every is None:
            return "refused by order: every event"
        if self.type == type_:
            return f"refused by order: type {type_}"
        if self.every is not None and sequence % self.every == 0:
            return f"refused by order: every {self.every}th sequence"
        return None


ORDER = web.RequestKey("order", Order)


class Mood:
    """The order in force."""

    def __init__(self) -> None:
        self.order = Order("none")

    @web.middleware
    async def meet(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Serve a request as the order says, and count it down."""
        order = request[ORDER] = self.order
        if (request.method, request.path) != ("POST", "/v1/events"):
            return await handler(request)
        if order.requests is not None:
            left = order.requests - 1
            self.order = replace(order, requests=left) if left else Order("none")
        if order.mode == "refuse":
            return hang_up(request)
        if order.mode == "html":
            await request.read()
            return web.Response(text=PORTAL, content_type="text/html")
        if order.mode.isdigit():
            await request.read()
            problem = Problem("ordered", "misbehaving by order of /misbehave")
            later = {"Retry-After": str(round(1 if order.seconds is None else order.seconds))}
            return answer(problem, int(order.mode), later if order.mode in {"429", "503"} else None)
        if order.mode == "stall":
            await asyncio.sleep(30.0 if order.seconds is None else order.seconds)
        response = await handler(request)
        return hang_up(request) if order.mode == "drop-answer" else response


MOOD = web.AppKey("mood", Mood)


@routes.post("/misbehave")
async def post_misbehave(request: web.Request) -> web.Response:
    request.app[MOOD].order = await read(request, Order)
    return answer(request.app[MOOD].order)


@routes.get("/misbehave")
async def get_misbehave(request: web.Request) -> web.Response:
    return answer(request.app[MOOD].order)
