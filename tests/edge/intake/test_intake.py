"""What a device told, on its way into a real journal."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from drivers.events import DeviceState
from edge.intake.clock import BoxClock, Reading
from edge.intake.intake import Intake
from edge.intake.numbers import NumberPlan
from edge.intake.seal import Seal
from edge.journal.journal import Journal
from edge.journal.retime import Timeline

WALL = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
SKEWED = DeviceState("alarm", "clock-skew", "The exchange's clock is 62 minutes behind.")
RIGHT_AGAIN = DeviceState("online", "clock-skew-over", "The exchange's clock is right again.")


def kernel(wall: datetime) -> Reading:
    moment = BoxClock("boot", Timeline(), Reading(0, 0, synchronized=False)).now()
    return Reading(wall.timestamp(), moment.monotonic, synchronized=False)


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    journal = await Journal.open(tmp_path / "journal.sqlite")
    yield journal
    await journal.close()


async def test_an_alarm_stands_until_its_end_is_told(journal: Journal) -> None:
    clock = BoxClock("boot", Timeline(), kernel(WALL))
    intake = Intake(Seal("pbx1", "boot", NumberPlan()), journal, clock.now)
    other = DeviceState("alarm", "unreadable", "Check the line.")
    await intake.emit([SKEWED, other], b"")
    assert [alarm.code for alarm in intake.alarms] == ["clock-skew", "unreadable"]
    await intake.emit([RIGHT_AGAIN], b"")
    assert [alarm.code for alarm in intake.alarms] == ["unreadable"]
    assert [event.type for event in await journal.read(0)] == [
        "device.alarm",
        "device.alarm",
        "device.online",
    ]


async def test_since_when_an_alarm_stands_follows_the_clock(journal: Journal) -> None:
    clock = BoxClock("boot", Timeline(), kernel(datetime(1970, 1, 1, tzinfo=UTC)))
    intake = Intake(Seal("pbx1", "boot", NumberPlan()), journal, clock.now)
    await intake.emit([SKEWED], b"")
    assert intake.alarms[0].since.year == 1970
    clock.look(kernel(WALL))
    assert abs((intake.alarms[0].since - WALL).total_seconds()) < 5
