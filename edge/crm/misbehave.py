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
from msgspec import Meta, Struct
from msgspec.structs import replace

from edge.crm.contract import Problem
from edge.crm.reply import answer, hang_up

Mode = Literal[
    "none",
    "refuse",
    "stall",
    "drop-answer",
    "400",
    "401",
    "403",
    "413",
    "429",
    "500",
    "503",
    "html",
    "reject",
]
PORTAL = "<!doctype html><title>Welcome</title><p>Please log in to use this network."
STALL_SECONDS = 30.0


class Order(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One order, as it comes in JSON; the module's docstring tells what each field does."""

    mode: Mode
    requests: Annotated[int, Meta(ge=1)] | None = None
    seconds: Annotated[float, Meta(ge=0, le=3600)] | None = None
    type: str | None = None
    every: Annotated[int, Meta(ge=1)] | None = None

    def reason(self, type_: str, sequence: int) -> str | None:
        """Why this event is refused, or None."""
        if self.mode != "reject":
            return None
        if self.type is None and self.every is None:
            return "refused by order: every event"
        if self.type == type_:
            return f"refused by order: type {type_}"
        if self.every is not None and sequence % self.every == 0:
            return f"refused by order: every {self.every}th sequence"
        return None


BEHAVE = Order("none")


class Mood:
    """The order in force."""

    def __init__(self) -> None:
        self.order = BEHAVE

    def take(self) -> Order:
        """Return the order for the next request and count it down."""
        order = self.order
        if order.requests is not None:
            left = order.requests - 1
            self.order = replace(order, requests=left) if left else BEHAVE
        return order


async def instead(order: Order, request: web.Request) -> web.Response | None:
    """Do what the order says in place of serving the request; None: it is to be served."""
    if order.mode == "refuse":
        return hang_up(request)
    if order.mode == "stall":
        await asyncio.sleep(STALL_SECONDS if order.seconds is None else order.seconds)
    elif order.mode == "html":
        await request.read()
        return web.Response(text=PORTAL, content_type="text/html")
    elif order.mode.isdigit():
        await request.read()
        response = answer(Problem("ordered", "misbehaving by order of /misbehave"), int(order.mode))
        if order.mode in {"429", "503"}:
            seconds = 1 if order.seconds is None else round(order.seconds)
            response.headers["Retry-After"] = str(seconds)
        return response
    return None
