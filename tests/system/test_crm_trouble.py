"""The CRM misbehaves, dies and comes back while the exchange prints: all arrives, each once."""

import pytest

from drivers.panasonic.exchange_port import Pace, SerialPort, serve_pty
from edge.site.secret_fields import MARK
from tests.system.paper import BAUD, Day, assert_same, day_of
from tests.system.processes import TOKEN, Box, Crm, assert_exactly_once, eventually, of_type

AT_ONCE = Pace(longest_wait=0)
DAY = day_of("KX-TDA100", 40, 4)
LONG_DAY = day_of("KX-TDA100", 1200, 12, received=True)
PASSING: dict[str, dict[str, float]] = {
    "refuse": {"requests": 2},
    "stall": {"requests": 1, "seconds": 1.5},
    "drop-answer": {"requests": 2},
    "429": {"requests": 1, "seconds": 1},
    "500": {"requests": 2},
    "503": {"requests": 1, "seconds": 1},
    "html": {"requests": 2},
}


async def _start(box: Box, crm: Crm, port: SerialPort) -> None:
    box.settle({"serial": str(port.path)}, {"model": "KX-TDA100"}, crm.url)
    await box.start()


async def _print(day: Day, port: SerialPort, box: Box) -> None:
    """The whole day; returns when all of it is on the box's disk: a line is one event."""
    await serve_pty(day.printed, port, BAUD, AT_ONCE)
    await _stored(day, box)


async def _stored(day: Day, box: Box) -> None:
    async def look() -> bool:
        return box.stored("call.%") >= len(day.printed)

    await eventually(look, "the day is stored")


@pytest.mark.parametrize("mode", PASSING)
async def test_what_passes_delays_and_loses_nothing(
    mode: str, box: Box, crm: Crm, port: SerialPort
) -> None:
    await crm.start()
    await _start(box, crm, port)
    await crm.holds(1)  # a box that nobody told the time asks the CRM first; that is over now
    await crm.misbehave(mode, **PASSING[mode])

    await _print(DAY, port, box)

    status = await box.settled()
    assert await crm.mood() == "none", "the order was carried out to its end"
    events = await crm.events()
    assert_exactly_once(events)
    assert len(events) == status.last_sequence
    assert_same(await crm.calls(), DAY)
    assert status.destinations[0].parked == 0
    assert (await crm.stats())["duplicates"] > 0 or mode != "drop-answer"


async def test_too_large_a_batch_is_halved_until_it_is_taken(
    box: Box, crm: Crm, port: SerialPort
) -> None:
    await _start(box, crm, port)
    await _print(DAY, port, box)
    assert await box.stop() == 0
    await crm.start()
    await crm.misbehave("413", requests=3)

    box.spawn()
    await crm.told("call.ended", count=sum(DAY.truth.values()))

    status = await box.settled()
    assert_exactly_once(await crm.events())
    assert_same(await crm.calls(), DAY)
    assert status.destinations[0].parked == 0
    assert await crm.mood() == "none"


async def test_rejected_events_are_parked_with_the_reason_and_block_nothing(
    box: Box, crm: Crm, port: SerialPort
) -> None:
    await crm.start()
    await crm.misbehave("reject", every=7)
    await _start(box, crm, port)

    await _print(DAY, port, box)

    status = await box.settled()
    parked = frozenset(range(7, status.last_sequence + 1, 7))
    assert_exactly_once(await crm.events(), missing=parked)
    assert status.destinations[0].parked == len(parked)
    rows = box.rows("SELECT destination, sequence, reason FROM parked ORDER BY sequence")
    reason = "refused by order: every 7th sequence"
    assert rows == [("crm", sequence, reason) for sequence in sorted(parked)]


async def test_one_event_that_is_refused_as_a_request_is_parked(
    box: Box, crm: Crm, port: SerialPort
) -> None:
    await crm.start()
    await _start(box, crm, port)
    await crm.told("device.online")
    await box.settled()
    await crm.misbehave("400", requests=1)
    await port.write(DAY.printed[0].text)

    async def parked() -> bool:
        return bool(box.rows("SELECT * FROM parked"))

    await eventually(parked, "the one event of the request is parked")
    for line in DAY.printed[1:]:
        await port.write(line.text)
    await _stored(DAY, box)

    status = await box.settled()
    ((sequence, reason),) = box.rows("SELECT sequence, reason FROM parked")
    assert_exactly_once(await crm.events(), missing=frozenset({sequence}))
    assert reason.startswith("HTTP 400")
    assert status.destinations[0].parked == 1


async def test_a_wrong_token_stops_delivery_until_somebody_acts(
    box: Box, crm: Crm, port: SerialPort
) -> None:
    await crm.start()
    await _start(box, crm, port)
    settings = box.data / "site.toml"
    await box.settled()
    await box.stop()
    marked = settings.read_text()
    assert (marked.count(MARK), marked.count(TOKEN)) == (1, 0)
    settings.write_text(marked.replace(MARK, "another-token"))
    await box.start()

    await _print(DAY, port, box)
    refused = await box.delivers("stopped")
    assert refused.code == "HTTP 401"
    assert "token" in refused.advice
    assert refused.backlog >= len(DAY.printed)
    assert of_type(await crm.events(), "call.*") == []
    assert box.log.count("nothing is delivered") == 1

    assert await box.stop() == 0
    settings.write_text(marked.replace(MARK, TOKEN))
    await box.start()
    status = await box.settled()
    events = await crm.events()
    assert_exactly_once(events)
    assert len(events) == status.last_sequence
    assert_same(await crm.calls(), DAY)


async def test_the_crm_killed_in_the_middle_of_a_backlog(
    box: Box, crm: Crm, port: SerialPort
) -> None:
    await _start(box, crm, port)
    await _print(LONG_DAY, port, box)
    await box.delivers("retrying")
    await crm.start()
    await crm.misbehave("stall", seconds=2.0)

    async def some() -> dict[str, int] | None:
        stats = await crm.stats()
        return stats if stats["stored"] >= 500 else None

    stats = await eventually(some, "a first part of the backlog in the CRM")
    crm.kill()
    assert stats["stored"] < len(LONG_DAY.printed)
    await box.delivers("retrying")
    await crm.start()

    status = await box.settled()
    events = await crm.events()
    assert_exactly_once(events)
    assert len(events) == status.last_sequence
    assert_same(await crm.calls(), LONG_DAY)
    assert box.log.count("nothing is delivered") == 2
