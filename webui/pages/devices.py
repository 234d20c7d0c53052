"""Devices: which there are, and the settings of each, drawn from its driver's own form.

/devices   /devices/new?driver=panasonic&link=serial   /devices/KEY   /devices/KEY/remove
"""

from aiohttp import web
from msgspec.structs import replace

from edge.access.refusals import Conflict, Mistakes
from edge.local import settings_records as records
from edge.local.settings_records import (
    DeviceChange,
    DeviceShown,
    Field,
    Forms,
    SettingsShown,
)
from webui import settings_form
from webui.admission import back_or
from webui.digits import whole
from webui.form import Form, read
from webui.pages.status import shown as status_shown
from webui.visit import Visit

ROUTES = web.RouteTableDef()
SETTINGS, LINK, FEEDS = "settings.", "link.", "feeds."


@ROUTES.get("/devices")
async def page(request: web.Request) -> web.Response:
    visit = Visit(request)
    arranges = visit.may("arrange")
    return visit.page(
        "devices.html",
        seen=status_shown(await visit.edge.status()),
        forms=await visit.edge.forms() if arranges else None,
        done=request.query.get("done", ""),
    )


@ROUTES.get("/devices/new")
async def new_page(request: web.Request) -> web.Response:
    visit = Visit(request)
    forms, settings = await visit.edge.forms(), await visit.edge.settings()
    driver = named(forms.drivers, request.query.get("driver", forms.drivers[0].name))
    link = named(forms.links, request.query.get("link", forms.links[0].name))
    form = Form(
        {"key": _free_key(driver.name, settings), "back": request.query.get("back", "")}
        | settings_form.defaults(link.fields, LINK)
        | settings_form.defaults(driver.fields, SETTINGS)
        | {name: text for name, text in request.query.items() if name.startswith((LINK, SETTINGS))}
    )
    return _form_page(visit, form, forms, driver, link, settings.revision)


@ROUTES.post("/devices/new")
async def add(request: web.Request) -> web.Response:
    visit = Visit(request)
    form = await read(request)
    forms = await visit.edge.forms()
    driver, link = named(forms.drivers, form["driver"]), named(forms.links, form["link"])
    change = device_change(form, form["key"], driver, link)
    try:
        await visit.edge.add_device(change)
    except (Mistakes, Conflict) as refusal:
        took(visit, form, refusal)
        revision = (await visit.edge.settings()).revision
        return _form_page(visit, form, forms, driver, link, revision, status=422)
    raise web.HTTPSeeOther(back_or(form, "/devices", "?done=added"))


@ROUTES.get("/devices/{key}")
async def device_page(request: web.Request) -> web.Response:
    visit = Visit(request)
    forms, settings = await visit.edge.forms(), await visit.edge.settings()
    device = _device(settings, request.match_info["key"])
    driver = named(forms.drivers, device.driver)
    present = next(form.name for form in forms.links if form.name in device.link)
    link = named(forms.links, request.query.get("link", present))
    form = Form(
        {"back": request.query.get("back", "")}
        | settings_form.defaults(link.fields, LINK)
        | settings_form.shown(device.link, link.fields, LINK)
        | settings_form.defaults(driver.fields, SETTINGS)
        | settings_form.shown(device.settings, driver.fields, SETTINGS)
        | settings_form.shown(device.feeds, forms.feeds.fields, FEEDS)
    )
    return _form_page(
        visit,
        form,
        forms,
        driver,
        link,
        settings.revision,
        device,
        fed=_fed(forms, settings, device),
    )


@ROUTES.post("/devices/{key}")
async def change(request: web.Request) -> web.Response:
    visit = Visit(request)
    form = await read(request)
    forms, settings = await visit.edge.forms(), await visit.edge.settings()
    device = _device(settings, request.match_info["key"])
    driver, link = named(forms.drivers, device.driver), named(forms.links, form["link"])
    fed = _fed(forms, settings, device)
    change = replace(
        device_change(form, device.key, driver, link),
        commands=device.commands,
        feeds=settings_form.values(form, fed, FEEDS),
    )
    try:
        await visit.edge.change_device(change)
    except (Mistakes, Conflict) as refusal:
        took(visit, form, refusal)
        return _form_page(
            visit, form, forms, driver, link, settings.revision, device, fed=fed, status=422
        )
    raise web.HTTPSeeOther(back_or(form, "/devices", "?done=changed"))


@ROUTES.post("/devices/{key}/remove")
async def remove(request: web.Request) -> web.Response:
    visit = Visit(request)
    form = await read(request)
    await visit.edge.remove_device(request.match_info["key"], form["revision"])
    raise web.HTTPSeeOther("/devices?done=removed")


def device_change(form: Form, key: str, driver: records.Form, link: records.Form) -> DeviceChange:
    """What the form says, as the edge takes it."""
    wire = settings_form.values(form, link.fields, LINK)
    if isinstance(typed := wire.get("baud"), str) and (baud := whole(typed)) is not None:
        wire["baud"] = baud
    return DeviceChange(
        revision=form["revision"],
        key=key,
        driver=driver.name,
        link=wire,
        settings=settings_form.values(form, driver.fields, SETTINGS),
    )


def took(visit: Visit, form: Form, refusal: Mistakes | Conflict) -> None:
    """Put what the edge says beside the form's fields."""
    if isinstance(refusal, Mistakes):
        form.refused(refusal, visit.language, ("key", "name"))
    else:
        form.wrong("", visit.language.of(refusal.failure.text))


def _form_page(  # noqa: PLR0913 - what the form consists of
    visit: Visit,
    form: Form,
    forms: Forms,
    driver: records.Form,
    link: records.Form,
    revision: str,
    device: DeviceShown | None = None,
    *,
    fed: tuple[Field, ...] = (),
    status: int = 200,
) -> web.Response:
    return visit.page(
        "device.html",
        status=status,
        form=form,
        forms=forms,
        driver=driver,
        link=link,
        revision=revision,
        device=device,
        fed=fed,
        back=back_or(form, "/devices"),
    )


def named(forms: tuple[records.Form, ...], name: str) -> records.Form:
    """The form of that name. Raises HTTPNotFound."""
    found = next((form for form in forms if form.name == name), None)
    if found is None:
        raise web.HTTPNotFound
    return found


def _device(settings: SettingsShown, key: str) -> DeviceShown:
    found = next((device for device in settings.devices if device.key == key), None)
    if found is None:
        raise web.HTTPNotFound
    return found


def _fed(forms: Forms, settings: SettingsShown, device: DeviceShown) -> tuple[Field, ...]:
    """The fields of where a device's lines go on to: one of the others, or none."""
    others = tuple(each.key for each in settings.devices if each.key != device.key)
    exchange, lines = forms.feeds.fields
    if not others:
        return ()
    return replace(exchange, choices=others, optional=True), replace(lines, optional=True)


def _free_key(driver: str, settings: SettingsShown) -> str:
    """A name that no device has yet."""
    taken = {device.key for device in settings.devices}
    stem = {"panasonic": "pbx"}.get(driver, driver)
    return next(key for key in (f"{stem}{number}" for number in range(1, 999)) if key not in taken)
