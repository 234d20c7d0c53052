"""About and privacy: what this is, what leaves the box, and how long the rest is kept."""

from aiohttp import web

from edge.access.refusals import Conflict, Mistakes
from edge.local.settings_records import SiteChange
from edge.version import VERSION
from webui import settings_form
from webui.form import Form, read
from webui.pages.devices import took
from webui.visit import Visit

ROUTES = web.RouteTableDef()
KEPT = ("history", "wire")
"""What of the box's own settings stands here."""


@ROUTES.get("/about")
async def page(request: web.Request) -> web.Response:
    return await _page(Visit(request))


@ROUTES.post("/about")
async def change(request: web.Request) -> web.Response:
    visit = Visit(request)
    form = await read(request)
    history, wire = [
        settings_form.values(form, part.fields, f"{part.name}.")
        for part in (await visit.edge.forms()).site
        if part.name in KEPT
    ]
    change = SiteChange(
        revision=form["revision"], name=form.written("name"), history=history, wire=wire
    )
    try:
        await visit.edge.change_site(change)
    except (Mistakes, Conflict) as refusal:
        took(visit, form, refusal)
        return await _page(visit, form)
    raise web.HTTPSeeOther("/about?done=changed")


async def _page(visit: Visit, wrong: Form | None = None) -> web.Response:
    settings = await visit.edge.settings()
    parts = [part for part in (await visit.edge.forms()).site if part.name in KEPT]
    values = {"name": settings.name}
    for part, now in zip(parts, (settings.history, settings.wire), strict=True):
        values |= settings_form.shown(now, part.fields, f"{part.name}.")
    return visit.page(
        "about.html",
        status=422 if wrong else 200,
        privacy=await visit.edge.privacy(),
        box=await visit.edge.status(),
        version=VERSION,
        form=wrong or Form(values),
        parts=parts,
        revision=settings.revision,
        done=visit.request.query.get("done", ""),
    )
