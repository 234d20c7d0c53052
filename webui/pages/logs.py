"""Logs and diagnostics: the health checks, the edge's own log, and the bundle for support."""

from datetime import UTC, datetime

from aiohttp import web

from webui.visit import Visit

ROUTES = web.RouteTableDef()
LINES = 300


@ROUTES.get("/logs")
async def page(request: web.Request) -> web.Response:
    visit = Visit(request)
    return visit.page(
        "logs.html", lines=await visit.edge.log(LINES), report=await visit.edge.checks()
    )


@ROUTES.get("/logs/bundle")
async def bundle(request: web.Request) -> web.Response:
    """Redacted by the edge; the browser saves it, and never shows it."""
    body = await Visit(request).edge.support_bundle()
    name = f"payvand-support-{datetime.now(UTC):%Y-%m-%d-%H%M}.zip"
    return web.Response(
        body=body,
        content_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
