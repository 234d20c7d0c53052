"""What a portal is told of each kind of call, as golden files.

tda200-received-answered   missed, answered, group: each ringing first; the last shows no number yet
tda100-direct              answered, missed and withheld, outgoing with and without talk, internal
tda600-group               ring groups, a group handed on, nobody's extension
tda100-disa                DISA, then two extensions
ta824-transfers            transferred: what comes behind the end is not told
tem824-missed              missed by silence; one proved wrong later
tde600-trunk-to-trunk      incoming and outgoing stay two calls
"""

from pathlib import Path

import msgspec
import pytest

from edge.delivery.destinations.bitrix24.stand_in import Portal
from tests.edge.delivery.destinations.bitrix24.conftest import bitrix, opened, portal
from tests.edge.delivery.destinations.conftest import Box, captured

CONVERSATIONS = Path(__file__).parent / "conversations"
CASES = [
    "tda200-received-answered",
    "tda100-direct",
    "tda600-group",
    "tda100-disa",
    "ta824-transfers",
    "tem824-missed",
    "tde600-trunk-to-trunk",
]


def told(portal: Portal, box: Box) -> str:
    """The conversation, one request a line."""
    lines = [
        msgspec.json.encode([method.rpartition(".")[2], body, answer]).decode()
        for method, body, answer in portal.said
    ]
    return "".join(f"{line}\n" for line in lines).replace(box.journal.box, "5e1f00c0ffee")


@pytest.mark.parametrize("case", CASES)
async def test_live(box: Box, case: str) -> None:
    await box.journal.append(captured(case))
    async with opened(there := portal()) as url, box.forwarding(bitrix(box, url)):
        await box.settled()
    assert told(there, box) == (CONVERSATIONS / f"{case}.jsonl").read_text(encoding="utf-8")
    assert set(there.registered) == set(there.finished)
    assert await box.journal.parked("crm") == []


@pytest.mark.parametrize("case", CASES)
async def test_after_an_outage_nothing_pops_up_and_all_else_is_the_same(
    box: Box, case: str
) -> None:
    box.age = 3600.0
    await box.journal.append(captured(case))
    async with opened(there := portal()) as url, box.forwarding(bitrix(box, url)):
        await box.settled()
    live = (CONVERSATIONS / f"{case}.jsonl").read_text(encoding="utf-8")
    assert told(there, box) == live.replace('"SHOW":1', '"SHOW":0')


async def test_calls_of_a_test_are_not_registered(box: Box) -> None:
    events = captured("tda100-direct")
    marked = [
        msgspec.structs.replace(
            each, data=msgspec.json.encode({**msgspec.json.decode(each.data), "test": True})
        )
        for each in events
        if each.type.startswith("call.")
    ]
    assert marked
    await box.journal.append(marked)
    async with opened(there := portal()) as url, box.forwarding(bitrix(box, url)):
        await box.settled()
    assert there.said == []
