"""What a technician asks of the delivery, over the control socket.

POST /resend?first=N&last=M[&to=NAME]   old events once more: edge.local.resent.Resent
GET  /undelivered[?to=NAME]             an export, as edge/delivery/export.py has it, a line a line
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING

import msgspec

from edge.journal.records import JournalFailed
from edge.local.resent import Resent

if TYPE_CHECKING:
    from aiohttp import web

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

SEQUENCE_DIGITS = 18

Resend = Callable[[tuple[int, int], str | None], Awaitable[Resent]]
Undelivered = Callable[[str | None], "AsyncGenerator[bytes, None] | str"]
"""The lines, or what is wrong with the request."""


def routes(resend: Resend, undelivered: Undelivered) -> "list[tuple[str, str, Handler]]":
    """As (method, path, handler)."""
    from aiohttp import web

    async def repeated(request: web.Request) -> web.StreamResponse:
        ends = (request.query.get("first", ""), request.query.get("last", ""))
        if not all(end.isascii() and end.isdigit() and len(end) <= SEQUENCE_DIGITS for end in ends):
            raise web.HTTPBadRequest(text="first and last must be sequences")
        found = await resend((int(ends[0]), int(ends[1])), request.query.get("to"))
        return web.Response(body=msgspec.json.encode(found), content_type="application/json")

    async def exported(request: web.Request) -> web.StreamResponse:
        found = undelivered(request.query.get("to"))
        if isinstance(found, str):
            return web.Response(status=202, text=found)
        stream = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await stream.prepare(request)
        try:
            async with aclosing(found) as lines:
                async for line in lines:
                    await stream.write(line + b"\n")
            await stream.write_eof()
        except JournalFailed:
            if request.transport is not None:
                request.transport.close()
        return stream

    return [("POST", "/resend", repeated), ("GET", "/undelivered", exported)]
