"""The way in and out: start page, log-in, log-out."""

from aiohttp import web

from edge.access.refusals import NoSession, TooOften, WrongLogin
from webui.admission import begun, own_path
from webui.form import Form, read
from webui.visit import SESSION_COOKIE, Visit

ROUTES = web.RouteTableDef()


@ROUTES.get("/")
async def start(request: web.Request) -> web.Response:
    """Lead to the page that is due."""
    visit = Visit(request)
    if (await visit.edge.setup_state()).setup == "needed":
        raise web.HTTPSeeOther("/setup")
    try:
        await visit.edge.whoami()
    except NoSession:
        raise web.HTTPSeeOther("/login") from None
    raise web.HTTPSeeOther("/status")


@ROUTES.get("/login")
async def page(request: web.Request) -> web.Response:
    visit = Visit(request)
    setup = await visit.edge.setup_state()
    if setup.setup == "needed":
        raise web.HTTPSeeOther("/setup")
    return _page(visit, Form(), setup.setup == "reopened", 200)


@ROUTES.post("/login")
async def log_in(request: web.Request) -> web.Response:
    visit = Visit(request)
    form = await read(request)
    status = 422
    try:
        opened = await visit.edge.log_in(form["name"], form.exact("password"))
        raise await begun(visit, opened, own_path(form.exact("back")))
    except WrongLogin as refusal:
        form.wrong("password", visit.language.of(refusal.failure.text))
    except TooOften as refusal:
        form.wrong("", visit.language.of(refusal.failure.text))
        status = 429
    return _page(visit, form, reopened=False, status=status)


def _page(visit: Visit, form: Form, reopened: bool, status: int) -> web.Response:  # noqa: FBT001
    back = own_path(form.exact("back") or visit.request.query.get("back", "/"))
    return visit.page("login.html", status=status, form=form, back=back, reopened=reopened)


@ROUTES.post("/logout")
async def log_out(request: web.Request) -> web.Response:
    await Visit(request).edge.log_out()
    answer = web.HTTPSeeOther("/login")
    answer.del_cookie(SESSION_COOKIE, secure=True, httponly=True, samesite="Strict")
    raise answer
