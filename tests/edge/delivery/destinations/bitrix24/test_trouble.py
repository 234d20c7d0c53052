"""Bad days of a portal: no call lost, none double, no queue blocked, nothing hammered."""

import time
from collections.abc import Callable
from datetime import timedelta
from itertools import chain, repeat
from typing import Any

import msgspec
import pytest

from edge.delivery.destinations.bitrix24.pace import Bucket
from edge.delivery.destinations.bitrix24.registered import KEPT
from edge.delivery.destinations.bitrix24.stand_in import Portal
from edge.journal.records import Position, Sealed
from tests.edge.delivery.destinations.bitrix24.conftest import bitrix, opened, portal
from tests.edge.delivery.destinations.conftest import Box, captured, until


def direct() -> list[Sealed]:
    """Five calls that begin with their end, and an internal one."""
    return captured("tda100-direct")


def story() -> list[Sealed]:
    """Three calls that ring first."""
    return captured("tda200-received-answered")


def externals(box: Box, *calls: str) -> list[str]:
    return [f"{box.journal.box}-{call}" for call in calls]


FIVE = ("c1", "c2", "c3", "c4", "c5")


@pytest.mark.parametrize(
    ("status", "code", "state", "advice"),
    [
        (503, "QUERY_LIMIT_EXCEEDED", "retrying", "too busy"),
        (429, "OPERATION_TIME_LIMIT", "retrying", "too busy"),
        (500, "INTERNAL_SERVER_ERROR", "retrying", "has a fault"),
        (200, "ERROR_UNEXPECTED_ANSWER", "retrying", "has a fault"),
        (401, "INVALID_CREDENTIALS", "refused", "new inbound webhook"),
        (401, "NO_AUTH_FOUND", "refused", "new inbound webhook"),
        (401, "expired_token", "refused", "new inbound webhook"),
        (401, "insufficient_scope", "refused", "telephony and crm"),
        (404, "ERROR_METHOD_NOT_FOUND", "refused", "telephony and crm"),
        (401, "INVALID_REQUEST", "refused", "https"),
        (401, "OVERLOAD_LIMIT", "refused", "support"),
        (401, "ACCESS_DENIED", "refused", "plan"),
        (403, "ACCESS_DENIED", "refused", "rights"),
        (400, "WRONG_AUTH_TYPE", "refused", "only applications"),
        (403, "PORTAL_DELETED", "refused", "closed"),
        (401, "user_access_error", "refused", "rights"),
    ],
)
async def test_the_systems_errors_by_what_is_to_be_done(
    box: Box, status: int, code: str, state: str, advice: str
) -> None:
    await box.journal.append(direct())
    async with opened(there := portal()) as url:
        there.refusals = [(status, code, "call +985100000000 failed")] * 3
        async with box.forwarding(bitrix(box, url)) as forwarder:
            await until(lambda: forwarder.progress.state == state)
            assert advice in forwarder.progress.advice
            assert forwarder.progress.last_answer == f"HTTP {status} {code}"
            await box.settled()
            assert forwarder.progress.parked == 0
    assert there.external_ids() == externals(box, *FIVE)


async def test_a_refused_call_is_parked_with_the_portals_words(box: Box) -> None:
    await box.journal.append(direct())
    async with opened(there := portal()) as url:
        there.refusals = [(400, "ERROR_CORE", "Unsupported phone number format")] * 2
        async with box.forwarding(bitrix(box, url)) as forwarder:
            await box.settled()
            assert "Unsupported" not in forwarder.progress.last_answer
    (parked,) = await box.journal.parked("crm")
    assert parked.reason == "HTTP 400 ERROR_CORE: Unsupported phone number format"
    assert there.external_ids() == externals(box, *FIVE[1:])


async def test_a_wrong_default_user_is_an_alarm_and_parks_nothing(box: Box) -> None:
    await box.journal.append(captured("tda100-disa"))
    async with (
        opened(there := portal()) as url,
        box.forwarding(bitrix(box, url, default_user=7)) as forwarder,
    ):
        await until(lambda: forwarder.progress.state == "refused")
        assert "default_user" in forwarder.progress.advice
        there.ids = frozenset({7})
        await box.settled()
        assert forwarder.progress.parked == 0
    assert there.external_ids() == externals(box, "c1", "c2")


async def test_an_extension_without_user_is_asked_for_once(box: Box) -> None:
    await box.journal.append(direct())
    async with opened(there := portal()) as url:
        there.extensions = frozenset({"105", "106"})
        async with box.forwarding(bitrix(box, url)):
            await box.settled()
    inner = [body.get("USER_PHONE_INNER") for _, body, _ in there.said]
    assert inner.count("104") == 1
    assert there.external_ids() == externals(box, *FIVE)


@pytest.mark.parametrize("lost", range(1, 7))
async def test_a_lost_answer_doubles_nothing(box: Box, lost: int) -> None:
    """The answer to each request of three calls in turn."""
    await box.journal.append(story())
    async with opened(there := portal()) as url:
        lose_answer(there, lost)
        async with box.forwarding(bitrix(box, url)):
            await box.settled()
    assert there.external_ids() == externals(box, "c1", "c2", "c3")
    assert len(there.registered) == 3
    assert len(there.said) > 6
    assert await box.journal.parked("crm") == []


def lose_answer(there: Portal, nth: int, then: Callable[[], None] = lambda: None) -> None:
    """Lose the answer to the nth request; `then` comes after every request."""

    def after() -> None:
        if len(there.said) == nth - 1:
            there.bad_day.order("drop-answer", 1)
        then()

    there.after = after
    if nth == 1:
        after()


