"""Setup, step 7: the commissioning report. Which line was tested, with which call, by whom.

A line is tested when somebody said of a call that it was understood as it was. The page prints
well, and can be saved as one file.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from aiohttp import web

from edge.access.refusals import Unknown
from edge.local.calls_records import CallRow, Delivery
from edge.local.commissioning_records import Commissioning, LineTested
from webui.form import Form
from webui.pages.setup import step_page
from webui.pages.status import Shown
from webui.pages.status import shown as status_shown
from webui.visit import Visit

ROUTES = web.RouteTableDef()
MOST_LINES = 64


@dataclass(frozen=True, slots=True)
class Tested:
    """A line with the call that proved it, while that is stored, and where it was brought."""

    line: LineTested
    call: CallRow | None
    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What stands in it."""

    seen: Shown
    tested: list[Tested]
    now: datetime
    timezone: str
    finished: Commissioning


@ROUTES.get("/setup/done")
async def page(request: web.Request) -> web.Response:
    visit = Visit(request)
    return step_page(visit, "done", Form(), report=await _report(visit))


@ROUTES.get("/setup/report")
async def saved(request: web.Request) -> web.Response:
    """The report alone, as a file."""
    visit = Visit(request)
    report = await _report(visit)
    answer = visit.page(
        "report_file.html", report=report, style=visit.house.files.text("report.css")
    )
    name = f"payvand-{datetime.now(UTC):%Y-%m-%d}.html"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


async def _report(visit: Visit) -> Report:
    status = await visit.edge.status()
    commissioning = await visit.edge.commissioning()
    return Report(
        status_shown(status),
        await _tested(visit, commissioning),
        status.clock.now if status.clock else datetime.now(UTC),
        (await visit.edge.settings()).timezone,
        commissioning,
    )


async def _tested(visit: Visit, commissioning: Commissioning) -> list[Tested]:
    found = []
    for line in commissioning.lines[:MOST_LINES]:
        try:
            story = await visit.edge.call(line.call_id)
        except Unknown:  # its events were deleted meanwhile
            found.append(Tested(line, None, ()))
        else:
            found.append(Tested(line, story.call, story.events[-1].deliveries))
    return found
