"""What is seen over time: the last hour, how long a state lasts, how long an event waits."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from drivers.contract import Moment
from edge.checks.card_reading import CardWatch
from edge.checks.habits import Habits
from edge.checks.observer import Observer
from edge.intake.clock import BoxClock, Reading
from edge.journal.journal import Journal, Position, Sealed
from edge.journal.retime import Timeline
from edge.local.status import Status
from tests.edge.checks.conftest import DESTINATION, DEVICE, START, STATUS

BOOT = "boot"


class FedClock(BoxClock):
    """The box's clock, at a time that the test says."""

    def __init__(self) -> None:
        super().__init__(BOOT, Timeline(), Reading(START.timestamp(), 1000.0, synchronized=True))
        self.at_seconds = 0.0

    def now(self) -> Moment:
        utc = START + timedelta(seconds=self.at_seconds)
        return Moment(utc, 1000.0 + self.at_seconds, trusted=True, live=True)


class Box:
    """An observer and what it looks at."""

    def __init__(self, journal: Journal, folder: Path) -> None:
        self.clock = FedClock()
        self.journal = journal
        self.calls = self.unread = 0
        self.state = "delivering"
        self.link = "online"
        self.habits = Habits(["pbx1"], ZoneInfo("Asia/Tehran"), journal)
        card = CardWatch(folder, journal.flushes)
        self.observer = Observer(self.status, journal, self.clock, self.habits, card)

    def status(self) -> Status:
        device = msgspec.structs.replace(
            DEVICE, calls=self.calls, unrecognized=self.unread, state=self.link
        )
        destination = msgspec.structs.replace(DESTINATION, state=self.state)
        return msgspec.structs.replace(STATUS, devices=(device,), destinations=(destination,))


@pytest.fixture
def box(journal: Journal, tmp_path: Path) -> Box:
    return Box(journal, tmp_path)


@pytest.fixture
def sealed() -> Callable[[float], Sealed]:
    """An event of this boot, stored so many seconds after the start."""

    def make(at: float) -> Sealed:
        return Sealed(
            device="pbx1",
            type="call.ended",
            subject=None,
            time=START - timedelta(days=20000),  # 1972: no wall time counts within a boot
            timequality="estimated",
            boot=BOOT,
            monotonic=1000.0 + at,
            data=b"{}",
        )

    return make


async def test_the_last_hour_forgets_what_is_older(box: Box) -> None:
    seen = []
    for minute in range(0, 181, 10):
        box.clock.at_seconds = minute * 60.0
        box.calls, box.unread = 2 * minute, minute
        (device,) = (await box.observer.look()).devices
        seen.append((device.hour_calls, device.hour_unrecognized))
    assert seen[:7] == [(20 * n, 10 * n) for n in range(7)]
    assert seen[7:] == [(120, 60)] * 12


async def test_a_state_lasts_until_another_is_seen(box: Box) -> None:
    steady = []
    for at, state in ((0, "delivering"), (30, "retrying"), (60, "retrying"), (700, "delivering")):
        box.clock.at_seconds, box.state = float(at), state
        (destination,) = (await box.observer.look()).destinations
        steady.append(destination.steady)
    assert steady == [0, 0, 30, 0]


async def test_the_oldest_undelivered_event_tells_how_long_it_waits(
    box: Box, journal: Journal, sealed: Callable[[float], Sealed]
) -> None:
    (destination,) = (await box.observer.look()).destinations
    assert destination.oldest_waits is None
    await journal.append([sealed(0.0), sealed(100.0)])
    box.clock.at_seconds = 7200.0
    (destination,) = (await box.observer.look()).destinations
    assert destination.oldest_waits == 7200.0
    journal.advance("crm", Position(1))
    (destination,) = (await box.observer.look()).destinations
    assert destination.oldest_waits == 7100.0
    journal.advance("crm", Position(2))
    (destination,) = (await box.observer.look()).destinations
    assert destination.oldest_waits is None


async def test_a_silence_counts_only_while_the_link_is_up(box: Box) -> None:
    """A new device is quiet after 72 working hours; see edge/checks/habit.py."""
    await _live(box, days=14)
    (device,) = (await box.observer.look()).devices
    assert device.silence is not None
    box.habits.heard("pbx1")(box.clock.now())
    (device,) = (await box.observer.look()).devices
    assert device.silence is None
    box.link = "offline"
    await _live(box, days=14)
    (device,) = (await box.observer.look()).devices
    assert device.silence is None


async def _live(box: Box, days: int) -> None:
    for _ in range(days * 24 * 12):
        box.clock.at_seconds += 300.0
        await box.observer.look()