async def test_a_registration_that_the_portal_forgot_is_made_again(box: Box) -> None:
    await box.journal.append(story()[:1])
    async with opened(there := portal()) as url, box.forwarding(bitrix(box, url)):
        await box.settled()
        there.registered.clear()
        await box.journal.append(story()[1:2])
        await box.settled()
        assert there.external_ids() == externals(box, "c1")


async def test_where_the_statistics_may_not_be_read_a_doubtful_call_is_parked(box: Box) -> None:
    await box.journal.append(story()[:2])
    async with opened(there := portal()) as url:

        def refuse() -> None:
            method, body, answer = there.said[-1]
            if method.endswith("finish") and "USER_ID" in body and "error" in answer:
                there.refusals = [(403, "ACCESS_DENIED", "Access denied!")]

        async with box.forwarding(bitrix(box, url)):
            lose_answer(there, 2, refuse)
            await box.settled()
    assert there.external_ids() == externals(box, "c1")
    (parked,) = await box.journal.parked("crm")
    assert parked.reason.startswith("HTTP 400: Call is not found")


async def test_what_comes_again_is_known_also_after_a_restart(box: Box) -> None:
    """As after an outage, when a call of the backlog was sent ahead and its turn comes."""
    await box.journal.append([*story(), *direct()[5:]])
    async with opened(there := portal()) as url:
        async with box.forwarding(bitrix(box, url)):
            await box.settled()
        asked = len(there.said)
        box.journal.advance("crm", Position(0))
        async with box.forwarding(bitrix(box, url)):
            await box.settled()
    assert len(there.said) == asked


async def test_only_calls_are_told(box: Box) -> None:
    other = [msgspec.structs.replace(direct()[0], type="device.online", data=b'{"state":"x"}')]
    await box.journal.append([*other, *direct()[5:]])
    async with opened(there := portal()) as url, box.forwarding(bitrix(box, url)):
        await box.settled()
    assert there.said == []


async def test_a_call_that_cannot_be_read_is_parked(box: Box) -> None:
    broken = msgspec.structs.replace(direct()[0], data=b'{"call_id": "caf\xe9"}')
    await box.journal.append([broken, *direct()])
    async with opened(there := portal()) as url, box.forwarding(bitrix(box, url)):
        await box.settled()
    assert [each.sequence for each in await box.journal.parked("crm")] == [1]
    assert there.external_ids() == externals(box, *FIVE)


async def test_notes_of_old_calls_go_and_nothing_else(box: Box) -> None:
    late = [
        msgspec.structs.replace(event, time=event.time + 2 * KEPT, subject="call/late")
        for event in _renamed(direct()[:2])
    ]
    await box.journal.append(story()[:5])
    async with opened(portal()) as url:
        async with box.forwarding(bitrix(box, url)):
            await box.settled()
        assert set(await box.journal.notes("crm")) == {"c1", "c2"}
        open_call = story()[5:6]  # rings, and nobody ever tells its end
        await box.journal.append([*open_call, *late])
        async with box.forwarding(bitrix(box, url)):
            await box.settled()
            await box.journal.append([msgspec.structs.replace(late[0], time=late[0].time + KEPT)])
            await box.settled()
    assert set(await box.journal.notes("crm")) == {"c3", "late-c1", "late-c2"}


def _renamed(events: list[Sealed]) -> list[Sealed]:
    def data(event: Sealed) -> bytes:
        fields: dict[str, Any] = msgspec.json.decode(event.data)
        return msgspec.json.encode(fields | {"call_id": f"late-{fields['call_id']}"})

    return [msgspec.structs.replace(event, data=data(event)) for event in events]


async def test_the_portals_limit_is_kept(box: Box) -> None:
    """Where the box pours no faster than the bucket leaks, the portal refuses nothing."""
    await box.journal.append([event for n in range(6) for event in _calls(n)])
    there = Portal(depth=10.0, leak=100.0)
    async with opened(there) as url, box.forwarding(bitrix(box, url, bucket=Bucket(90.0, 8.0))):
        await box.settled()
    assert not [answer for _, _, answer in there.said if "error" in answer]
    assert len(there.finished) == 30


def _calls(prefix: int) -> list[Sealed]:
    def data(event: Sealed) -> bytes:
        fields: dict[str, Any] = msgspec.json.decode(event.data)
        return msgspec.json.encode(fields | {"call_id": f"{prefix}-{fields['call_id']}"})

    return [msgspec.structs.replace(event, data=data(event)) for event in direct()]


async def test_beyond_the_limit_calls_come_later(box: Box) -> None:
    await box.journal.append(direct())
    still = chain(repeat(0.0, 8), iter(time.monotonic, None))  # so that none leaks out at first
    there = Portal(depth=3.0, leak=500.0, now=lambda: next(still))
    async with opened(there) as url, box.forwarding(bitrix(box, url)):
        await box.settled()
    assert there.external_ids() == externals(box, *FIVE)
    assert [answer for _, _, answer in there.said if "QUERY_LIMIT_EXCEEDED" in str(answer)]


async def test_it_tells_the_time_to_a_box_that_has_none(box: Box) -> None:
    async with opened(portal()) as url:
        destination = bitrix(box, url)
        await destination.start()
        heard = await destination.ask_time("5f3a9c01")
        await destination.close()
    assert heard is not None
    assert heard.received - heard.sent < timedelta(seconds=5).total_seconds()
