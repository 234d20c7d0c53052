"""Live parts of a page by server-sent events: each message is a piece of the page.

    id: 1042                what the browser says as Last-Event-ID when it comes back
    data: <table>…          morphed into its place by htmx, focus and open details stay
    : (every 15 s)          keeps proxies from hanging up, and notices that nobody is there

A browser opens six connections to one place at most, so a visitor with many tabs would starve his
own pages: the fifth stream of one visitor ends his first, and tells it so.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

MOST_EACH = 4
MOST_ALL = 12
PING_SECONDS = 15.0
WRITE_SECONDS = 10.0
CLOSED = b"event: closed\ndata:\n\n"
"""After this the browser does not come back by itself."""


@dataclass(frozen=True, slots=True)
class Message:
    """A piece of the page. id: where to go on after a break. last: nothing comes after it."""

    html: str
    id: str = ""
    last: bool = False

    def encoded(self) -> bytes:
        lines = [f"id: {self.id}"] if self.id else []
        lines += [f"data: {line}" for line in self.html.splitlines() if line.strip()]
        return "\n".join(lines).encode() + b"\n\n"


@dataclass(eq=False, slots=True)
class _Stream:
    owner: str
    told_off: asyncio.Event = field(default_factory=asyncio.Event)


class Streams:
    """All open streams, the oldest first."""

    def __init__(self) -> None:
        self._open: list[_Stream] = []

    async def serve(
        self, request: web.Request, owner: str, messages: AsyncIterator[Message]
    ) -> web.StreamResponse:
        """Send the messages until they end, the browser leaves, or newer streams take the place."""
        stream = self._enter(owner)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        response.headers["X-Accel-Buffering"] = "no"
        try:
            await response.prepare(request)
            await response.write(b"retry: 2000\n\n")
            with suppress(ConnectionResetError, TimeoutError):
                await _send(response, stream, messages)
        finally:
            self._open.remove(stream)
        return response

    def _enter(self, owner: str) -> _Stream:
        own = [each for each in self._open if each.owner == owner and not each.told_off.is_set()]
        others = [each for each in self._open if not each.told_off.is_set()]
        if len(own) >= MOST_EACH:
            own[0].told_off.set()
        elif len(others) >= MOST_ALL:
            others[0].told_off.set()
        stream = _Stream(owner)
        self._open.append(stream)
        return stream


async def _send(
    response: web.StreamResponse, stream: _Stream, messages: AsyncIterator[Message]
) -> None:
    told_off = asyncio.ensure_future(stream.told_off.wait())
    coming: asyncio.Future[Message] | None = None
    try:
        while True:
            coming = coming or asyncio.ensure_future(anext(messages))
            both: set[asyncio.Future[Any]] = {coming, told_off}
            await asyncio.wait(both, timeout=PING_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if told_off.done():
                await _write(response, CLOSED)
                return
            if not coming.done():
                await _write(response, b":\n\n")
                continue
            try:
                message = coming.result()
            except StopAsyncIteration:
                return  # the browser asks again, and is told whether its session is over
            coming = None
            await _write(response, message.encoded())
            if message.last:
                await _write(response, CLOSED)
                return
    finally:
        told_off.cancel()
        if coming is not None:
            coming.cancel()
            with suppress(asyncio.CancelledError, StopAsyncIteration):
                await coming


async def _write(response: web.StreamResponse, data: bytes) -> None:
    """A browser that takes nothing for ten seconds is gone."""
    async with asyncio.timeout(WRITE_SECONDS):
        await response.write(data)
