"""Time: what the box's clock shows, who vouches for it, the time zone, each device's own clock."""

from aiohttp import web

from edge.access.refusals import Conflict, Mistakes
from edge.local.settings_records import SiteChange
from webui.form import Form, read
from webui.pages.devices import took
from webui.pages.setup_branch import zones
from webui.visit import Visit

ROUTES = web.RouteTableDef()


@ROUTES.get("/time")
async def page(request: web.Request) -> web.Response:
    return await _page(Visit(request), Form())


@ROUTES.post("/time")
async def change(request: web.Request) -> web.Response:
    visit = Visit(request)
    form = await read(request)
    try:
        await visit.edge.change_site(
            SiteChange(revision=form["revision"], timezone=form["timezone"])
        )
    except (Mistakes, Conflict) as refusal:
        took(visit, form, refusal)
        return await _page(visit, form, 422)
    visit.house.zone.forget()
    raise web.HTTPSeeOther("/time?done=changed")


async def _page(visit: Visit, form: Form, status: int = 200) -> web.Response:
    settings = await visit.edge.settings()
    return visit.page(
        "time.html",
        status=status,
        form=form,
        zones=zones(),
        settings=settings,
        box=await visit.edge.status(),
        done=visit.request.query.get("done", ""),
    )
