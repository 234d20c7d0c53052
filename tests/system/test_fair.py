"""A long outage: what rings now reaches the CRM ahead of it, and in the end all is there once."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from drivers.panasonic.exchange_port import Pace, SerialPort, serve_pty
from tests.system.paper import BAUD, assert_same, day_of
from tests.system.processes import Box, Crm, assert_exactly_once, eventually, of_type

AT_ONCE = Pace(longest_wait=0)
OUTAGE = day_of("KX-TDA100", 1200, 12, received=True)
NOW = day_of("KX-TDA100", 5, 3, received=True)
TEHRAN = ZoneInfo("Asia/Tehran")


def _these_hours() -> str:
    """Quiet hours around now."""
    now = datetime.now(TEHRAN)
    begin, end = now - timedelta(hours=2), now + timedelta(hours=2)
    return f"{begin:%H:%M}-{end:%H:%M}"


async def test_new_calls_do_not_wait_for_the_outage(box: Box, crm: Crm, port: SerialPort) -> None:
    link, settings = {"serial": str(port.path)}, {"model": "KX-TDA100"}
    box.settle(link, settings, crm.url, {"backlog_quiet_hours": _these_hours()})
    await box.start()
    await serve_pty(OUTAGE.printed, port, BAUD, AT_ONCE)

    async def printed() -> bool:
        return box.stored("call.%") >= len(OUTAGE.printed)

    await eventually(printed, "the outage's calls are stored")
    await crm.start()

    async def waits() -> int:
        destination = await box.destination()
        return destination.behind if destination and destination.behind_waits else 0

    behind = await eventually(waits, "the backlog waits for its hours", 60)
    before = len(await crm.events())
    await serve_pty(NOW.printed, port, BAUD, AT_ONCE)
    arrived = (await crm.holds(before + len(NOW.printed)))[before:]
    assert len(of_type(arrived, "call.ended")) >= len(NOW.calls)
    assert min(int(event["sequence"]) for event in arrived) > before + behind

    assert await box.stop() == 0
    box.settle(link, settings, crm.url)
    await box.start()
    status = await box.settled()
    events = await crm.events()
    assert_exactly_once(events)
    assert len(events) == status.last_sequence
    assert (await crm.stats())["duplicates"] == 0
    both = replace(OUTAGE, calls=OUTAGE.calls + NOW.calls)
    assert_same(await crm.calls(), both)
