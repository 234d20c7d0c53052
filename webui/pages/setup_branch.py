"""Setup, step 3 and 4: the branch with its language and time zone, and the CRM.

From here on there is a session, and each step can be left and taken up again: what is done is
stored at once, and nothing but that.
"""

from urllib.parse import urlencode
from zoneinfo import available_timezones

from aiohttp import web

from edge.access.refusals import Conflict, Mistakes
from edge.local.settings_records import SiteChange
from edge.local.trial_records import Trial
from webui.form import Form, read
from webui.language import CODES
from webui.pages.crms import blank, destination_change, free_name
from webui.pages.devices import named, took
from webui.pages.language import remember
from webui.pages.live_parts import drawn
from webui.pages.setup import step_page
from webui.pages.status import shown as status_shown
from webui.visit import Visit

ROUTES = web.RouteTableDef()
TRY_SECONDS = 10.0
REGIONS = (
    "Asia/",
    "Africa/",
    "America/",
    "Atlantic/",
    "Australia/",
    "Europe/",
    "Indian/",
    "Pacific/",
)


@ROUTES.get("/setup/branch")
async def branch_page(request: web.Request) -> web.Response:
    visit = Visit(request)
    settings = await visit.edge.settings()
    form = Form(
        {
            "name": settings.name,
            "timezone": settings.timezone,
            "language": visit.language.code,
            "revision": settings.revision,
        }
    )
    return step_page(visit, "branch", form, zones=zones())


@ROUTES.post("/setup/branch")
async def branch(request: web.Request) -> web.Response:
    visit = Visit(request)
    form = await read(request)
    change = SiteChange(
        revision=form["revision"], name=form.written("name"), timezone=form["timezone"]
    )
    try:
        await visit.edge.change_site(change)
    except (Mistakes, Conflict) as refusal:
        took(visit, form, refusal)
        return step_page(visit, "branch", form, 422, zones=zones())
    visit.house.zone.forget()
    answer = web.HTTPSeeOther("/setup/crm")
    if form["language"] in CODES:
        remember(answer, form["language"])
    raise answer


@ROUTES.get("/setup/crm")
async def crm_page(request: web.Request) -> web.Response:
    """The form for a first CRM, or how the one that is there does."""
    visit = Visit(request)
    forms, settings = await visit.edge.forms(), await visit.edge.settings()
    kind = named(forms.kinds, request.query.get("kind", forms.kinds[0].name))
    form = Form({"name": free_name(settings), "revision": settings.revision} | blank(forms, kind))
    return await _crm_page(visit, form, kind.name)


@ROUTES.post("/setup/crm")
async def crm(request: web.Request) -> web.Response:
    visit = Visit(request)
    form = await read(request)
    forms = await visit.edge.forms()
    kind = named(forms.kinds, form["kind"])
    try:
        await visit.edge.add_destination(destination_change(form, form["name"], forms, kind))
    except (Mistakes, Conflict) as refusal:
        took(visit, form, refusal)
        return await _crm_page(visit, form, kind.name, 422)
    raise web.HTTPSeeOther(f"/setup/crm?{urlencode({'try': form['name']})}")


@ROUTES.get("/setup/crm/live")
async def crm_live(request: web.Request) -> web.StreamResponse:
    visit = Visit(request)

    async def draw() -> str:
        return visit.piece("setup_crm_part.html", seen=status_shown(await visit.edge.status()))

    return await visit.serve(drawn(visit, draw))


async def _crm_page(visit: Visit, form: Form, kind: str, status: int = 200) -> web.Response:
    forms = await visit.edge.forms()
    return step_page(
        visit,
        "crm",
        form,
        status,
        forms=forms,
        kind=named(forms.kinds, kind),
        trial=await _tried(visit),
        seen=status_shown(await visit.edge.status()),
        adding=status != 200 or "kind" in visit.request.query,
    )


async def _tried(visit: Visit) -> Trial | None:
    """Of the CRM that was just added: the page comes with what was found."""
    name = visit.request.query.get("try")
    if not name:
        return None
    return await visit.edge.test_destination(name, TRY_SECONDS)


def zones() -> list[tuple[str, str]]:
    """All time zones in which people live, for a choice."""
    return [(zone, zone) for zone in sorted(available_timezones()) if zone.startswith(REGIONS)]
