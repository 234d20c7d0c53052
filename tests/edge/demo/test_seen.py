"""Both sides' sight of the same calls is the same: the simulator's truth and the event in the CRM.

The whole way from the printed line to the sealed event, on the demo's own clock.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from drivers.contract import Moment, Surroundings
from drivers.events import Call
from drivers.panasonic.decoder import SmdrDecoder
from drivers.panasonic.settings import PanasonicSettings
from edge.demo.crm import CallData, CallEvent
from edge.demo.paper import OFFICE, PACE, TIMEZONE, Paper, Sight
from edge.demo.verdict import compare
from edge.intake.seal import number_plan, read_fact

LINES = 2500
LINE_SECONDS = 0.085
"""80 characters at 9600 baud."""


def seen_by_the_crm(paper: Paper, settings: PanasonicSettings) -> list[Sight]:
    """What the CRM has after LINES lines that arrived at the demo's pace."""
    decoder = SmdrDecoder(settings, Surroundings(ZoneInfo(TIMEZONE), "t"), b"")
    begun = datetime.now(UTC)
    truth: dict[str, CallEvent] = {}
    seconds, before = 0.0, None
    for line in paper.lines():
        if paper.printed == LINES:
            break
        between = (line.at - before).total_seconds() if before else 0.0
        before = line.at
        seconds += max(PACE.seconds(between), LINE_SECONDS)
        now = Moment(begun + timedelta(seconds=seconds), seconds, trusted=False, live=True)
        for fact in [*decoder.tick(now), *decoder.feed(line.text)]:
            if isinstance(fact, Call):
                _, data = read_fact("pbx1", fact, number_plan(settings), now.utc)
                call = msgspec.json.decode(msgspec.json.encode(data), type=CallData)
                truth[fact.call_id] = CallEvent(now.utc, 0, call)
    return [event.sight for event in truth.values()]


@pytest.mark.parametrize("model", ["KX-TDA100", "KX-NS500", "KX-TES824"])
def test_an_hour_of_the_demo_loses_and_doubles_nothing(model: str) -> None:
    paper = Paper(model)
    settings = PanasonicSettings(
        model=model,
        date_order=paper.exchange.date_order,
        area_code=OFFICE.area_code.lstrip("0"),
        hidden_extensions=(*OFFICE.groups, OFFICE.disa),
    )
    seen = seen_by_the_crm(paper, settings)
    verdict = compare(paper.printout(), seen)
    assert (verdict.lost, verdict.double) == ((), ())
    assert verdict.made == verdict.known > 500
