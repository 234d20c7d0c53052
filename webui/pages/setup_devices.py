"""Setup, step 5: the devices, and one call on each line, shown as it is understood."""

from dataclasses import dataclass

from aiohttp import web

from edge.local.calls_records import CallQuery, CallRow
from webui.form import Form, read
from webui.pages.live_parts import drawn
from webui.pages.setup import step_page
from webui.pages.status import Shown
from webui.pages.status import shown as status_shown
from webui.visit import Visit

ROUTES = web.RouteTableDef()
MOST_CALLS = 10


@dataclass(frozen=True, slots=True)
class Heard:
    """The devices as they are, their last calls, and the lines that somebody said work."""

    seen: Shown
    calls: tuple[CallRow, ...]
    proved: frozenset[tuple[str, str]]


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
