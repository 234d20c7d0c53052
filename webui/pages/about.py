"""About and privacy: what this is, and every field that leaves the box."""

from aiohttp import web

from edge.version import VERSION
from webui.visit import Visit

ROUTES = web.RouteTableDef()


@ROUTES.get("/about")
async def page(request: web.Request) -> web.Response:
    visit = Visit(request)
    return visit.page(
        "about.html",
        privacy=await visit.edge.privacy(),
        box=await visit.edge.status(),
        version=VERSION,
    )
