"""Setup, step 5: the devices, and one call on each line, shown as it is understood.

    the step open, until the setup is finished ─▶ the edge marks new calls ─▶ CRM, `test` true
    left, half an hour after it was opened, or ?calls=real ─▶ calls are real

A CRM that has no such mark gets no such call, hence the choice.
"""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from urllib.parse import urlencode

from aiohttp import web

from edge.access.refusals import Conflict, Forbidden, Refusal
from edge.local.calls_records import CallQuery, CallRow
from edge.local.client import NotAnswering, NotRunning
from edge.local.detect_records import Sensed
from webui.digits import typed, whole
from webui.form import Form, read
from webui.live import Message
from webui.pages.live_parts import drawn
from webui.pages.setup import step_page
from webui.pages.status import Shown
from webui.pages.status import shown as status_shown
from webui.settings_form import as_text
from webui.visit import Visit

ROUTES = web.RouteTableDef()
MOST_CALLS = 10
LISTEN_SECONDS = 120.0
TEST_SECONDS = 1800.0
AGAIN_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Heard:
    """The devices as they are, their last calls, and the lines that somebody said work.

    test: whether calls that begin now are marked as a test; None before the stream that lets the
    edge mark them has begun.
    """

    seen: Shown
    calls: tuple[CallRow, ...]
    proved: frozenset[tuple[str, str]]
    test: bool | None


@dataclass(frozen=True, slots=True)
class Port:
    """A port that is listened to; use: where a device is added as it was found, None before."""

    sensed: Sensed
    use: str | None


@ROUTES.get("/setup/devices")
async def page(request: web.Request) -> web.Response:
    visit = Visit(request)
    forms = await visit.edge.forms()
    wanted = request.query.get("calls", "")
    is_over = (await visit.edge.commissioning()).finished_at is not None
    test = visit.may("operate") and (wanted == "test" or (wanted != "real" and not is_over))
    return step_page(
        visit,
        "devices",
        Form(),
        forms=forms,
        heard=await _heard(visit, test=None if test else False),
        port=typed(request.query.get("port", "")),
        live=f"?test={time.monotonic():.0f}" if test else "",
    )


@ROUTES.get("/setup/devices/live")
async def live(request: web.Request) -> web.StreamResponse:
    """With `?test=` the moment at which the page was opened, calls are marked from here on."""
    visit = Visit(request)
    opened = whole(request.query.get("test", ""))
    left = 0.0 if opened is None else opened + TEST_SECONDS - time.monotonic()
    return await visit.serve(_told(visit, left))


async def _told(visit: Visit, seconds: float) -> AsyncGenerator[Message, None]:
    """The part of the page. While it is sent, calls are marked, for so many seconds at most."""
    testing = asyncio.ensure_future(_test(visit, seconds))

    async def draw() -> str:
        heard = await _heard(visit, test=not testing.done())
        return visit.piece("setup_devices_live.html", heard=heard)

    try:
        async with aclosing(drawn(visit, draw)) as messages:
            async for message in messages:
                yield message
    finally:
        testing.cancel()
        with suppress(asyncio.CancelledError):
            await testing


async def _test(visit: Visit, seconds: float) -> None:
    """Let the edge mark calls; taken up again where it restarted, for what is left of the time."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        with suppress(NotRunning, NotAnswering):
            try:
                async with aclosing(visit.edge.testing(left)) as marks:
                    async for _ in marks:
                        pass
            except Refusal:
                return
        await asyncio.sleep(AGAIN_SECONDS)


@ROUTES.get("/setup/devices/listen")
async def listen(request: web.Request) -> web.StreamResponse:
    """What is plugged in, and what it says, until all is known or two minutes are over."""
    visit = Visit(request)
    return await visit.serve(_sensed(visit, request.query.get("port", "")))


async def _sensed(visit: Visit, port: str) -> AsyncGenerator[Message, None]:
    """Of one port, or of all."""
    ports: dict[str, Sensed] = {}
    try:
        async with aclosing(visit.edge.detect(LISTEN_SECONDS, port)) as found:
            async for sensed in found:
                if port and sensed.name != port:
                    continue
                ports[sensed.name] = sensed
                yield Message(_drawn(visit, ports, listening=True))
        yield Message(_drawn(visit, ports, listening=False), last=True)
    except (Conflict, Forbidden) as refusal:
        told = visit.piece("detected_part.html", refused=refusal.failure.text, ports=[])
        yield Message(told, last=True)


def _drawn(visit: Visit, ports: dict[str, Sensed], *, listening: bool) -> str:
    shown = [Port(sensed, _address(sensed)) for sensed in ports.values()]
    return visit.piece("detected_part.html", ports=shown, listening=listening, refused=None)


def _address(sensed: Sensed) -> str | None:
    """Of the form for a new device, filled with what was found; None where nothing was."""
    best = next(iter(sensed.proposals), None)
    if best is None or sensed.device:
        return None
    link = "usb" if "usb" in sensed.link else "serial"
    values = {"driver": best.driver, "link": link, "back": "/setup/devices"}
    values |= {f"link.{name}": str(value) for name, value in sensed.link.items()}
    values |= {f"settings.{name}": as_text(value) for name, value in best.settings.items()}
    return f"/devices/new?{urlencode(values)}"


@ROUTES.post("/setup/devices/prove")
async def prove(request: web.Request) -> web.Response:
    """The technician says that a call was understood as it was."""
    form = await read(request)
    await Visit(request).edge.prove_line(form.exact("call"))
    raise web.HTTPSeeOther("/setup/devices")


async def _heard(visit: Visit, *, test: bool | None) -> Heard:
    return Heard(
        status_shown(await visit.edge.status()),
        (await visit.edge.calls(CallQuery(most=MOST_CALLS))).calls,
        frozenset((line.device, line.line) for line in (await visit.edge.commissioning()).lines),
        test,
    )
