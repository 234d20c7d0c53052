"""PayamGostar answers badly, or not: delivered later, parked with the reason, or an alarm."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from edge.delivery.destination import TellsTime
from edge.delivery.destinations.payamgostar.stand_in import System
from tests.edge.delivery.call_store.office import case, event

if TYPE_CHECKING:
    from tests.edge.delivery.destinations.payamgostar.conftest import PayamGostarOffice

CREATE, CHANNEL = "POST /api/v1/telephony/call", "POST /api/v1/telephony/channel"
CHANGE, CHANGE_CHANNEL = "PUT /api/v1/telephony/call", "PUT /api/v1/telephony/channel"
WHERE = [CREATE, CHANNEL, CHANGE_CHANNEL, CHANGE, "GET /api/v1/telephony", "POST /api/v1/auth"]
PASSING = [{"mode": "429", "seconds": 0}, {"mode": "503"}, {"mode": "html"}, {"mode": "hang-up"}]
"""Of each kind one: test_bad_answers.py has them all."""


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("order", PASSING, ids=str)
async def test_what_passes_is_delivered_later_and_once(
    office: "PayamGostarOffice", where: str, order: dict[str, Any]
) -> None:
    office.misbehave(on=where, requests=2, **order)
    await office.tell(*case("incoming-answered"))
    (call,) = office.crm.calls
    assert (call.type, call.live, call.end is not None) == (2, False, True)
    assert [(channel.peers, channel.status) for channel in call.channels] == [
        (["04"], 4),
        (["109"], 4),
    ]
    assert await office.journal.parked("crm") == []


@pytest.mark.parametrize("where", [CHANGE_CHANNEL, CHANGE, "GET /api/v1/telephony"])
async def test_a_slow_answer_is_waited_for_no_longer_than_patience(
    office: "PayamGostarOffice", where: str
) -> None:
    office.patience = 1.0
    office.misbehave("stall", on=where, requests=2, seconds=60.0)
    await office.tell(*case("incoming-answered"))
    assert [call.type for call in office.crm.calls] == [2]


async def test_a_call_that_is_taken_after_the_box_gave_up_waiting_may_be_there_twice(
    office: "PayamGostarOffice",
) -> None:
    """It was on no list yet when the box looked: this too nobody can avoid."""
    office.patience = 1.0
    office.misbehave("stall", on=CREATE, requests=1, seconds=2.0)
    await office.tell(*case("incoming-answered"))
    await office.until(lambda: len(office.crm.calls) == 2)
    assert [call.source for call in office.crm.calls] == ["c1", "c1"]


@pytest.mark.parametrize("status", [400, 402, 406, 411, 413, 414, 415, 422, 431, 451])
async def test_a_refused_call_is_parked_with_the_reason_and_the_others_go_on(
    office: "PayamGostarOffice", status: int
) -> None:
    office.misbehave(str(status), on=CREATE, requests=1)
    await office.tell(*case("ended-only"), *case("outgoing")[1:])
    (parked,) = await office.journal.parked("crm")
    assert parked.sequence == 1
    assert parked.reason.startswith(f"HTTP {status}: by order")
    assert [call.source for call in office.crm.calls] == ["c2"]


@pytest.mark.parametrize("status", [404, 405, 410])
async def test_a_call_that_was_deleted_there_is_parked(
    office: "PayamGostarOffice", status: int
) -> None:
    ringing, answered, ended = case("incoming-answered")
    async with office.forwarding():
        await office.journal.append([ringing])
        await office.settled()
        office.crm.calls.clear()
        if status != 404:
            office.misbehave(str(status), on="PUT")
        await office.journal.append([answered, ended])
        await office.settled()
        office.misbehave("none")
        await office.journal.append(case("outgoing")[1:])
        await office.settled()
    parked = await office.journal.parked("crm")
    assert [each.sequence for each in parked] == [2, 3]
    assert all(f"HTTP {status}" in each.reason for each in parked)
    assert [call.source for call in office.crm.calls] == ["c2"]


@pytest.mark.parametrize("where", [CREATE, CHANNEL, CHANGE_CHANNEL, CHANGE])
async def test_an_event_that_is_always_a_fault_there_blocks_nobody(
    office: "PayamGostarOffice", where: str
) -> None:
    office.misbehave("500", on=where)
    await office.journal.append(case("ended-only"))
    async with office.forwarding():
        await office.settled()
        office.misbehave("none")
        await office.journal.append(case("outgoing")[1:])
        await office.settled()
    (parked,) = await office.journal.parked("crm")
    assert parked.sequence == 1
    assert "HTTP 500" in parked.reason
    assert office.crm.calls[-1].source == "c2"
    assert len([what for what in office.asked() if what == where]) >= 10


async def test_where_all_is_a_fault_nothing_is_parked(office: "PayamGostarOffice") -> None:
    office.misbehave("500")
    await office.journal.append(case("ended-only"))
    async with office.forwarding() as forwarder:
        await office.until(lambda: forwarder._failures > 20)
        assert forwarder.progress.state == "retrying"
        office.misbehave("none")
        await office.settled()
    assert await office.journal.parked("crm") == []
    assert len(office.crm.calls) == 1


async def test_an_unknown_system_is_an_alarm_that_names_the_key(
    office: "PayamGostarOffice",
) -> None:
    office.crm.systems = {"branch1": System(3)}
    await office.journal.append(case("incoming-answered"))
    async with office.forwarding() as forwarder:
        await office.until(lambda: forwarder.progress.state == "refused")
        assert '"pbx1"' in forwarder.progress.advice
        assert "branch1" in forwarder.progress.advice
        office.crm.systems["pbx1"] = System(4)
        await office.settled()
    assert len(office.crm.calls) == 1
    assert not any(seen.status >= 400 for seen in office.seen)


async def test_the_key_of_a_system_by_setting(office: "PayamGostarOffice") -> None:
    office.crm.systems = {"Branch 1": System(3)}
    office.system_keys = {"pbx1": "Branch 1"}
    await office.tell(*case("ended-only"))
    assert [call.system for call in office.crm.calls] == ["Branch 1"]


async def test_a_system_taken_away_is_an_alarm_too(office: "PayamGostarOffice") -> None:
    async with office.forwarding() as forwarder:
        await office.journal.append(case("ended-only"))
        await office.settled()
        office.crm.systems = {}
        await office.journal.append(case("outgoing")[1:])
        await office.until(lambda: forwarder.progress.state == "refused")
        assert '"pbx1"' in forwarder.progress.advice
        office.crm.systems = {"pbx1": System(7)}
        await office.settled()
    assert await office.journal.parked("crm") == []


@pytest.mark.parametrize(
    ("entered", "missing"),
    [(set(), "line 04"), ({"04"}, "extension 109"), ({"04", "109"}, "extension 250")],
)
async def test_an_unknown_line_or_extension_is_an_alarm_that_names_it(
    office: "PayamGostarOffice", entered: set[str], missing: str
) -> None:
    office.crm.systems = {"pbx1": System(7, enters_peers=False, peers=entered)}
    await office.journal.append(case("transferred"))
    async with office.forwarding() as forwarder:
        await office.until(lambda: forwarder.progress.state == "refused")
        assert missing in forwarder.progress.advice
        office.crm.systems["pbx1"].enters_peers = True
        await office.settled()
    (call,) = office.crm.calls
    assert [channel.peers for channel in call.channels] == [["04"], ["109", "250"]]
    assert await office.journal.parked("crm") == []


async def test_a_persian_line_name_is_looked_up(office: "PayamGostarOffice") -> None:
    office.crm.systems = {"pbx1": System(7, enters_peers=False, peers={"خط فروش"})}
    await office.journal.append(case("persian-line"))
    async with office.forwarding() as forwarder:
        await office.until(lambda: forwarder.progress.state == "refused")
        assert "extension 109" in forwarder.progress.advice


async def test_a_user_who_may_not_see_the_systems_still_delivers(
    office: "PayamGostarOffice",
) -> None:
    office.crm.lists_systems = False
    await office.tell(*case("incoming-answered"))
    assert [call.type for call in office.crm.calls] == [2]


async def test_no_telephony_at_the_address(office: "PayamGostarOffice") -> None:
    office.misbehave("404", on="GET /api/v1/telephony")
    await office.journal.append(case("ended-only"))
    async with office.forwarding() as forwarder:
        await office.until(lambda: forwarder.progress.state == "refused")
        assert "telephony" in forwarder.progress.advice
        office.misbehave("none")
        await office.settled()
    assert await office.journal.parked("crm") == []


# --- answers that never came


@pytest.mark.parametrize("mode", ["drop-answer", "truncated", "wrong-json"])
async def test_a_live_call_whose_answer_was_lost_is_found_again(
    office: "PayamGostarOffice", mode: str
) -> None:
    office.misbehave(mode, on=CREATE, requests=1)
    await office.tell(*case("incoming-answered"))
    (call,) = office.crm.calls
    assert (call.type, call.live) == (2, False)
    assert [channel.peers for channel in call.channels] == [["04"], ["109"]]
    assert len(office.asked("call/active")) == 1
    # Its first channel has a number that nobody told: it stays as it was made.
    assert [channel.status for channel in call.channels] == [2, 4]


async def test_two_calls_of_one_moment_are_told_apart(office: "PayamGostarOffice") -> None:
    """Both numbers withheld, the same second: the first is known here, so the other is meant."""
    one = case("withheld")[0]
    other = msgspec.structs.replace(one, subject="call/c2", data=one.data.replace(b"c1", b"c2"))
    office.misbehave("drop-answer", on=CREATE, after=1, requests=1)
    await office.tell(one, other)
    assert [call.source for call in office.crm.calls] == ["c1", "c2"]


async def test_a_call_that_is_over_may_be_there_twice_and_no_more(
    office: "PayamGostarOffice",
) -> None:
    """That PayamGostar cannot be asked for it is what makes this unavoidable."""
    office.misbehave("drop-answer", on=CREATE, requests=1)
    await office.tell(*case("ended-only"))
    assert [call.source for call in office.crm.calls] == ["c1", "c1"]
    lost, told = office.crm.calls
    assert lost.end is None
    assert told.end is not None


async def test_a_server_that_knows_a_call_again_is_believed(office: "PayamGostarOffice") -> None:
    office.crm.unique = True
    office.misbehave("drop-answer", on=CREATE, requests=1)
    await office.tell(*case("ended-only"))
    (call,) = office.crm.calls
    (parked,) = await office.journal.parked("crm")
    assert "HTTP 409" in parked.reason
    assert call.source == "c1"


async def test_answers_of_another_kind_make_no_end_of_calls(office: "PayamGostarOffice") -> None:
    office.misbehave("wrong-json", on=CREATE)
    await office.tell(*case("ended-only"))
    assert len(office.crm.calls) == 3
    (parked,) = await office.journal.parked("crm")
    assert "JSON of another kind" in parked.reason


async def test_a_channel_whose_answer_was_lost_may_be_there_twice(
    office: "PayamGostarOffice",
) -> None:
    office.misbehave("drop-answer", on=CHANNEL, requests=1)
    await office.tell(*case("incoming-answered"))
    (call,) = office.crm.calls
    assert Counter(channel.source for channel in call.channels) == {"c1-c1": 1, "c1-c2": 2}


@pytest.mark.parametrize("where", [CHANGE, CHANGE_CHANNEL])
@pytest.mark.parametrize("mode", ["drop-answer", "truncated"])
async def test_a_change_whose_answer_was_lost_is_made_again(
    office: "PayamGostarOffice", where: str, mode: str
) -> None:
    office.misbehave(mode, on=where, requests=3)
    await office.tell(*case("transferred"))
    (call,) = office.crm.calls
    assert call.type == 2
    assert [channel.status for channel in call.channels] == [4, 4]


async def test_what_is_no_call_is_settled_without_a_request(office: "PayamGostarOffice") -> None:
    kinds = ("device.online", "box.started", "sms.received", "wire.unrecognized", "command.result")
    await office.tell(*(event(kind, b'{"code": "x"}') for kind in kinds))
    assert office.seen == []
    assert await office.journal.parked("crm") == []


async def test_data_that_are_no_call_are_parked(office: "PayamGostarOffice") -> None:
    await office.tell(event("call.ended", b'{"call_id": 7}'), *case("ended-only"))
    (parked,) = await office.journal.parked("crm")
    assert parked.sequence == 1
    assert len(office.crm.calls) == 1


async def test_its_clock_is_heard(office: "PayamGostarOffice") -> None:
    async with office.forwarding() as forwarder:
        destination = forwarder._destination
        assert isinstance(destination, TellsTime)
        await office.journal.append(case("ended-only"))
        await office.settled()
        heard = await destination.ask_time("")
    assert heard is not None
    assert abs(heard.said - datetime.now(UTC)) < timedelta(seconds=5)
