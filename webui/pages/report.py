"""Setup, step 7: the commissioning report. Which line was tested, with which call, by whom.

A line is tested when a call came by it and is in the CRM. The page prints well, and can be saved as
one file.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from aiohttp import web

from edge.local.calls_records import CallQuery, CallRow, Delivery
from webui.form import Form
from webui.pages.setup import step_page
from webui.pages.status import Shown
from webui.pages.status import shown as status_shown
from webui.visit import Visit

ROUTES = web.RouteTableDef()
LOOK_BACK = 1000
MOST_LINES = 64


@dataclass(frozen=True, slots=True)
class Tested:
    """A line with its newest call, and where that was brought."""

    call: CallRow
    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What stands in it."""

    seen: Shown
    tested: list[Tested]
    now: datetime
    timezone: str


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
    return Report(
        status_shown(status),
        await _tested(visit),
        status.clock.now if status.clock else datetime.now(UTC),
        (await visit.edge.settings()).timezone,
    )


async def _tested(visit: Visit) -> list[Tested]:
    newest: dict[tuple[str, str], CallRow] = {}
    for call in (await visit.edge.calls(CallQuery(most=LOOK_BACK))).calls:
        if call.line is not None:
            newest.setdefault((call.device, call.line), call)
    lines = [newest[key] for key in sorted(newest)[:MOST_LINES]]
    stories = [await visit.edge.call(call.call_id) for call in lines]
    return [
        Tested(call, story.events[-1].deliveries if story.events else ())
        for call, story in zip(lines, stories, strict=True)
    ]
