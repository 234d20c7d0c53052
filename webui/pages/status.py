"""Status: everything in one glance, live.

working ✓   quiet ◷   retrying △   down ✕   off –      always icon, word and colour
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from aiohttp import web

from edge.local.issue import BOX, Issue
from edge.local.settings_records import UNNAMED
from edge.local.status import DestinationStatus, DeviceStatus, Status
from webui.pages.live_parts import drawn
from webui.visit import Visit

ROUTES = web.RouteTableDef()

Light = Literal["working", "quiet", "retrying", "down", "off"]
_DEVICES: dict[str, Light] = {
    "starting": "retrying",
    "online": "working",
    "quiet": "quiet",
    "offline": "down",
    "alarm": "down",
}
_DESTINATIONS: dict[str, Light] = {
    "starting": "retrying",
    "delivering": "working",
    "retrying": "retrying",
    "stopped": "down",
}
_WORST: tuple[Light, ...] = ("down", "retrying", "quiet", "working", "off")


@dataclass(frozen=True, slots=True)
class Shown:
    """The status as the page draws it."""

    status: Status
    now: datetime
    light: Light
    devices: list[tuple[Light, DeviceStatus, list[Issue]]]
    destinations: list[tuple[Light, DestinationStatus, list[Issue]]]
    box: list[Issue]


def shown(status: Status) -> Shown:
    """Each part with its light and the issues that concern it."""
    now = status.clock.now if status.clock else status.started_at
    devices = [(_DEVICES[each.state], each, _of(status, each.key)) for each in status.devices]
    destinations = [
        (_DESTINATIONS[each.state], each, _of(status, each.name)) for each in status.destinations
    ]
    named = {each.key for each in status.devices} | {each.name for each in status.destinations}
    box = [issue for issue in status.issues if issue.concerns not in named]
    lights: set[Light] = {light for light, *_ in devices} | {light for light, *_ in destinations}
    if any(issue.severity == "alarm" for issue in status.issues):
        lights.add("down")
    elif status.issues:
        lights.add("quiet")
    worst: Light = next((light for light in _WORST if light in lights), "off")
    return Shown(status, now, worst, devices, destinations, box)


def _next_step(status: Status) -> str | None:
    """The first step of the setup that was not done; None where nothing is missing."""
    if status.destinations:
        return None if status.devices else "devices"
    return "branch" if status.name == UNNAMED else "crm"


def _of(status: Status, concerns: str) -> list[Issue]:
    return [issue for issue in status.issues if issue.concerns == concerns != BOX]


@ROUTES.get("/status")
async def page(request: web.Request) -> web.Response:
    visit = Visit(request)
    status = await visit.edge.status()
    next_step = _next_step(status) if visit.may("arrange") else None
    return visit.page("status.html", seen=shown(status), next_step=next_step)


@ROUTES.get("/status/live")
async def live(request: web.Request) -> web.StreamResponse:
    visit = Visit(request)

    async def draw() -> str:
        return visit.piece("status_part.html", seen=shown(await visit.edge.status()))

    return await visit.serve(drawn(visit, draw))
