"""Commands over real HTTP to a real device: done once, or refused with the reason."""

import asyncio
from base64 import b64encode
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.delivery.backoff import Pace
from tests.ports import free_port

if TYPE_CHECKING:
    from tests.edge.commands.conftest import House


async def test_a_command_is_done_told_and_acknowledged(house: "House") -> None:
    async with house.listening():
        house.give("c1")
        assert await house.results() == {"c1": ("done", "said hello")}
        await house.until(lambda: house.crm.after[-1] == 1)
    assert house.device.names == ["c1"]
    (event,) = await house.events("command.result")
    assert (event.device, event.subject) == ("echo1", "command/c1")


async def test_a_repeat_is_not_done_again_even_after_a_restart(
    house: "House", caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    async with house.listening():
        payload = house.crm.payload(house.journal.box, "c1")
        house.crm.give(payload)
        await house.results()
        house.crm.give(payload)
        await house.until(lambda: house.crm.after[-1] == 2)
    async with house.listening():
        house.crm.give(payload)
        house.give("c2")
        await house.results(2)
    assert house.device.names == ["c1", "c2"]
    assert "came again; none is executed twice" in caplog.text


async def test_a_long_command_tells_how_far_it_is(house: "House") -> None:
    async with house.listening():
        house.give("c1", args={"text": "hello", "times": 3})
        await house.results()
    told = [msgspec.json.decode(event.data) for event in await house.events("command.progress")]
    assert told == [{"command_id": "c1", "detail": f"{number} of 3 said"} for number in range(1, 4)]
    assert house.device.names == ["c1/1", "c1/2", "c1/3"]


@pytest.mark.parametrize(
    ("text", "state", "acted"), [("refuse", "failed", 0), ("hangup", "unknown", 1)]
)
async def test_what_the_device_says_is_told(
    house: "House", text: str, state: str, acted: int
) -> None:
    async with house.listening():
        house.give("c1", args={"text": text})
        assert (await house.results())["c1"][0] == state
    assert len(house.device.done) == acted


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"type": "shout"}, "echo1 executes no shout"),
        ({"args": {"text": "7"}}, "the args cannot be read"),
        ({"args": [1]}, "the args cannot be read"),
        ({"ttl": 0}, "the command cannot be read"),
        ({"ttl": 86_401}, "the command cannot be read"),
        ({"issued": "2026-11-21T12:00:00"}, "the command cannot be read"),
        ({"issued": "2126-11-21T12:00:00Z"}, "issued in the future"),
    ],
)
async def test_what_cannot_be_is_refused_with_its_reason(
    house: "House", changes: dict[str, object], why: str
) -> None:
    async with house.listening():
        house.give("c1", **changes)
        state, detail = (await house.results())["c1"]
    assert state == "refused"
    assert why in detail
    assert house.device.done == []


async def test_what_the_settings_do_not_name_is_refused(house: "House") -> None:
    house.allowed = {}
    async with house.listening():
        house.give("c1")
        house.give("c2", device=f"/boxes/{house.journal.box}/pbx9")
        results = await house.results(2)
    assert results["c1"][0] == results["c2"][0] == "refused"
    assert "say is not allowed on echo1" in results["c1"][1]
    assert "no device pbx9" in results["c2"][1]
    sources = {event.subject: event.device for event in await house.events("command.result")}
    assert sources == {"command/c1": "echo1", "command/c2": "box"}


async def test_the_cap_of_an_hour_holds_over_a_restart(house: "House") -> None:
    house.allowed = {"say": 2}
    async with house.listening():
        house.give("c1")
        house.give("c2")
        await house.results(2)
    async with house.listening():
        house.give("c3")
        assert "2 say within the last hour" in (await house.results(3))["c3"][1]
        house.crm.ahead = timedelta(seconds=3601)
        await house.until(lambda: house.crm.after[-1] == 3)
        house.give("c4")
        assert (await house.results(4))["c4"][0] == "done"
    assert house.device.names == ["c1", "c2", "c4"]


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(days=2000), -timedelta(days=90)])
async def test_time_to_live_counts_by_the_crms_clock(house: "House", ahead: timedelta) -> None:
    house.crm.ahead = ahead
    async with house.listening():
        house.give("c1", issued=house.crm.now - timedelta(seconds=31), ttl=30)
        house.give("c2", issued=house.crm.now, ttl=30)
        results = await house.results(2)
    assert results["c2"][0] == "done"
    # The first was issued before the box first asked, too; that it was late is what counts.
    assert results["c1"] == ("expired", "its time to live was over")
    assert house.device.names == ["c2"]


async def test_without_any_time_commands_are_refused(house: "House") -> None:
    house.crm.signs_time = False
    async with house.listening():
        house.give("c1")
        assert "knows no time" in (await house.results())["c1"][1]
    house.trusted = True
    async with house.listening():
        house.give("c2")
        assert (await house.results(2))["c2"][0] == "done"
    assert house.device.names == ["c2"]


