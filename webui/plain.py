"""What plain http gets: the way to https, the browser's warning explained, the key's fingerprint.

Nothing else is served there: a browser would keep no cookie, and anybody on the line could read.
"""

from collections.abc import Collection

from aiohttp import web

from webui.answering import attended
from webui.guard import dress, gate
from webui.idle import Idle
from webui.static_files import PREFIX
from webui.visit import HOUSE, House, Visit

DEFAULT_PORT = 443


def application(house: House, names: Collection[str], idle: Idle, port: int) -> web.Application:
    """One page under every path. port: where https is."""

    async def explain(request: web.Request) -> web.Response:
        host = request.url.host or ""
        shown = f"[{host}]" if ":" in host else host
        there = f"https://{shown}" + ("" if port == DEFAULT_PORT else f":{port}")
        return Visit(request).page("plain.html", there=there)

    app = web.Application(middlewares=[attended, gate(names, idle)])
    app[HOUSE] = house
    app.on_response_prepare.append(dress)
    app.router.add_get(PREFIX + "{name}", house.files.answer)
    app.router.add_get("/{path:.*}", explain)
    return app
