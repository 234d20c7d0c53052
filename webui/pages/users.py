"""Users and security: one's own password and sessions; for an administrator users and the log.

Each form posts to a path of its own and comes back here, with its mistakes or done.
"""

from aiohttp import web

from edge.access.records import ChangedUser, NewUser
from edge.access.refusals import Mistakes, TooOften
from edge.access.roles import ROLES, Role
from webui.confirming import confirmed
from webui.form import Form, read
from webui.visit import Visit

ROUTES = web.RouteTableDef()
AUDIT_LINES = 500


@ROUTES.get("/users")
async def page(request: web.Request) -> web.Response:
    return await _page(Visit(request))


@ROUTES.post("/users/password")
async def change_password(request: web.Request) -> web.Response:
    visit = Visit(request)
    form = await read(request)
    typed = (form.exact(name) for name in ("old", "password", "again"))
    try:
        await visit.edge.change_password(*typed)
        raise web.HTTPSeeOther("/users?done=password")
    except Mistakes as refusal:
        form.refused(refusal, visit.language, {"old", "password", "again"})
    except TooOften as refusal:
        form.wrong("old", visit.language.of(refusal.failure.text))
    return await _page(visit, own=form)


@ROUTES.post("/users")
async def add(request: web.Request) -> web.StreamResponse:
    visit = Visit(request)
    form = await read(request)
    role: Role = next((each for each in ROLES if each == form["role"]), "viewer")

    async def work() -> web.Response:
        await visit.edge.add_user(NewUser(form.written("name"), form.exact("password"), role))
        raise web.HTTPSeeOther("/users?done=added")

    return await confirmed(visit, form, work) or await _page(visit, new=form)


@ROUTES.get("/users/{name}/change")
async def user_page(request: web.Request) -> web.Response:
    return await _user_page(Visit(request), Form())


@ROUTES.post("/users/{name}/change")
async def change(request: web.Request) -> web.StreamResponse:
    """Another role, another password, or both."""
    visit = Visit(request)
    form = await read(request)
    name = request.match_info["name"]
    role = next((each for each in ROLES if each == form["role"]), None)

    async def work() -> web.Response:
        password = form.exact("password") or None
        await visit.edge.change_user(name, ChangedUser(role=role, password=password))
        raise web.HTTPSeeOther("/users?done=changed")

    return await confirmed(visit, form, work) or await _user_page(visit, form)


@ROUTES.post("/users/{name}/remove")
async def remove(request: web.Request) -> web.StreamResponse:
    visit = Visit(request)
    form = await read(request)

    async def work() -> web.Response:
        await visit.edge.remove_user(request.match_info["name"])
        raise web.HTTPSeeOther("/users?done=removed")

    return await confirmed(visit, form, work) or await _user_page(visit, Form(), form)


@ROUTES.post("/users/sessions/{id}/end")
async def end_session(request: web.Request) -> web.Response:
    await Visit(request).edge.end_session(request.match_info["id"])
    raise web.HTTPSeeOther("/users?done=ended")


@ROUTES.get("/users/audit")
async def audit(request: web.Request) -> web.Response:
    visit = Visit(request)
    return visit.page("audit.html", entries=await visit.edge.audit(AUDIT_LINES))


async def _page(visit: Visit, own: Form | None = None, new: Form | None = None) -> web.Response:
    governs = visit.may("govern")
    return visit.page(
        "users.html",
        status=422 if own or new else 200,
        own=own or Form(),
        new=new or Form(),
        sessions=await visit.edge.sessions(),
        users=await visit.edge.users() if governs else (),
        roles=ROLES,
        done=visit.request.query.get("done", ""),
    )


async def _user_page(visit: Visit, form: Form, removing: Form | None = None) -> web.Response:
    name = visit.request.match_info["name"]
    user = next((each for each in await visit.edge.users() if each.name == name), None)
    if user is None:
        raise web.HTTPNotFound
    return visit.page(
        "user.html",
        status=422 if form.mistakes or removing else 200,
        form=form,
        removing=removing or Form(),
        user=user,
        roles=ROLES,
    )
