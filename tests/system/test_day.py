"""A day of calls, from the exchange's serial port through the box to the CRM."""

import pytest

from drivers.panasonic.exchange_port import Pace, SerialPort, serve_pty
from drivers.panasonic.printout import with_headings
from tests.system.paper import BAUD, Day, assert_same, closed, day_of
from tests.system.processes import Box, Crm, assert_exactly_once, of_type

AT_ONCE = Pace(longest_wait=0)
DAYS = {
    "TDA100": day_of("KX-TDA100", 60, 7),
    "TDA200 with RC, AN and DID": day_of(
        "KX-TDA200", 60, 11, received=True, answered=True, did=True, page_length=20
    ),
    "NS500 with names": day_of("KX-NS500", 60, 9, layout="tda-c", names="before"),
    "TES824": closed(day_of("KX-TES824", 60, 10)),
}


@pytest.mark.parametrize("day", DAYS.values(), ids=DAYS.keys())
async def test_what_the_exchange_did_is_what_the_crm_knows(
    day: Day, box: Box, crm: Crm, port: SerialPort
) -> None:
    await crm.start()
    box.settle({"serial": str(port.path)}, {"model": day.exchange.model}, crm.url)
    await box.start()

    await serve_pty(with_headings(day.printed, day.exchange), port, BAUD, AT_ONCE)

    await crm.told("call.ended", count=sum(day.truth.values()))
    status = await box.settled()
    events = await crm.events()
    assert_exactly_once(events)
    assert len(events) == status.last_sequence
    assert_same(await crm.calls(), day)
    assert of_type(events, "wire.unrecognized") == []
    assert [event["data"]["advice"] for event in of_type(events, "device.alarm")] == []
    assert {event["source"] for event in of_type(events, "call.*")} == {f"/boxes/{status.box}/pbx1"}
    assert await box.stop() == 0
