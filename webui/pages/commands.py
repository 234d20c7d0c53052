"""Commands: the last orders that CRMs gave, what became of each, and what they may order."""

from aiohttp import web

from edge.access.refusals import Conflict, Mistakes
from edge.local.settings_records import SiteChange
from webui import settings_form
from webui.form import Form, read
from webui.pages.devices import named, took
from webui.visit import Visit

ROUTES = web.RouteTableDef()
BOX = "commands"
"""The form of what a CRM may order the box itself."""


@ROUTES.get("/commands")
async def page(request: web.Request) -> web.Response:
    return await _page(Visit(request))


@ROUTES.post("/commands")
async def change(request: web.Request) -> web.Response:
    visit = Visit(request)
    form = await read(request)
    box = named((await visit.edge.forms()).site, BOX)
    commands = settings_form.values(form, box.fields, f"{BOX}.")
    try:
        await visit.edge.change_site(SiteChange(revision=form["revision"], commands=commands))
    except (Mistakes, Conflict) as refusal:
        took(visit, form, refusal)
        return await _page(visit, form)
    raise web.HTTPSeeOther("/commands?done=changed")


async def _page(visit: Visit, wrong: Form | None = None) -> web.Response:
    settings = await visit.edge.settings()
    box = named((await visit.edge.forms()).site, BOX)
    return visit.page(
        "commands.html",
        status=422 if wrong else 200,
        given=await visit.edge.commands(),
        allowed={each.key: each.commands for each in settings.devices if each.commands},
        form=wrong or Form(settings_form.shown(settings.commands, box.fields, f"{BOX}.")),
        box=box,
        revision=settings.revision,
        done=visit.request.query.get("done", ""),
    )
