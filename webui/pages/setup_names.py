"""Setup, step 6: names for the lines and extensions that calls have come by so far."""

from collections import defaultdict

from aiohttp import web

from edge.access.refusals import Conflict, Mistakes
from edge.local.calls_records import CallQuery
from edge.local.settings_records import DeviceChange, DeviceShown
from webui.form import Form, read
from webui.pages.devices import took
from webui.pages.setup import step_page
from webui.visit import Visit

ROUTES = web.RouteTableDef()
LOOK_BACK = 1000
KINDS = ("line", "extension")


@ROUTES.get("/setup/names")
async def page(request: web.Request) -> web.Response:
    return await _page(Visit(request), Form())


@ROUTES.post("/setup/names")
async def save(request: web.Request) -> web.Response:
    visit = Visit(request)
    form = await read(request)
    for device in (await visit.edge.settings()).devices:
        given = {
            f"{kind}_names": _names(form, device, kind)
            for kind in KINDS
            if any(name.startswith(f"{kind}.{device.key}.") for name in form.values)
        }
        if not given:
            continue
        change = DeviceChange(
            revision=(await visit.edge.settings()).revision,
            key=device.key,
            driver=device.driver,
            link=device.link,
            settings=device.settings | given,
            commands=device.commands,
            feeds=device.feeds,
        )
        try:
            await visit.edge.change_device(change)
        except (Mistakes, Conflict) as refusal:
            took(visit, form, refusal)
            return await _page(visit, form, 422)
    await visit.edge.finish_commissioning()
    raise web.HTTPSeeOther("/setup/done")


def _names(form: Form, device: DeviceShown, kind: str) -> dict[str, str]:
    """The names there were, with those of the form; an empty one is taken away."""
    names = dict(device.settings.get(f"{kind}_names", {}))
    prefix = f"{kind}.{device.key}."
    for field in form.values:
        if field.startswith(prefix):
            names[field.removeprefix(prefix)] = form.written(field)
    return {number: name for number, name in names.items() if name}


async def _page(visit: Visit, form: Form, status: int = 200) -> web.Response:
    settings = await visit.edge.settings()
    heard: dict[tuple[str, str], set[str]] = defaultdict(set)
    for call in (await visit.edge.calls(CallQuery(most=LOOK_BACK))).calls:
        for kind, number in (("line", call.line), ("extension", call.extension)):
            if number:
                heard[call.device, kind].add(number)
    values = dict(form.values)
    for device in settings.devices:
        for kind in KINDS:
            for number, name in device.settings.get(f"{kind}_names", {}).items():
                heard[device.key, kind].add(number)
                values.setdefault(f"{kind}.{device.key}.{number}", name)
    form.values = values
    return step_page(
        visit,
        "names",
        form,
        status,
        devices=[each.key for each in settings.devices],
        heard={key: sorted(numbers, key=lambda n: (len(n), n)) for key, numbers in heard.items()},
    )
