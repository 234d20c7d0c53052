"""The report of a commissioning, and the calls that are made for it.

look     GET /commissioning
operate  POST /commissioning/lines  POST /commissioning/finish
operate  GET /commissioning/test?seconds=N   one Testing, then nothing: while the answer lasts,
                                             calls of all devices that begin are marked as a test
"""

import asyncio
from typing import TYPE_CHECKING

import msgspec

from edge.access.access import Access
from edge.intake.commissioning import LONGEST_SECONDS
from edge.intake.commissioning import Commissioning as Marking
from edge.local.commissioning_records import Commissioning, ProvedBy, Testing
from edge.local.route import Ask, Route, route, taking
from edge.service.devices import Devices
from edge.upkeep.commissioning import Report

if TYPE_CHECKING:
    from aiohttp import web

LOOK_SECONDS = 0.5
"""How often it is looked whether a device came that is not under test yet."""


class TestQuery(msgspec.Struct, frozen=True):
    seconds: float = LONGEST_SECONDS


def routes(access: Access, report: Report, devices: Devices) -> list[Route]:
    """All of them."""

    async def shown(_ask: Ask) -> Commissioning:
        return report.read()

    async def prove(ask: Ask, given: ProvedBy) -> Commissioning:
        found = await report.prove(ask.caller, given.call_id)
        proof = found.lines[-1]
        await access.note(ask.caller, "line.tested", proof.device, (proof.line,))
        return found

    async def finish(ask: Ask) -> Commissioning:
        found = await report.finish(ask.caller)
        await access.note(ask.caller, "setup.finished")
        return found

    async def test(ask: Ask) -> "web.StreamResponse":
        from aiohttp import web

        seconds = min(LONGEST_SECONDS, max(0.0, ask.query(TestQuery).seconds))
        stream = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        marked: list[Marking] = []
        try:
            _mark(devices, marked)
            await stream.prepare(ask.request)
            await stream.write(msgspec.json.encode(Testing(seconds)) + b"\n")
            over = asyncio.get_running_loop().time() + seconds
            while asyncio.get_running_loop().time() < over:
                await asyncio.sleep(LOOK_SECONDS)
                _mark(devices, marked)
            await stream.write_eof()
        finally:
            for each in marked:
                each.end()
        return stream

    return [
        route("GET", "/commissioning", "look", shown),
        Route("GET", "/commissioning/test", "operate", test),
        taking("POST", "/commissioning/lines", "operate", ProvedBy, prove),
        route("POST", "/commissioning/finish", "operate", finish),
    ]


def _mark(devices: Devices, marked: list[Marking]) -> None:
    """Put each device under test that is not yet: one that was just added, or began anew."""
    for key in devices.supervisors:
        served = devices.served(key)
        if served.intake.commissioning not in marked:
            served.intake.commissioning.begin(served.clock().monotonic)
            marked.append(served.intake.commissioning)
