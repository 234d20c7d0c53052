"""Setup, step 5: the devices, and one call on each line, shown as it is understood."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

from aiohttp import web

from edge.local.calls_records import CallQuery, CallRow
from webui.form import Form
from webui.live import Message
from webui.pages.live_parts import when_changed
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
    return await visit.serve(_news(visit))


async def _news(visit: Visit) -> AsyncGenerator[Message, None]:
    async for _ in when_changed(visit):
        yield Message(visit.piece("setup_devices_part.html", heard=await _heard(visit)))


async def _heard(visit: Visit) -> Heard:
    return Heard(
        status_shown(await visit.edge.status()),
        (await visit.edge.calls(CallQuery(most=MOST_CALLS))).calls,
    )
