"""What a forwarder promises, against the real CRM on its good and its bad days."""

import logging
from time import monotonic
from typing import TYPE_CHECKING

import pytest

from edge.journal.records import Position

if TYPE_CHECKING:
    from tests.edge.delivery.conftest import House

POISON = b'{"call_id": "caf\xe9"}'  # no UTF-8: the reference CRM refuses the whole request


async def test_all_arrive_once_in_order(house: "House") -> None:
    await house.fill(1200)
    async with house.forwarding() as forwarder:
        await house.settled()
        assert forwarder.progress.state == "idle"
    assert await house.stored() == list(range(1, 1201))
    assert await house.count("duplicates") == 0
    assert house.journal.position("crm").cursor == 1200


async def test_live_events_arrive_after_idleness(house: "House") -> None:
    async with house.forwarding():
        for last in (1, 2, 5):
            await house.fill(last - house.journal.last)
            await house.settled()
    assert await house.stored() == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("mode", "answer"),
    [
        ("refuse", "connection broken"),
        ("500", "HTTP 500"),
        ("503", "HTTP 503"),
        ("429", "HTTP 429"),
        ("html", "HTTP 200 with a web page"),
    ],
)
async def test_retries_until_the_crm_behaves(house: "House", mode: str, answer: object) -> None:
    house.misbehave(mode, seconds=0)
    await house.fill(700)
    async with house.forwarding() as forwarder:
        await house.until(lambda: forwarder.progress.last_answer == answer)
        stuck = forwarder.progress
        assert (stuck.state, stuck.cursor, stuck.backlog) == ("retrying", 0, 700)
        assert stuck.advice
        house.misbehave("none")
        await house.settled()
        assert forwarder.progress.advice == ""
    assert await house.stored() == list(range(1, 701))
    assert await house.count("duplicates") == 0
    assert await house.journal.parked("crm") == []


async def test_an_answer_lost_after_storing_makes_no_double(house: "House") -> None:
    house.misbehave("drop-answer", requests=3)
    await house.fill(600)
    async with house.forwarding():
        await house.settled()
    assert await house.stored() == list(range(1, 601))
    assert await house.count("duplicates") > 0


async def test_a_stalled_crm_is_asked_again_for_less(house: "House") -> None:
    house.misbehave("stall", requests=2, seconds=3)
    await house.fill(400)
    async with house.forwarding(patience=0.3) as forwarder:
        await house.until(lambda: forwarder.progress.last_answer == "no answer in time")
        await house.settled()
    assert sorted(await house.stored()) == list(range(1, 401))


async def test_rejected_events_are_parked_and_the_rest_goes_on(house: "House") -> None:
    house.misbehave("reject", every=7)
    await house.fill(1000)
    async with house.forwarding() as forwarder:
        await house.settled()
        assert forwarder.progress.parked == 142
    sevenths = list(range(7, 1001, 7))
    assert await house.stored() == [n for n in range(1, 1001) if n % 7]
    parked = await house.journal.parked("crm")
    assert [each.sequence for each in parked] == sevenths
    assert all(each.reason.startswith("refused by order: ") for each in parked)


async def test_one_poisoned_event_among_500_is_found_and_parked(house: "House") -> None:
    await house.fill(346)
    await house.fill(1, data=POISON)
    await house.fill(153)
    async with house.forwarding():
        await house.settled()
    assert await house.stored() == [n for n in range(1, 501) if n != 347]
    (parked,) = await house.journal.parked("crm")
    assert parked.sequence == 347
    assert parked.reason.startswith("HTTP 400: {")
    assert len(parked.reason) <= 200 + len("HTTP 400: ")


async def test_a_poisoned_last_event_does_not_hold_up_the_next(house: "House") -> None:
    await house.fill(1, data=POISON)
    async with house.forwarding():
        await house.settled()
        await house.fill(2)
        await house.settled()
    assert await house.stored() == [2, 3]


async def test_retry_after_is_obeyed(house: "House") -> None:
    house.misbehave("503", requests=1, seconds=1)
    await house.fill(1)
    began = monotonic()
    async with house.forwarding() as forwarder:
        await house.until(lambda: forwarder.progress.state == "retrying")
        waiting = forwarder.progress.next_try_in
        await house.settled()
    assert waiting is not None
    assert 0 < waiting < 1.2
    assert monotonic() - began >= 1.0


async def test_a_wrong_token_stops_with_advice(house: "House") -> None:
    await house.fill(10)
    async with house.forwarding(token="revoked") as forwarder:
        await house.until(lambda: forwarder.progress.state == "refused")
        assert "token" in forwarder.progress.advice
        assert forwarder.progress.last_answer == "HTTP 401"
    assert house.journal.position("crm").cursor == 0
    assert await house.journal.parked("crm") == []
    async with house.forwarding():
        await house.settled()
    assert await house.stored() == list(range(1, 11))


async def test_a_refused_box_is_let_in_again_by_itself(house: "House") -> None:
    house.misbehave("403")
    await house.fill(10)
    async with house.forwarding() as forwarder:
        await house.until(lambda: forwarder.progress.state == "refused")
        house.misbehave("none")
        await house.settled()
        assert forwarder.progress.state == "idle"
    assert await house.stored() == list(range(1, 11))


async def test_connection_refused_then_back(house: "House") -> None:
    await house.stop_crm()
    await house.fill(900)
    async with house.forwarding() as forwarder:
        await house.until(lambda: forwarder.progress.last_answer == "no connection")
        await house.start_crm()
        await house.settled()
    assert await house.stored() == list(range(1, 901))


# aiohttp's server leaves open what it accepts in the very moment of its end: the CRM's side.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_crm_restart_in_the_middle_loses_nothing(house: "House") -> None:
    async with house.forwarding():
        for _ in range(3):
            await house.fill(1500)
            await house.stop_crm()
            await house.start_crm()
        await house.settled()
    # After an outage new events may come first (test_fair.py).
    assert sorted(await house.stored()) == list(range(1, 4501))


async def test_a_stale_cursor_repeats_harmlessly(house: "House") -> None:
    await house.fill(800)
    async with house.forwarding():
        await house.settled()
    house.journal.advance("crm", Position(300))
    async with house.forwarding():
        await house.settled()
    assert await house.stored() == list(range(1, 801))
    assert await house.count("duplicates") == 500


async def test_a_new_forwarder_goes_on_where_the_last_one_ended(house: "House") -> None:
    await house.fill(600)
    async with house.forwarding():
        await house.settled()
    await house.fill(600)
    async with house.forwarding():
        await house.settled()
    assert await house.stored() == list(range(1, 1201))
    assert await house.count("duplicates") == 0


async def test_it_logs_once_gone_and_once_back_and_no_number(
    house: "House", caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "edge.delivery")
    house.misbehave("500")
    await house.fill(5)
    async with house.forwarding() as forwarder:
        await house.until(lambda: forwarder._failures > 5)
        house.misbehave("none")
        await house.settled()
        house.misbehave("reject")
        await house.fill(5)
        await house.settled()
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 2
    assert lines[0].startswith("crm: nothing is delivered (HTTP 500). ")
    assert lines[1] == "crm: delivering again, 5 events wait"
    assert not any("5100000000" in line for line in lines)
