"""Calls: the last thousand as the box knows them, and one call's story.

    /calls?text=0912&direction=incoming&since=1405/09/01&page=2      /calls/9f3b12aa-7

The list is live: drawn anew when an event was stored.
"""

from datetime import date
from typing import Literal, get_args
from urllib.parse import urlencode

from aiohttp import web

from edge.access.refusals import Mistakes
from edge.local.calls_records import CallPage, CallQuery
from webui.dates import parsed_day
from webui.digits import whole
from webui.form import Form
from webui.pages.live_parts import drawn
from webui.visit import Visit

ROUTES = web.RouteTableDef()
PAGE = 50
LAST_PAGE = 999
Direction = Literal["incoming", "outgoing", "internal"]
Outcome = Literal["answered", "missed", "busy", "failed", "unanswered", "unknown"]
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


@ROUTES.get("/calls")
async def page(request: web.Request) -> web.Response:
    visit = Visit(request)
    form = _filters(request)
    query = _query(visit, form)
    found = await _find(visit, query, form)
    return visit.page(
        "calls.html",
        status=422 if form.mistakes else 200,
        form=form,
        live=f"/calls/live?{request.query_string}",
        devices=(await visit.edge.settings()).devices,
        directions=DIRECTIONS,
        outcomes=OUTCOMES,
        **_listed(form, query, found),
    )


@ROUTES.get("/calls/live")
async def live(request: web.Request) -> web.StreamResponse:
    visit = Visit(request)
    form = _filters(request)
    query = _query(visit, form)

    async def draw() -> str:
        found = await _find(visit, query, form)
        return visit.piece("calls_part.html", **_listed(form, query, found))

    return await visit.serve(drawn(visit, draw))


@ROUTES.get("/calls/{id}")
async def story(request: web.Request) -> web.Response:
    visit = Visit(request)
    return visit.page("call.html", story=await visit.edge.call(request.match_info["id"]))


def _listed(form: Form, query: CallQuery, found: CallPage) -> dict[str, object]:
    number = query.skip // PAGE + 1
    return {
        "found": found,
        "filtered": any(form[name] for name in form.values if name != "page"),
        "number": number,
        "newer": _address(form, number - 1) if number > 1 else None,
        "older": _address(form, number + 1) if query.skip + PAGE < found.found else None,
    }


def _address(form: Form, number: int) -> str:
    kept = {name: text for name, text in form.values.items() if text and name != "page"}
    return f"/calls?{urlencode(kept | {'page': str(number)})}"


async def _find(visit: Visit, query: CallQuery, form: Form) -> CallPage:
    try:
        return await visit.edge.calls(query)
    except Mistakes as refusal:
        form.refused(refusal, visit.language)
        return CallPage(calls=(), found=0, reach=0)


def _filters(request: web.Request) -> Form:
    names = ("text", "direction", "outcome", "device", "extension", "since", "until", "page")
    return Form({name: request.query.get(name, "") for name in names})


def _query(visit: Visit, form: Form) -> CallQuery:
    number = min(whole(form["page"]) or 1, LAST_PAGE)
    return CallQuery(
        text=form["text"],
        direction=next((each for each in DIRECTIONS if each == form["direction"]), None),
        outcome=next((each for each in OUTCOMES if each == form["outcome"]), None),
        device=form["device"],
        extension=form["extension"],
        since=_day(visit, form, "since"),
        until=_day(visit, form, "until"),
        skip=(number - 1) * PAGE,
        most=PAGE,
    )


def _day(visit: Visit, form: Form, name: str) -> date | None:
    if not form[name]:
        return None
    found = parsed_day(form[name])
    if found is None:
        form.wrong(name, visit.language("calls.no_day"))
    return found
