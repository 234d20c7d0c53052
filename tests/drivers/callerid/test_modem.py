"""A modem is set up when it is opened, and what it says meanwhile is not lost."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from time import monotonic

import pytest

from drivers.callerid import modem
from drivers.callerid.driver import CallerIdDriver
from drivers.callerid.settings import CallerIdSettings
from drivers.callerid.simulated_modem import SimulatedModem
from drivers.contract import Moment, Surroundings
from drivers.errors import DeviceRefused, LinkLost
from drivers.events import Call, DeviceState, Fact
from tests.drivers.callerid.unit import ZONE

FIRST = "ATE0V1S0=0"


def now() -> Moment:
    at = monotonic()
    utc = datetime(2026, 3, 9, tzinfo=UTC) + timedelta(seconds=at)
    return Moment(utc, at, trusted=True, live=True)


async def said_by(unit: SimulatedModem, until: int = 1, profile: str = "modem-vcid") -> list[Fact]:
    """What the driver reports until it has emitted so often; then the modem is pulled out."""
    facts: list[Fact] = []
    emitted = 0

    async def emit(news: Sequence[Fact], _memory: bytes) -> None:
        nonlocal emitted
        facts.extend(news)
        emitted += 1
        if emitted >= until:
            unit.unplug()

    settings = CallerIdSettings(profile=profile)
    driver = CallerIdDriver(settings, Surroundings(ZONE, "t"), now)
    async with asyncio.timeout(60):
        with pytest.raises(LinkLost):
            await driver.run(unit, emit, b"")
    return facts


def codes(facts: Sequence[Fact]) -> list[str]:
    return [fact.code for fact in facts if isinstance(fact, DeviceState)]


async def test_commands_are_tried_until_one_is_taken() -> None:
    unit = SimulatedModem({FIRST, "AT#CID=1"})
    facts = await said_by(unit)
    assert unit.taken == [FIRST, "AT+VCID=1", "AT#CID=1"]
    assert codes(facts) == ["connected"]
    assert unit.shows_caller


async def test_a_ring_during_the_set_up_is_not_lost() -> None:
    unit = SimulatedModem({FIRST, "AT+VCID=1"})
    unit.shows_caller = True
    unit.ring("09120001122")
    facts = await said_by(unit)
    calls = [fact for fact in facts if isinstance(fact, Call)]
    assert [(call.stage, call.number) for call in calls] == [
        ("ringing", None),
        ("updated", "09120001122"),
    ]


async def test_a_modem_that_knows_no_caller_id_is_told_and_served() -> None:
    facts = await said_by(SimulatedModem({FIRST}))
    assert codes(facts) == ["connected", "modem-refuses"]


async def test_a_modem_that_says_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modem, "ANSWER_SECONDS", 0.05)
    facts = await said_by(SimulatedModem(()))
    assert codes(facts) == ["connected", "modem-silent"]


async def test_to_a_caller_id_box_nothing_is_sent() -> None:
    unit = SimulatedModem({FIRST})
    await said_by(unit, profile="segal-c")
    assert unit.taken == []


async def test_a_profile_that_went_away_is_told() -> None:
    with pytest.raises(DeviceRefused, match="gone: the name: is not known"):
        await said_by(SimulatedModem(()), profile="gone")
