"""The visitor's language: a cookie that says nothing else."""

from aiohttp import web

from webui.admission import own_path
from webui.form import read
from webui.language import CODES
from webui.visit import LANGUAGE_COOKIE

ROUTES = web.RouteTableDef()
_YEAR = 365 * 86400


@ROUTES.post("/language")
async def choose(request: web.Request) -> web.Response:
    form = await read(request)
    code = form["language"]
    if code not in CODES:
        raise web.HTTPBadRequest
    answer = web.HTTPSeeOther(own_path(form.exact("back")))
    remember(answer, code)
    raise answer


def remember(answer: web.HTTPSeeOther, code: str) -> None:
    """From this answer on the visitor reads this language."""
    answer.set_cookie(
        LANGUAGE_COOKIE, code, max_age=_YEAR, secure=True, httponly=True, samesite="Strict"
    )
