"""Tickets: each form of login, renewal, and a user that is not let in."""

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from edge.delivery.destinations.payamgostar import login
from edge.delivery.destinations.payamgostar.login import Slowness
from tests.edge.delivery.call_store.office import case

if TYPE_CHECKING:
    from edge.delivery.destinations.payamgostar.settings import LoginForm
    from edge.delivery.destinations.payamgostar.stand_in import Version
    from tests.edge.delivery.destinations.payamgostar.conftest import PayamGostarOffice

V1, V2 = "POST /api/v1/auth", "POST /api/v2/auth/login"


@pytest.mark.parametrize(
    ("version", "wanted", "asked"),
    [
        ("v1", "auto", [V1]),
        ("v2", "auto", [V1, V2]),
        ("v2-json", "auto", [V1, V2, V2]),
        ("v1", "v1", [V1]),
        ("v2", "v2", [V2]),
        ("v2-json", "v2", [V2, V2]),
    ],
)
async def test_each_form_of_login(
    office: "PayamGostarOffice", version: "Version", wanted: "LoginForm", asked: list[str]
) -> None:
    office.crm.version = version
    office.login = wanted
    await office.tell(*case("ended-only"))
    assert office.asked("/auth") == asked
    assert len(office.crm.calls) == 1


async def test_the_form_that_worked_is_the_only_one_asked_again(
    office: "PayamGostarOffice",
) -> None:
    office.crm.version = "v2-json"
    async with office.forwarding():
        await office.journal.append(case("incoming-answered")[:1])
        await office.settled()
        office.crm.lose_tickets()
        await office.journal.append(case("incoming-answered")[1:])
        await office.settled()
    assert office.asked("/auth") == [V1, V2, V2, V2]


async def test_a_lost_ticket_is_renewed_and_nothing_is_sent_twice(
    office: "PayamGostarOffice",
) -> None:
    async with office.forwarding():
        for event in case("transferred"):
            await office.journal.append([event])
            await office.settled()
            office.crm.lose_tickets()
    assert office.crm.logins == 4
    assert [len(call.channels) for call in office.crm.calls] == [2]
    unauthorized = [seen for seen in office.seen if seen.status == 401]
    assert len(unauthorized) == 3


@pytest.mark.parametrize(("seconds", "renewed_after"), [(7200, 3600 - 60), (600, 540), (60, 30)])
async def test_a_ticket_is_renewed_before_it_ends_and_after_an_hour(
    office: "PayamGostarOffice",
    monkeypatch: pytest.MonkeyPatch,
    seconds: int,
    renewed_after: float,
) -> None:
    now = 1000.0
    monkeypatch.setattr(login, "monotonic", lambda: now)
    office.crm.ticket_seconds = seconds
    ringing, answered, ended = case("incoming-answered")
    async with office.forwarding():
        await office.journal.append([ringing])
        await office.settled()
        now += renewed_after - 1
        await office.journal.append([answered])
        await office.settled()
        assert office.crm.logins == 1
        now += 2
        await office.journal.append([ended])
        await office.settled()
    assert office.crm.logins == 2
    assert [seen for seen in office.seen if seen.status != 200] == []


async def test_a_changed_password_is_one_alarm_and_the_user_is_not_locked(
    office: "PayamGostarOffice",
) -> None:
    office.password = "the-old-one"
    office.slowness = Slowness()
    await office.journal.append(case("incoming-answered"))
    async with office.forwarding() as forwarder:
        await office.until(lambda: forwarder.progress.state == "refused")
        assert "password" in forwarder.progress.advice
        assert forwarder.progress.last_answer == "login: HTTP 401"
        tries = forwarder._failures
        await office.until(lambda: forwarder._failures >= tries + 10)
    assert office.crm.logins == 1
    assert office.asked() == [V1]
    office.password = office.crm.password
    await office.tell()
    assert [call.type for call in office.crm.calls] == [2]


async def test_a_refused_login_is_tried_again_later_and_later(
    office: "PayamGostarOffice", monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(login, "monotonic", lambda: now)
    office.password = "the-old-one"
    office.slowness = Slowness()
    await office.journal.append(case("ended-only"))
    tried: list[float] = []
    async with office.forwarding() as forwarder:
        while len(tried) < 6:
            before, failures = office.crm.logins, forwarder._failures
            await office.until(lambda low=failures: forwarder._failures > low + 1)  # type: ignore[misc]
            if office.crm.logins > before:
                tried.append(now)
            now += 200
    waits = [later - sooner for sooner, later in pairwise(tried)]
    assert all(wait >= least for wait, least in zip(waits, (300, 600, 1200, 2400), strict=False))
    assert max(waits) <= 3600 + 200


async def test_a_locked_user(office: "PayamGostarOffice") -> None:
    office.crm.locked = True
    await office.journal.append(case("ended-only"))
    async with office.forwarding() as forwarder:
        await office.until(lambda: forwarder.progress.state == "refused")
        assert "locked" in forwarder.progress.advice
        office.crm.locked = False
        await office.settled()
    assert len(office.crm.calls) == 1


async def test_a_user_without_the_right_is_not_logged_in_over_and_over(
    office: "PayamGostarOffice",
) -> None:
    office.misbehave("403", on="POST /api/v1/telephony")
    await office.journal.append(case("ended-only"))
    async with office.forwarding() as forwarder:
        await office.until(lambda: len(office.asked("POST /api/v1/telephony")) >= 4)
        assert forwarder.progress.state == "refused"
        assert "right" in forwarder.progress.advice
        office.misbehave("none")
        await office.settled()
    assert len(office.crm.calls) == 1
    assert office.crm.logins <= len(office.asked("POST /api/v1/telephony"))


@pytest.mark.parametrize("status", [404, 405, 410])
async def test_no_login_at_the_address(office: "PayamGostarOffice", status: int) -> None:
    office.misbehave(str(status), on="POST /api/v")
    await office.journal.append(case("ended-only"))
    async with office.forwarding() as forwarder:
        await office.until(lambda: forwarder.progress.state == "refused")
        assert "address" in forwarder.progress.advice
        office.misbehave("none")
        await office.settled()


@pytest.mark.parametrize("mode", ["html", "truncated", "hang-up", "drop-answer", "stall"])
async def test_a_login_that_comes_to_nothing_is_tried_again(
    office: "PayamGostarOffice", mode: str
) -> None:
    office.patience = 1.0
    office.misbehave(mode, on="POST /api/v1/auth", requests=2, seconds=60.0)
    await office.tell(*case("incoming-answered"))
    assert [call.type for call in office.crm.calls] == [2]
