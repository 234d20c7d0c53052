r"""What is on a device's wire, live, beside what it was understood as.

    12:03:04.123 ← 21/11/26 20:12   601 04 <I>0214455…\r\n   text or hex, both are on the page
    id: 83112.503                                            when it was heard: where to go on

Saved, it is a capture (design section 9) with other numbers.
"""

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from aiohttp import web

from edge.local.calls_records import CallQuery
from edge.local.wire_records import WireChunk
from webui.digits import whole
from webui.live import Message
from webui.visit import Visit

ROUTES = web.RouteTableDef()
TOGETHER_SECONDS = 0.25
MOST_CALLS = 8
MOST_CHUNKS = 1000
_LINE = re.compile(rb"[^\n]*\n|[^\n]+")
_SIGNS = {0x0D: r"\r", 0x0A: r"\n", 0x09: r"\t", 0x0C: r"\f"}


@dataclass(frozen=True, slots=True)
class Heard:
    """A chunk as it is shown."""

    at: datetime
    way: str
    text: str
    hex: str


@ROUTES.get("/devices/{key}/wire")
async def page(request: web.Request) -> web.Response:
    visit = Visit(request)
    key = request.match_info["key"]
    chunks = [chunk async for chunk in visit.edge.wire(key)][-MOST_CHUNKS:]
    return visit.page(
        "wire.html",
        key=key,
        chunks=_lines(chunks),
        calls=(await visit.edge.calls(CallQuery(device=key, most=MOST_CALLS))).calls,
        last=chunks[-1].at if chunks else 0,
    )


@ROUTES.get("/devices/{key}/wire/live")
async def live(request: web.Request) -> web.StreamResponse:
    visit = Visit(request)
    told = request.headers.get("Last-Event-ID") or request.query.get("after", "0")
    seconds, _, part = told.partition(".")
    is_moment = whole(seconds) is not None and (not part or whole(part) is not None)
    after = float(told) if is_moment else 0.0
    return await visit.serve(_news(visit, request.match_info["key"], after))


@ROUTES.get("/devices/{key}/wire/capture")
async def save(request: web.Request) -> web.Response:
    """The edge makes other numbers of those of people: this leaves the box."""
    key = request.match_info["key"]
    name = f"{key}-{datetime.now(UTC):%Y-%m-%d-%H%M}.cap"
    return web.Response(
        body=await Visit(request).edge.capture(key),
        content_type="text/plain",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


async def _news(visit: Visit, key: str, after: float) -> AsyncGenerator[Message, None]:
    async with aclosing(_batches(visit, key)) as batches:
        async for batch in batches:
            fresh = [chunk for chunk in batch if chunk.data and chunk.at > after]
            if not fresh:
                continue
            after = fresh[-1].at
            calls = (await visit.edge.calls(CallQuery(device=key, most=MOST_CALLS))).calls
            html = visit.piece("wire_part.html", chunks=_lines(fresh), calls=calls, live=True)
            yield Message(html, f"{after:.6f}")


async def _batches(visit: Visit, key: str) -> AsyncGenerator[list[WireChunk], None]:
    """What was heard within a quarter of a second together: a line comes in many pieces."""
    async with aclosing(visit.edge.wire(key, follow=True)) as wire:
        coming = asyncio.ensure_future(anext(wire))
        try:
            while True:
                batch = [await coming]
                coming = asyncio.ensure_future(anext(wire))
                until = asyncio.get_running_loop().time() + TOGETHER_SECONDS
                while (left := until - asyncio.get_running_loop().time()) > 0:
                    done, _ = await asyncio.wait({coming}, timeout=left)
                    if not done or coming.exception():
                        break
                    batch.append(coming.result())
                    coming = asyncio.ensure_future(anext(wire))
                yield batch
        except StopAsyncIteration:
            return
        finally:
            coming.cancel()
            with suppress(asyncio.CancelledError, StopAsyncIteration):
                await coming


def _lines(chunks: Sequence[WireChunk]) -> list[Heard]:
    """Pieces that followed each other closely as one, each line of it on a line of its own."""
    found: list[Heard] = []
    held: list[WireChunk] = []
    for chunk in chunks:
        if held and not _goes_on(held[-1], chunk):
            found += _heard(held)
            held = []
        held.append(chunk)
    return [*found, *_heard(held)] if held else found


def _goes_on(before: WireChunk, chunk: WireChunk) -> bool:
    is_close = chunk.at - before.at < TOGETHER_SECONDS
    return is_close and chunk.way == before.way and not before.data.endswith(b"\n")


def _heard(pieces: Sequence[WireChunk]) -> list[Heard]:
    at, way = _clock(pieces[0].at), "←" if pieces[0].way == "<" else "→"
    whole = b"".join(piece.data for piece in pieces)
    return [Heard(at, way, _text(line), line.hex(" ")) for line in _LINE.findall(whole)]


def _text(line: bytes) -> str:
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else _SIGNS.get(byte, "·") for byte in line)


def _clock(at: float) -> datetime:
    """The wall time of a monotonic moment of this machine."""
    return datetime.fromtimestamp(time.time() - time.monotonic() + at, UTC)
