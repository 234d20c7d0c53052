"""Finds out what is plugged in, for the page: `payvand detect` over a socket.

operate  GET /detect?seconds=N           one Sensed a line: first every port as it is, then what is
                                        heard; &port=/dev/… listens to that one alone

What hears and tells is imported with the first question.
"""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from edge.access.refusals import Conflict
from edge.errors import BadInput, CommandFailed
from edge.local.detect_records import Sensed
from edge.local.issue import Words
from edge.local.route import Ask, Route

if TYPE_CHECKING:
    from aiohttp import web

    from edge.local.detect_telling import PageSession, ToTheAsker

MOST_SECONDS = 600.0


class DetectQuery(msgspec.Struct, frozen=True, kw_only=True):
    """port: one that is not found by itself, or the only one to be heard."""

    seconds: float = 120.0
    port: str = ""


def routes(data: Path) -> list[Route]:
    """One asker at a time: a port is heard by one ear."""
    busy = asyncio.Lock()

    async def answer(ask: Ask) -> "web.StreamResponse":
        from aiohttp import web

        from edge.local.detect_telling import PageSession, ToTheAsker

        query = ask.query(DetectQuery)
        seconds = min(MOST_SECONDS, max(1.0, query.seconds))
        if busy.locked():
            raise Conflict(Words("Somebody listens already.", "هم‌اکنون کسی در حال گوش دادن است."))
        async with busy:
            teller = ToTheAsker()
            session = await PageSession.begin(data, teller)
            stream = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
            await stream.prepare(ask.request)
            listening = asyncio.ensure_future(_listen(session, teller, query.port, seconds))
            try:
                while not (listening.done() and teller.told.empty()):
                    await _tell_next(stream, teller.told, listening)
                await stream.write_eof()
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)
        return stream

    return [Route("GET", "/detect", "operate", answer)]


async def _listen(session: "PageSession", teller: "ToTheAsker", port: str, seconds: float) -> None:
    """Tell too why a port that was named cannot be heard."""
    try:
        await session.listen(port or None, seconds)
    except CommandFailed as error:
        code = getattr(error, "code", "no-port" if isinstance(error, BadInput) else "")
        teller.trouble(port, str(error), code)


async def _tell_next(
    stream: "web.StreamResponse", told: "asyncio.Queue[Sensed]", listening: "asyncio.Future[None]"
) -> None:
    """Whichever comes first: something to tell, or the end of listening."""
    coming = asyncio.ensure_future(told.get())
    try:
        both: set[asyncio.Future[Any]] = {coming, listening}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if coming.done():
            await stream.write(msgspec.json.encode(coming.result()) + b"\n")
        else:
            listening.result()
    finally:
        coming.cancel()
