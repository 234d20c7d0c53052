"""Setup, step 5: the devices, and one call on each line, shown as it is understood."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from urllib.parse import urlencode

from aiohttp import web

from edge.access.refusals import Conflict, Forbidden
from edge.local.calls_records import CallQuery, CallRow
from edge.local.detect_records import Sensed
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


@dataclass(frozen=True, slots=True)
class Heard:
    """The devices as they are, their last calls, and the lines that somebody said work."""

    seen: Shown
    calls: tuple[CallRow, ...]
    proved: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Port:
    """A port that is listened to; use: where a device is added as it was found, None before."""

    sensed: Sensed
    use: str | None


@ROUTES.get("/setup/devices")
async def page(request: web.Request) -> web.Response:
    visit = Visit(request)
    forms = await visit.edge.forms()
    return step_page(visit, "devices", Form(), forms=forms, heard=await _heard(visit))


@ROUTES.get("/setup/devices/live")
async def live(request: web.Request) -> web.StreamResponse:
    visit = Visit(request)

    async def draw() -> str:
        return visit.piece("setup_devices_part.html", heard=await _heard(visit))

    return await visit.serve(drawn(visit, draw))


@ROUTES.get("/setup/devices/listen")
async def listen(request: web.Request) -> web.StreamResponse:
    """What is plugged in, and what it says, until all is known or two minutes are over."""
    visit = Visit(request)
    return await visit.serve(_sensed(visit))


async def _sensed(visit: Visit) -> AsyncGenerator[Message, None]:
    ports: dict[str, Sensed] = {}
    try:
        async with aclosing(visit.edge.detect(LISTEN_SECONDS)) as found:
            async for sensed in found:
                ports[sensed.name] = sensed
                yield Message(_drawn(visit, ports, listening=True))
        yield Message(_drawn(visit, ports, listening=False))
    except (Conflict, Forbidden) as refusal:
        yield Message(visit.piece("detected_part.html", refused=refusal.failure.text, ports=[]))


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


async def _heard(visit: Visit) -> Heard:
    return Heard(
        status_shown(await visit.edge.status()),
        (await visit.edge.calls(CallQuery(most=MOST_CALLS))).calls,
        frozenset((line.device, line.line) for line in (await visit.edge.commissioning()).lines),
    )
