"""Who may see a page at all: everybody the log-in, setup and static files, a session the rest.

What is open is listed here and nowhere else. What a session may do, the edge decides request by
request; this middleware only asks it whose session it is.
"""

import asyncio
from contextlib import suppress
from urllib.parse import quote

from aiohttp import web
from aiohttp.typedefs import Handler

from edge.access.records import Opened, Whoami
from edge.access.refusals import NoSession
from edge.local.client import NotAnswering, NotRunning
from webui.answering import let_stay
from webui.form import Form
from webui.guard import SAFE
from webui.visit import SESSION_COOKIE, WHO, ZONE, Visit

PATIENCE_SECONDS = 15.0
LOOK_SECONDS = 0.25
OPEN = frozenset(
    {
        "/",
        "/static/{name}",
        "/language",
        "/login",
        "/setup",
        "/setup/password",
    }
)


@web.middleware
async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let in who has a session; lead everybody else to the log-in."""
    resource = request.match_info.route.resource
    if resource is not None and resource.canonical not in OPEN:
        visit = Visit(request)
        try:
            request[WHO] = await _who(visit)
            let_stay(request)
            request[ZONE] = await visit.house.zone.of(visit.edge)
        except NoSession:
            return to_log_in(request)
    return await handler(request)


async def _who(visit: Visit) -> Whoami:
    """Whose session it is. A form that was sent while the edge restarts waits for it a while."""
    patience = 0.0 if visit.request.method in SAFE else PATIENCE_SECONDS
    end = asyncio.get_running_loop().time() + patience
    while True:
        try:
            return await visit.edge.whoami()
        except (NotRunning, NotAnswering):
            if asyncio.get_running_loop().time() >= end:
                raise
            await asyncio.sleep(LOOK_SECONDS)


def to_log_in(request: web.Request) -> web.Response:
    """A page leads to the log-in and back. Raises HTTPUnauthorized for what a script asks for."""
    if "HX-Request" in request.headers or "text/html" not in request.headers.get("Accept", ""):
        raise web.HTTPUnauthorized
    back = request.path_qs if request.method in SAFE else "/"
    answer = web.Response(status=303)
    answer.headers["Location"] = f"/login?back={quote(back, safe='')}"
    return answer


def own_path(text: str) -> str:
    """A path of this page to go back to; anything else is the start page."""
    is_own = text.startswith("/") and not text.startswith(("//", "/\\"))
    return text if is_own and text.isprintable() else "/"


def back_or(form: Form, home: str, done: str = "") -> str:
    """Where a form leads: to the step of the setup it was opened from, else to its own place."""
    back = own_path(form.exact("back"))
    return back if back != "/" else f"{home}{done}"


async def begun(visit: Visit, opened: Opened, to: str) -> web.HTTPSeeOther:
    """Go on with a session that just began; the one that the browser had before ends."""
    if visit.token:
        with suppress(NoSession):
            await visit.edge.log_out()
    answer = web.HTTPSeeOther(to)
    answer.set_cookie(SESSION_COOKIE, opened.token, secure=True, httponly=True, samesite="Strict")
    return answer
