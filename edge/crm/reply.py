"""Two ways to end a request: JSON, or hanging up."""

from collections.abc import Sequence

import msgspec
from aiohttp import web
from msgspec import Struct


def answer(body: Struct | Sequence[Struct], status: int = 200) -> web.Response:
    """Answer with a record as JSON."""
    return web.Response(
        body=msgspec.json.encode(body), status=status, content_type="application/json"
    )


def hang_up(request: web.Request) -> web.Response:
    """Reset the connection. The response returned is only there for aiohttp: nobody gets it."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
