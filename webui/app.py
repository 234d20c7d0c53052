"""The web application: its parts, its gates from the outside in, and its routes."""

from collections.abc import Collection

from aiohttp import web

from edge.local.client import Client
from webui.admission import admit
from webui.answering import attended
from webui.errors import error_pages
from webui.guard import dress, gate
from webui.idle import Idle
from webui.language import catalogue
from webui.live import Streams
from webui.page import environment
from webui.pages import (
    about,
    calls,
    clock,
    commands,
    crms,
    devices,
    language,
    login,
    logs,
    report,
    setup,
    setup_branch,
    setup_devices,
    setup_names,
    status,
    trials,
    upkeep,
    users,
    wire,
)
from webui.static_files import PREFIX, StaticFiles
from webui.visit import HOUSE, House
from webui.zone import Zone

PAGES = (
    about,
    calls,
    clock,
    commands,
    crms,
    devices,
    language,
    login,
    logs,
    report,
    setup,
    setup_branch,
    setup_devices,
    setup_names,
    status,
    trials,
    upkeep,
    users,
    wire,
)
MOST_BODY = 160 * 1024
"""Bytes of a form: the edge takes a megabyte of JSON, which may need six of them for one.

What is uploaded as a file is streamed, and has a limit of its own."""


def house(edge: Client, fingerprint: str) -> House:
    """The parts that all pages share."""
    languages, files = catalogue(), StaticFiles()
    return House(edge, languages, environment(), files, Streams(), fingerprint, Zone())


def application(shared: House, names: Collection[str], idle: Idle) -> web.Application:
    """Everything that is served over https. names: by which browsers may call this box."""
    gates = [attended, error_pages, gate(names, idle), admit]
    app = web.Application(middlewares=gates, client_max_size=MOST_BODY)
    app[HOUSE] = shared
    app.on_response_prepare.append(dress)
    app.router.add_get(PREFIX + "{name}", shared.files.answer)
    for page in PAGES:
        app.router.add_routes(page.ROUTES)
    return app
