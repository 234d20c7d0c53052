"""How the settings of a line hold the backlog up, with the time fed."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from edge.delivery.restraint import Forwarding, Restraint
from edge.journal.records import Stored
from tests.edge.delivery.conftest import call

TEHRAN = ZoneInfo("Asia/Tehran")  # 3 h 30 min ahead of UTC all year


def _at(hour: int, minute: int, hours: str) -> float:
    local = datetime(2026, 11, 21, hour, minute, tzinfo=TEHRAN)
    settings = Forwarding(backlog_quiet_hours=hours)
    assert settings.problems() == []
    return Restraint(settings, TEHRAN, lambda: local.astimezone(UTC)).backlog_waits(0.0)


@pytest.mark.parametrize(
    ("hour", "minute", "hours", "minutes"),
    [
        (7, 59, "08:00-16:30", 0),
        (8, 0, "08:00-16:30", 510),
        (16, 29, "08:00-16:30", 1),
        (16, 30, "08:00-16:30", 0),
        (23, 0, "22:00-06:00", 420),
        (5, 0, "22:00-06:00", 60),
        (12, 0, "22:00-06:00", 0),
    ],
)
def test_quiet_hours_of_the_sites_day(hour: int, minute: int, hours: str, minutes: int) -> None:
    assert _at(hour, minute, hours) == minutes * 60


def test_no_hour_is_quiet_while_nobody_knows_the_time() -> None:
    settings = Forwarding(backlog_quiet_hours="00:00-23:00")
    assert Restraint(settings, TEHRAN, lambda: None).backlog_waits(0.0) == 0.0


@pytest.mark.parametrize("hours", ["8-16", "08:00-24:00", "08:00-08:00", "08:00-07:30", "x"])
def test_hours_that_cannot_be(hours: str) -> None:
    ((field, message),) = Forwarding(backlog_quiet_hours=hours).problems()
    assert field == "backlog_quiet_hours"
    assert message.startswith("must ")


def test_the_backlog_keeps_its_rate_over_many_batches() -> None:
    restraint = Restraint(Forwarding(backlog_kbit_per_second=64))
    clock = 100.0
    for _ in range(50):  # 8000 bytes are a second of 64 kbit/s
        clock += restraint.backlog_waits(clock)
        restraint.backlog_sent(8000, clock)
    assert clock == pytest.approx(149.0)
    assert restraint.backlog_waits(1000.0) == 0.0


def test_a_metered_line_gathers_what_nobody_waits_for() -> None:
    ended = Stored(sequence=1, **msgspec.structs.asdict(call(1)))
    ringing = msgspec.structs.replace(ended, type="call.ringing")
    metered = Restraint(Forwarding(metered=True))
    assert metered.gathers([ended])
    assert not metered.gathers([ended, ringing])
    assert not Restraint().gathers([ended])
