"""Queue and CRM: what waits for each CRM, and the settings of each.

/queue   /queue/new?kind=link   /queue/NAME   /queue/NAME/remove
"""

from aiohttp import web

from edge.local import settings_records as records
from edge.local.calls_records import Sent
from edge.local.settings_records import (
    DestinationChange,
    DestinationShown,
    Forms,
    SettingsShown,
    Values,
)
from webui import settings_form
from webui.admission import back_or
from webui.confirming import confirmed
from webui.digits import whole
from webui.form import Form, read, texts
from webui.pages.devices import named
from webui.pages.status import shown as status_shown
from webui.visit import Visit

ROUTES = web.RouteTableDef()
SETTINGS = "settings."
FIRST_NAME = "crm"


@ROUTES.get("/queue")
async def page(request: web.Request) -> web.Response:
    return await _page(Visit(request))


@ROUTES.post("/queue/{name}/parked")
async def parked(request: web.Request) -> web.Response:
    """Send the chosen events again, or do without them; what became of each is told."""
    visit = Visit(request)
    name = request.match_info["name"]
    form = await texts(request)
    chosen = (whole(each) for each in form.getall("sequence", []))
    sequences = [sequence for sequence in chosen if sequence]
    if form.get("do") == "drop":
        await visit.edge.drop_parked(name, *sequences)
        raise web.HTTPSeeOther("/queue?done=dropped")
    return await _page(visit, (name, await visit.edge.send_again(name, *sequences)))


async def _page(visit: Visit, sent: tuple[str, tuple[Sent, ...]] | None = None) -> web.Response:
    status = await visit.edge.status()
    return visit.page(
        "queue.html",
        seen=status_shown(status),
        parked=[
            (each.name, await visit.edge.parked(each.name))
            for each in status.destinations
            if each.parked or (sent and sent[0] == each.name)
        ],
        queues={each.name: each for each in await visit.edge.queues()},
        sent=sent,
        forms=await visit.edge.forms() if visit.may("arrange") else None,
        done=visit.request.query.get("done", ""),
    )


@ROUTES.get("/queue/new")
async def new_page(request: web.Request) -> web.Response:
    visit = Visit(request)
    forms, settings = await visit.edge.forms(), await visit.edge.settings()
    kind = named(forms.kinds, request.query.get("kind", forms.kinds[0].name))
    form = Form({"name": free_name(settings)} | blank(forms, kind))
    return _form_page(visit, form, forms, kind, settings.revision)


@ROUTES.post("/queue/new")
async def add(request: web.Request) -> web.StreamResponse:
    visit = Visit(request)
    form = await read(request)
    forms = await visit.edge.forms()
    kind = named(forms.kinds, form["kind"])

    async def work() -> web.Response:
        await visit.edge.add_destination(destination_change(form, form["name"], forms, kind))
        raise web.HTTPSeeOther("/queue?done=added")

    revision = (await visit.edge.settings()).revision
    return await confirmed(visit, form, work, "name") or _form_page(
        visit, form, forms, kind, revision, status=422
    )


@ROUTES.get("/queue/{name}")
async def crm_page(request: web.Request) -> web.Response:
    return await _crm_page(Visit(request))


async def _crm_page(visit: Visit, removing: Form | None = None) -> web.Response:
    forms, settings = await visit.edge.forms(), await visit.edge.settings()
    crm = _crm(settings, visit.request.match_info["name"])
    kind = named(forms.kinds, crm.kind)
    form = Form(
        {"back": visit.request.query.get("back", "")}
        | blank(forms, kind)
        | settings_form.shown(crm.settings, kind.fields, SETTINGS)
        | {
            name: text
            for part in forms.parts
            for name, text in settings_form.shown(
                _part(crm, part.name), part.fields, f"{part.name}."
            ).items()
        }
    )
    return _form_page(visit, form, forms, kind, settings.revision, crm, removing=removing)


@ROUTES.post("/queue/{name}")
async def change(request: web.Request) -> web.StreamResponse:
    visit = Visit(request)
    form = await read(request)
    forms, settings = await visit.edge.forms(), await visit.edge.settings()
    crm = _crm(settings, request.match_info["name"])
    kind = named(forms.kinds, crm.kind)

    async def work() -> web.Response:
        await visit.edge.change_destination(destination_change(form, crm.name, forms, kind))
        raise web.HTTPSeeOther(back_or(form, "/queue", "?done=changed"))

    return await confirmed(visit, form, work, "name") or _form_page(
        visit, form, forms, kind, settings.revision, crm, status=422
    )


@ROUTES.post("/queue/{name}/remove")
async def remove(request: web.Request) -> web.StreamResponse:
    visit = Visit(request)
    form = await read(request)
    name = request.match_info["name"]

    async def work() -> web.Response:
        await visit.edge.remove_destination(name, form["revision"])
        raise web.HTTPSeeOther("/queue?done=removed")

    return await confirmed(visit, form, work) or await _crm_page(visit, removing=form)


def destination_change(
    form: Form, name: str, forms: Forms, kind: records.Form
) -> DestinationChange:
    """What the form says, as the edge takes it."""
    parts = {
        part.name: {
            field: value
            for field, value in settings_form.values(form, part.fields, f"{part.name}.").items()
            if value is not False and value not in ([], {})  # 0 is a mistake to be told
        }
        for part in forms.parts
    }
    return DestinationChange(
        revision=form["revision"],
        name=name,
        kind=kind.name,
        settings=settings_form.values(form, kind.fields, SETTINGS),
        forwarding=parts.get("forwarding", {}),
        connection=parts.get("connection", {}),
        wanted=parts.get("wanted", {}),
    )


def blank(forms: Forms, kind: records.Form) -> dict[str, str]:
    """The fields of a CRM that is new."""
    found = settings_form.defaults(kind.fields, SETTINGS)
    for part in forms.parts:
        found |= settings_form.defaults(part.fields, f"{part.name}.")
    return found


def free_name(settings: SettingsShown) -> str:
    taken = {each.name for each in settings.destinations}
    names = (FIRST_NAME, *(f"{FIRST_NAME}{number}" for number in range(2, 999)))
    return next(name for name in names if name not in taken)


def _form_page(  # noqa: PLR0913 - what the form consists of
    visit: Visit,
    form: Form,
    forms: Forms,
    kind: records.Form,
    revision: str,
    crm: DestinationShown | None = None,
    *,
    status: int = 200,
    removing: Form | None = None,
) -> web.Response:
    return visit.page(
        "crm.html",
        status=422 if removing else status,
        form=form,
        removing=removing or Form(),
        forms=forms,
        kind=kind,
        revision=revision,
        crm=crm,
        back=back_or(form, "/queue"),
    )


def _part(crm: DestinationShown, name: str) -> Values:
    found: Values = getattr(crm, name)
    return found


def _crm(settings: SettingsShown, name: str) -> DestinationShown:
    found = next((each for each in settings.destinations if each.name == name), None)
    if found is None:
        raise web.HTTPNotFound
    return found
