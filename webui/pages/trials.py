"""Tests of a device or CRM, step by step: pressed on its page, told below the button.

Without scripts the steps come as a page of their own. A device is listened to for ten seconds; the
browser waits, since nothing is known before.
"""

from aiohttp import web

from edge.local.trial_records import Trial
from webui.page import html
from webui.visit import Visit

ROUTES = web.RouteTableDef()


@ROUTES.post("/devices/{key}/test")
async def device(request: web.Request) -> web.Response:
    visit = Visit(request)
    key = request.match_info["key"]
    return _told(visit, await visit.edge.test_device(key), f"/devices/{key}/test", "/devices")


@ROUTES.post("/queue/{name}/test")
async def crm(request: web.Request) -> web.Response:
    visit = Visit(request)
    name = request.match_info["name"]
    return _told(visit, await visit.edge.test_destination(name), f"/queue/{name}/test", "/queue")


def _told(visit: Visit, trial: Trial, again: str, back: str) -> web.Response:
    if "HX-Request" in visit.request.headers:
        return html(visit.piece("trial_part.html", trial=trial, again=again))
    return visit.page("trial.html", trial=trial, again=again, back=back)
