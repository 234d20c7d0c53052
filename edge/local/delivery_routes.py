"""What a technician asks of the delivery.

operate  POST /resend?first=N&last=M[&to=NAME]   old events once more
numbers  GET /undelivered[?to=NAME]              an export, as edge/delivery/export.py has it
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING

from msgspec import Struct

from edge.access.access import Access
from edge.journal.records import JournalFailed
from edge.local.resent import Resent
from edge.local.route import Ask, Route, route
from edge.local.sequence import Sequence

if TYPE_CHECKING:
    from aiohttp import web

Resend = Callable[[tuple[int, int], str | None], Awaitable[Resent]]
Undelivered = Callable[[str | None], AsyncGenerator[bytes, None]]
"""The lines. Raises Unknown."""


class _Stretch(Struct, frozen=True):
    first: Sequence
    last: Sequence
    to: str | None = None


class _Whose(Struct, frozen=True):
    to: str | None = None


def routes(access: Access, resend: Resend, undelivered: Undelivered) -> list[Route]:
    """Both."""

    async def repeated(ask: Ask) -> Resent:
        wanted = ask.query(_Stretch)
        found = await resend((wanted.first, wanted.last), wanted.to)
        stretch = f"{wanted.first}..{wanted.last}"
        await access.note(ask.caller, "events.resent", wanted.to or "", (stretch,))
        return found

    async def exported(ask: Ask) -> "web.StreamResponse":
        from aiohttp import web

        whose, request = ask.query(_Whose).to, ask.request
        found = undelivered(whose)
        await access.note(ask.caller, "events.exported", whose or "")
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

    return [
        route("POST", "/resend", "operate", repeated),
        Route("GET", "/undelivered", "numbers", exported),
    ]
