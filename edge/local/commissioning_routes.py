"""The report of a commissioning.

look     GET /commissioning
operate  POST /commissioning/lines  POST /commissioning/finish
"""

from edge.access.access import Access
from edge.commissioning import Report
from edge.local.commissioning_records import Commissioning, ProvedBy
from edge.local.route import Ask, Route, route, taking


def routes(access: Access, report: Report) -> list[Route]:
    """All of them."""

    async def shown(_ask: Ask) -> Commissioning:
        return report.read()

    async def prove(ask: Ask, given: ProvedBy) -> Commissioning:
        found = await report.prove(ask.caller, given.call_id)
        proof = found.lines[-1]
        await access.note(ask.caller, "line.tested", proof.device, (proof.line,))
        return found

    async def finish(ask: Ask) -> Commissioning:
        found = await report.finish(ask.caller)
        await access.note(ask.caller, "setup.finished")
        return found

    return [
        route("GET", "/commissioning", "look", shown),
        taking("POST", "/commissioning/lines", "operate", ProvedBy, prove),
        route("POST", "/commissioning/finish", "operate", finish),
    ]
