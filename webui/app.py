"""The web application: its parts, its gates from the outside in, and its routes."""

from collections.abc import Collection

from aiohttp import web

from edge.local.client import Client
from webui.admission import admit
from webui.errors import error_pages
from webui.guard import dress, gate
from webui.idle import Idle
from webui.language import catalogue
from webui.live import Streams
from webui.page import environment
from webui.pages import (
    calls,
    commands,
    crms,
    devices,
    language,
    login,
    report,
    setup,
    setup_branch,
    setup_devices,
    setup_names,
    status,
    trials,
    users,
)
from webui.static_files import PREFIX, StaticFiles
from webui.visit import HOUSE, House
from webui.zone import Zone

PAGES = (
    calls,
    commands,
    crms,
    devices,
    language,
    login,
    report,
    setup,
    setup_branch,
    setup_devices,
    setup_names,
    status,
    trials,
    users,
)
MOST_BODY = 256 * 1024
"""Bytes of a form. What is uploaded as a file is streamed, and has a limit of its own."""


def application(
    edge: Client, names: Collection[str], fingerprint: str, idle: Idle
) -> web.Application:
    """Everything that is served over https. names: by which browsers may call this box."""
    app = web.Application(
        middlewares=[error_pages, gate(names, idle), admit], client_max_size=MOST_BODY
    )
    files = StaticFiles()
    app[HOUSE] = House(edge, catalogue(), environment(), files, Streams(), fingerprint, Zone())
    app.on_response_prepare.append(dress)
    app.router.add_get(PREFIX + "{name}", files.answer)
    for page in PAGES:
        app.router.add_routes(page.ROUTES)
    return app
