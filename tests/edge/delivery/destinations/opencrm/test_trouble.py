"""A CRM of the OpenCRM form answers badly, or not at all."""

from typing import TYPE_CHECKING, Any

import pytest

from edge.delivery.destinations.opencrm.settings import OpenCrmSettings
from tests.edge.delivery.call_store.office import case, event

if TYPE_CHECKING:
    from tests.edge.delivery.destinations.opencrm.conftest import OpenCrmOffice

CREATE, CHANNEL = "POST /call/CallCreated", "POST /call/CallChannelCreated"
CHANGE, CHANGE_CHANNEL = "POST /call/CallUpdated", "POST /call/CallChannelUpdated"
WHERE = [CREATE, CHANNEL, CHANGE, CHANGE_CHANNEL]
PASSING = [{"mode": "429", "seconds": 0}, {"mode": "503"}, {"mode": "html"}, {"mode": "hang-up"}]
"""Of each kind one: test_bad_answers.py has them all."""


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("order", PASSING, ids=str)
async def test_what_passes_is_delivered_later_and_once(
    office: "OpenCrmOffice", where: str, order: dict[str, Any]
) -> None:
    office.misbehave(on=where, requests=2, **order)
    await office.tell(*case("incoming-answered"))
    (call,) = office.crm.calls
    assert (call.result, call.live, call.end is not None) == ("Answered", False, True)
    assert [(channel.peers, channel.state) for channel in call.channels] == [
        (["04"], "Hangedup"),
        (["109"], "Hangedup"),
    ]
    assert await office.journal.parked("crm") == []


@pytest.mark.parametrize("status", [400, 409, 413, 422])
async def test_a_refused_call_is_parked_and_the_others_go_on(
    office: "OpenCrmOffice", status: int
) -> None:
    office.misbehave(str(status), on=CREATE, requests=1)
    await office.tell(*case("ended-only"), *case("outgoing")[1:])
    (parked,) = await office.journal.parked("crm")
    assert parked.reason == f"HTTP {status}: by order"
    assert [call.source for call in office.crm.calls] == ["c2"]


async def test_the_user(office: "OpenCrmOffice") -> None:
    office.crm.user = ("پیوند", "رمز:1&2")
    office.user = ("پیوند", "another")
    await office.journal.append(case("ended-only"))
    async with office.forwarding() as forwarder:
        await office.until(lambda: forwarder.progress.state == "refused")
        assert "password" in forwarder.progress.advice
    office.user = office.crm.user
    await office.tell()
    assert len(office.crm.calls) == 1


@pytest.mark.parametrize("prefix", ["", "/call", "/api/v2/call"])
async def test_the_path_before_the_names(office: "OpenCrmOffice", prefix: str) -> None:
    await office.close()
    office.crm.prefix = office.prefix = prefix
    await office.open()
    await office.tell(*case("ended-only"))
    assert office.asked()[0] == f"POST {prefix}/CallCreated"


async def test_a_wrong_path_is_an_alarm_that_names_the_setting(office: "OpenCrmOffice") -> None:
    office.prefix = ""
    await office.journal.append(case("ended-only"))
    async with office.forwarding() as forwarder:
        await office.until(lambda: forwarder.progress.state == "refused")
        assert "`prefix`" in forwarder.progress.advice
    assert await office.journal.parked("crm") == []


async def test_a_fault_or_a_lost_id_blocks_nobody_for_good(office: "OpenCrmOffice") -> None:
    ringing, answered, ended = case("incoming-answered")
    async with office.forwarding():
        await office.journal.append([ringing])
        await office.settled()
        office.crm.calls.clear()
        await office.journal.append([answered, ended, *case("outgoing")[1:]])
        await office.settled()
    assert [each.sequence for each in await office.journal.parked("crm")] == [2, 3]
    assert [call.source for call in office.crm.calls] == ["c2"]
    assert len(office.asked("CallChannelUpdated")) >= 2 * 30


async def test_a_lost_answer_is_a_double_unless_the_crm_knows_the_call_again(
    office: "OpenCrmOffice",
) -> None:
    office.misbehave("drop-answer", on=CREATE, requests=1)
    await office.tell(*case("incoming-answered"))
    assert [call.source for call in office.crm.calls] == ["c1", "c1"]
    office.crm.calls.clear()
    office.crm.knows_again = True
    office.misbehave("drop-answer", on=CREATE, requests=2)
    await office.tell(*case("outgoing")[1:])
    assert [call.source for call in office.crm.calls] == ["c2"]
    assert [channel.state for channel in office.crm.calls[0].channels] == ["Hangedup"] * 2


async def test_answers_of_another_kind_make_no_end_of_calls(office: "OpenCrmOffice") -> None:
    office.misbehave("wrong-json", on=CREATE)
    await office.tell(*case("ended-only"))
    (parked,) = await office.journal.parked("crm")
    assert "JSON of another kind" in parked.reason
    assert len(office.crm.calls) == 3


async def test_what_is_no_call_is_settled_without_a_request(office: "OpenCrmOffice") -> None:
    await office.tell(event("device.online", b"{}"), event("box.started", b"{}"))
    assert office.seen == []


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"url": "crm.example.com"}, "url"),
        ({"url": "http://crm.example.com"}, "url"),
        ({"prefix": "call"}, "prefix"),
        ({"prefix": "/call/"}, "prefix"),
        ({"prefix": "/call?x"}, "prefix"),
        ({"prefix": "/"}, "prefix"),
        ({"password": "p"}, "username"),
        ({"username": "a:b", "password": "p"}, "username"),
    ],
)
def test_settings_that_cannot_be(wrong: dict[str, str], field: str) -> None:
    given: dict[str, Any] = {"url": "https://crm.example.com"} | wrong
    assert [name for name, _ in OpenCrmSettings(**given).problems()] == [field]


@pytest.mark.parametrize("prefix", ["", "/call", "/api/v2/call", "/my-crm"])
def test_settings_that_can(prefix: str) -> None:
    settings = OpenCrmSettings(
        url="https://crm.example.com/base/", prefix=prefix, username="u", password="p"
    )
    assert settings.problems() == []
