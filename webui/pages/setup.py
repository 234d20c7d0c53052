"""The first two steps of the setup, which need no session: the label's code, then a password.

/setup  ─code─▶ ticket in a cookie ─▶ /setup/password ─▶ session ─▶ /setup/branch …
"""

from aiohttp import web

from edge.access.refusals import Conflict, Mistakes, NoSession, TooOften, WrongLogin
from webui.admission import begun
from webui.form import Form, read
from webui.visit import Visit, token

ROUTES = web.RouteTableDef()
TICKET_COOKIE = "__Host-payvand-setup"
STEPS = ("code", "password", "branch", "crm", "devices", "names", "done")
OPEN_STEPS = ("branch", "crm", "devices", "names")
"""Each can be opened again, by whoever has set a password."""


@ROUTES.get("/setup")
async def code_page(request: web.Request) -> web.Response:
    visit = Visit(request)
    state = await visit.edge.setup_state()
    if state.setup == "done":
        raise web.HTTPSeeOther("/")
    return step_page(visit, "code", Form())


@ROUTES.post("/setup")
async def give_code(request: web.Request) -> web.Response:
    visit = Visit(request)
    form = await read(request)
    if not form["code"]:
        form.wrong("code", visit.language("setup.code_missing"))
        return step_page(visit, "code", form, 422)
    try:
        ticket = await visit.edge.begin_setup(form["code"])
        answer = web.HTTPSeeOther("/setup/password")
        answer.set_cookie(
            TICKET_COOKIE,
            ticket.token,
            max_age=int(ticket.seconds),
            secure=True,
            httponly=True,
            samesite="Strict",
        )
        raise answer
    except WrongLogin as refusal:
        form.wrong("code", visit.language.of(refusal.failure.text))
    except TooOften as refusal:
        form.wrong("", visit.language.of(refusal.failure.text))
    except Conflict as refusal:
        return visit.page("setup_over.html", status=refusal.status)
    return step_page(visit, "code", form, 422)


@ROUTES.get("/setup/password")
async def password_page(request: web.Request) -> web.Response:
    if not token(request, TICKET_COOKIE):
        raise web.HTTPSeeOther("/setup")
    return step_page(Visit(request), "password", Form())


@ROUTES.post("/setup/password")
async def set_password(request: web.Request) -> web.Response:
    visit = Visit(request)
    form = await read(request)
    try:
        opened = await visit.edge.finish_setup(
            token(request, TICKET_COOKIE),
            form.written("name"),
            form.exact("password"),
            form.exact("again"),
        )
        answer = await begun(visit, opened, "/setup/branch")
        answer.del_cookie(TICKET_COOKIE, secure=True, httponly=True, samesite="Strict")
        raise answer
    except Mistakes as refusal:
        form.refused(refusal, visit.language, {"name", "password", "again"})
    except NoSession:
        raise web.HTTPSeeOther("/setup") from None
    except Conflict as refusal:
        return visit.page("setup_over.html", status=refusal.status)
    return step_page(visit, "password", form, 422)


def step_page(
    visit: Visit, step: str, form: Form, status: int = 200, **parts: object
) -> web.Response:
    """The page of a step, with the way that is behind and ahead."""
    number = STEPS.index(step)
    return visit.page(
        f"setup_{step}.html",
        status=status,
        form=form,
        step=step,
        steps=STEPS,
        ways=OPEN_STEPS if visit.may("arrange") else (),
        back=STEPS[number - 1],
        **parts,
    )
