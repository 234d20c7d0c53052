"""Commands: the last orders that CRMs gave, and what became of each."""

from aiohttp import web

from webui.visit import Visit

ROUTES = web.RouteTableDef()


@ROUTES.get("/commands")
async def page(request: web.Request) -> web.Response:
    visit = Visit(request)
    allowed = {
        device.key: device.commands
        for device in (await visit.edge.settings()).devices
        if device.commands
    }
    return visit.page("commands.html", given=await visit.edge.commands(), allowed=allowed)