async def test_a_signed_time_counts_on_where_the_next_answer_has_none(house: "House") -> None:
    async with house.listening():
        house.give("c1")
        await house.results()
        house.crm.signs_time = False
        house.give("c2")
        house.give("c3", issued=house.crm.now - timedelta(seconds=31), ttl=30)
        results = await house.results(3)
    assert (results["c2"][0], results["c3"][0]) == ("done", "expired")


async def test_the_time_signed_for_another_question_is_not_believed(house: "House") -> None:
    house.crm.nonce = "00" * 16
    async with house.listening():
        house.give("c1")
        assert "knows no time" in (await house.results())["c1"][1]


async def test_a_device_that_is_away_is_waited_for_until_the_deadline(house: "House") -> None:
    async with house.listening(free_port()):
        house.give("c1", ttl=0.5)
        assert await house.results() == {"c1": ("expired", "echo1 was not connected in time")}
        house.give("c2", ttl=30)
        await house.until(lambda: house.crm.after[-1] == 2)
    async with house.listening():
        assert (await house.results(2))["c2"][0] == "done"
    assert house.device.names == ["c2"]


STRAYS = {
    "altered": "its signature is wrong",
    "other-key": "its signature is wrong",
    "unknown-key": "has not pinned",
    "unsigned": "not signed in the form",
    "no-base64": "not signed in the form",
    "foreign": "for another box",
    "nameless": "does not tell its id",
}


@pytest.mark.parametrize("how", STRAYS)
async def test_a_stray_is_neither_done_nor_answered(house: "House", how: str) -> None:
    crm, box = house.crm, house.journal.box
    async with house.listening():
        right = crm.payload(box, "c1")
        if how == "altered":
            crm.give(right, payload=b64encode(right.replace(b"hello", b"evil")).decode())
        elif how == "other-key":
            other = Ed25519PrivateKey.generate().sign(right)
            crm.give(right, signature=b64encode(other).decode())
        elif how == "unknown-key":
            crm.give(right, keyid="k2")
        elif how == "unsigned":
            crm.give(right, keyid=None, signature=None)
        elif how == "no-base64":
            crm.give(right, signature="?")
        elif how == "foreign":
            crm.give(crm.payload("0123456789ab", "c1"))
        else:
            crm.give(b'{"device": "/boxes/1/2"}')
        (advice,) = await house.alarms()
        assert STRAYS[how] in advice
        # It has not taken the id: the right command of that name is done.
        crm.give(crm.payload(box, "c1"))
        assert (await house.results())["c1"][0] == "done"
    assert house.device.names == ["c1"]


async def test_many_strays_make_one_alarm(house: "House") -> None:
    async with house.listening():
        for _ in range(2):
            for _ in range(20):
                house.crm.give(house.crm.payload("0123456789ab", "c1"))
            await house.alarms()


@pytest.mark.parametrize("status", [401, 404, 409, 429, 500, 503])
async def test_a_bad_answer_is_asked_again(house: "House", status: int) -> None:
    async with house.listening() as listener:
        house.crm.status = status
        house.give("c1")
        asked = len(house.crm.after)
        await house.until(lambda: len(house.crm.after) > asked + 3)
        assert house.device.done == []
        assert f"(HTTP {status})" in listener.advice
        house.crm.status = 200
        assert (await house.results())["c1"][0] == "done"
        assert listener.advice == ""


async def test_a_captive_portal_gives_no_orders(house: "House") -> None:
    async with house.listening() as listener:
        house.crm.portal = True
        house.give("c1")
        await house.until(lambda: "without a list of commands" in listener.advice)
        house.crm.portal = False
        assert (await house.results())["c1"][0] == "done"


async def test_a_list_that_is_none_is_asked_for_again(house: "House") -> None:
    async with house.listening() as listener:
        house.crm.items.append({"seq": 1.5})
        house.crm.wake()
        await house.until(lambda: "an answer of another kind" in listener.advice)
        house.crm.items.clear()
        house.give("c1")
        assert (await house.results())["c1"][0] == "done"


async def test_a_crm_that_does_not_wait_is_not_asked_all_the_time(house: "House") -> None:
    house.crm.waits = False
    house.pace = Pace(base=0.3)
    async with house.listening():
        asked = len(house.crm.after)
        await asyncio.sleep(0.8)  # in this time it would be asked hundreds of times
        assert len(house.crm.after) - asked <= 3


async def test_what_was_ordered_before_a_journal_began_is_not_done(house: "House") -> None:
    """A restored backup does not know what was done since; a new box not what the old one did."""
    house.give("c1")
    async with house.listening():
        assert "issued before this box" in (await house.results())["c1"][1]
    assert house.device.done == []
