"""The bytes of a device, and a capture played into it. The bytes hold numbers of people in full.

    operate  GET  /devices/{key}/wire            the last chunks, one JSON object a line, an end
             GET  /devices/{key}/wire?follow=1   the same, an empty one, then each new one, without
                                                 end; &test=1 marks the calls made meanwhile
             GET  /devices/{key}/capture         the last bytes as a capture, with other numbers
             POST /devices/{key}/replay          a capture: its calls go out marked as a test

A follower that does not keep up misses chunks; the driver never waits for it.
"""

import asyncio
from typing import TYPE_CHECKING

import msgspec

from edge.access.access import Access
from edge.access.refusals import Mistake, Mistakes, Unknown
from edge.errors import BadInput
from edge.intake.tap import Chunk, Hearer
from edge.local.issue import Words
from edge.local.route import Answer, Ask, Route, taking
from edge.local.wire_records import Played, Replay, WireChunk, WireQuery
from edge.service.devices import Devices

if TYPE_CHECKING:
    from aiohttp import web

MOST_WAITING = 1000

_encode = msgspec.json.Encoder().encode


def routes(access: Access, devices: Devices) -> list[Route]:
    """All of them."""

    async def played(ask: Ask, given: Replay) -> Played:
        from edge.wire.playing import play_into

        served = devices.served(_key(ask, devices))
        await access.note(ask.caller, "capture.played", ask.part("key"))
        try:
            return Played(await play_into(served, given.capture.encode(), given.speed))
        except BadInput as error:
            wrong = Words(str(error), "ضبط خوانده نمی‌شود.")
            raise Mistakes((Mistake("", wrong),)) from error

    async def capture(ask: Ask) -> "web.StreamResponse":
        from aiohttp import web

        from edge.wire.export import exported

        served = devices.served(_key(ask, devices))
        await access.note(ask.caller, "capture.saved", ask.part("key"))
        text = await asyncio.to_thread(exported, served, served.clock().utc)
        return web.Response(body=text, content_type="text/plain")

    return [
        Route("GET", "/devices/{key}/capture", "operate", capture),
        Route("GET", "/devices/{key}/wire", "operate", _wire(devices)),
        taking("POST", "/devices/{key}/replay", "operate", Replay, played),
    ]


def _key(ask: Ask, devices: Devices) -> str:
    key = ask.part("key")
    if key not in devices.supervisors:
        known = ", ".join(devices.supervisors) or "none"
        raise Unknown(Words(f'"{key}" is no device here: there are {known}.', "چنین دستگاهی نیست."))
    return key


def _wire(devices: Devices) -> Answer:
    async def answer(ask: Ask) -> "web.StreamResponse":
        from aiohttp import web

        served = devices.served(_key(ask, devices))
        query = ask.query(WireQuery)
        tap, commissioning = served.supervisor.tap, served.intake.commissioning
        waiting: asyncio.Queue[Chunk] = asyncio.Queue(MOST_WAITING)
        stream = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        hear = _hearer(waiting)
        tap.hearers.append(hear)
        try:
            if query.test:
                commissioning.begin(served.clock().monotonic)
            kept = tap.chunks
            await stream.prepare(ask.request)
            await stream.write(b"".join(map(_line, kept)))
            if query.follow:
                await stream.write(_line(Chunk(served.clock().monotonic, "<", b"")))
            while query.follow:
                await stream.write(_line(await waiting.get()))
            await stream.write_eof()
        finally:
            tap.hearers.remove(hear)
            if query.test:
                commissioning.end()
        return stream

    return answer


def _hearer(waiting: "asyncio.Queue[Chunk]") -> Hearer:
    def hear(chunk: Chunk) -> None:
        if not waiting.full():
            waiting.put_nowait(chunk)

    return hear


def _line(chunk: Chunk) -> bytes:
    return _encode(WireChunk(chunk.at, chunk.way, chunk.data)) + b"\n"
