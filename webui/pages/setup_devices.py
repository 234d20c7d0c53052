"""Setup, step 5: the devices, and one call on each line, shown as it is understood."""

from dataclasses import dataclass

from aiohttp import web

from edge.local.calls_records import CallQuery, CallRow
from webui.form import Form
from webui.pages.live_parts import drawn
from webui.pages.setup import step_page
from webui.pages.status import Shown
from webui.pages.status import shown as status_shown
from webui.visit import Visit

ROUTES = web.RouteTableDef()
MOST_CALLS = 10


@dataclass(frozen=True, slots=True)
class Heard:
    """The devices as they are, and their last calls."""

    seen: Shown
    calls: tuple[CallRow, ...]


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


async def _heard(visit: Visit) -> Heard:
    return Heard(
        status_shown(await visit.edge.status()),
        (await visit.edge.calls(CallQuery(most=MOST_CALLS))).calls,
    )
