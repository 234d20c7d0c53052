"""Branches are simulated minute by minute: calls at random around a day's profile."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from drivers.contract import Moment
from edge.checks.habit import Habit, Silence
from edge.checks.holidays import IRAN

TEHRAN = ZoneInfo("Asia/Tehran")
SATURDAY = datetime(2026, 10, 3, 0, 0, tzinfo=TEHRAN)
HOUR = timedelta(hours=1)
DAY = 24 * HOUR
MONDAY = datetime(2026, 11, 16, 0, 0, tzinfo=TEHRAN)
"""A usual one, six weeks later."""
LOOK = timedelta(minutes=5)

Profile = Callable[[datetime], float]
"""Calls in an hour, at a local time."""


def moment(at: datetime, *, trusted: bool = True, live: bool = True) -> Moment:
    return Moment(at.astimezone(UTC), at.timestamp(), trusted=trusted, live=live)


def office(a_day: float) -> Profile:
    """Eight to sixteen with a dip at noon, half of Thursday; some wrong numbers at other times."""

    def rate(local: datetime) -> float:
        usual = a_day / 8
        if local.weekday() == 4 or not 8 <= local.hour < 16:
            return usual / 200
        if IRAN.kind(local.date()) == "holiday":
            return usual / 200
        if local.weekday() == 3:
            return usual if local.hour < 12 else usual / 100
        return usual / 2 if local.hour == 13 else usual

    return rate


@dataclass
class Branch:
    """A device and its habit. `alarms`: when it became quiet."""

    rate: Profile
    seed: int
    now: datetime = SATURDAY
    habit: Habit = field(default_factory=lambda: Habit(TEHRAN))
    alarms: list[datetime] = field(default_factory=list)
    quiet: Silence | None = None

    def __post_init__(self) -> None:
        self.random = Random(self.seed)

    def run(self, until: datetime, *, dead: bool = False, trusted: bool = True) -> None:
        while self.now < until:
            rate = 0.0 if dead else self.rate(self.now.astimezone(self.habit._zone))
            for at in sorted(self._calls(rate)):
                self.habit.note(moment(at, trusted=trusted))
            self.now = _later(self.now, LOOK)
            before, self.quiet = self.quiet, self.habit.silence(moment(self.now, trusted=trusted))
            if self.quiet and not before:
                self.alarms.append(self.now)

    def _calls(self, rate: float) -> Iterator[datetime]:
        passed = self.random.expovariate(rate / 3600) if rate else 1e9
        while passed < LOOK.total_seconds():
            yield _later(self.now, timedelta(seconds=passed))
            passed += self.random.expovariate(rate / 3600)

    def dies(self, at: datetime) -> timedelta:
        """How long it takes to notice."""
        self.run(at)
        assert not self.quiet
        while not self.quiet:
            self.run(self.now + HOUR, dead=True)
            assert self.now < at + 30 * DAY, "never noticed"
        return self.alarms[-1] - at


def _later(at: datetime, by: timedelta) -> datetime:
    return (at.astimezone(UTC) + by).astimezone(at.tzinfo)


def wavering(profile: Profile) -> Profile:
    """Some days have half as many calls as others."""

    def rate(local: datetime) -> float:
        return profile(local) * Random(local.toordinal()).uniform(0.6, 1.4)

    return rate


@pytest.mark.parametrize("a_day", [1, 5, 30, 300, 2000])
def test_a_working_branch_is_hardly_ever_called_quiet(a_day: int) -> None:
    alarms = []
    for seed in range(2):
        branch = Branch(wavering(office(a_day)), seed)
        branch.run(SATURDAY + 2 * 91 * DAY)
        alarms += branch.alarms
    assert len(alarms) <= 1, alarms  # of four quarters


@pytest.mark.parametrize(
    ("a_day", "limit"),
    [(2000, 0.5 * HOUR), (300, 1.5 * HOUR), (100, 3 * HOUR), (30, 30 * HOUR), (5, 6 * DAY)],
)
def test_a_death_in_office_hours_is_noticed(a_day: int, limit: timedelta) -> None:
    for seed in range(3):
        assert Branch(office(a_day), seed).dies(MONDAY + 9 * HOUR + HOUR / 2) <= limit


def test_a_day_that_is_perhaps_a_holiday_is_a_working_day_once_calls_come_as_on_one() -> None:
    perhaps = MONDAY - 2 * DAY
    assert IRAN.kind(perhaps.date()) == "perhaps"
    assert Branch(office(300), 1).dies(perhaps + 10 * HOUR) <= 2 * HOUR

    closed = Branch(office(300), 1)
    closed.run(perhaps)
    closed.run(perhaps + DAY, dead=True)
    assert not closed.alarms


def test_holidays_are_lived_like_fridays() -> None:
    nowruz = datetime(2027, 3, 21, tzinfo=TEHRAN)
    branch = Branch(office(300), 1, now=nowruz - 56 * DAY)
    branch.run(nowruz)
    branch.run(nowruz + 4 * DAY, dead=True)
    assert not branch.alarms

    elsewhere = Branch(office(300), 1, now=nowruz - 56 * DAY, habit=Habit(ZoneInfo("Asia/Dubai")))
    elsewhere.run(nowruz)
    elsewhere.run(nowruz + 4 * DAY, dead=True)
    assert elsewhere.alarms


def test_a_new_device_is_quiet_after_four_working_days_and_not_before() -> None:
    branch = Branch(office(300), 1)
    branch.run(SATURDAY + 2 * DAY)
    branch.run(SATURDAY + 7 * DAY + 5 * HOUR, dead=True)
    assert not branch.alarms
    branch.run(SATURDAY + 7 * DAY + 6 * HOUR, dead=True)
    assert branch.quiet is not None
    assert branch.quiet.expected is None
    assert branch.quiet.since is not None
    assert branch.quiet.since < SATURDAY + 2 * DAY


def test_rest_days_do_not_count_against_a_new_device() -> None:
    wednesday = SATURDAY + 4 * DAY
    branch = Branch(office(300), 1, now=wednesday)
    branch.run(wednesday + 2 * HOUR + 7 * DAY, dead=True)
    noticed = branch.alarms[0] - wednesday
    assert timedelta(days=5, hours=11) <= noticed <= timedelta(days=5, hours=12)


def test_a_device_that_never_had_a_call_stays_quiet_however_long() -> None:
    branch = Branch(office(300), 1)
    branch.run(SATURDAY + 30 * DAY, dead=True)
    assert branch.quiet == Silence(None, None)
    assert len(branch.alarms) == 1


def test_an_outage_of_a_week_is_not_taken_for_a_habit() -> None:
    branch = Branch(office(300), 1)
    branch.run(MONDAY)
    branch.run(MONDAY + 7 * DAY, dead=True)
    assert len(branch.alarms) == 1
    assert branch.dies(MONDAY + 8 * DAY + 10 * HOUR) <= 1.5 * HOUR


def test_a_branch_that_really_became_slow_is_learned_anew() -> None:
    branch = Branch(office(300), 1)
    branch.run(MONDAY)
    branch.rate = office(10)
    branch.run(MONDAY + 84 * DAY)
    noticed = len(branch.alarms)
    branch.run(MONDAY + 112 * DAY)
    assert noticed > 0
    assert len(branch.alarms) - noticed <= 2


def test_while_the_clock_is_wrong_nothing_is_learned_or_told() -> None:
    branch = Branch(office(300), 1)
    branch.run(MONDAY + 10 * HOUR)
    wrong = Branch(office(300), 2, now=datetime(1970, 1, 1, tzinfo=TEHRAN), habit=branch.habit)
    before = branch.habit.kept()
    wrong.run(wrong.now + 14 * DAY, trusted=False)
    wrong.run(wrong.now + 2 * DAY, dead=True, trusted=False)
    assert not wrong.alarms
    assert Habit(TEHRAN, branch.habit.kept())._calls == Habit(TEHRAN, before)._calls
    assert branch.dies(MONDAY + 12 * HOUR) <= 1.5 * HOUR


def test_a_replayed_record_ends_a_silence_and_teaches_nothing() -> None:
    branch = Branch(office(300), 1)
    branch.dies(MONDAY + 10 * HOUR)
    calls = list(branch.habit._calls)
    branch.habit.note(moment(branch.now, live=False))
    assert branch.habit.silence(moment(branch.now)) is None
    assert branch.habit._calls == calls


def test_time_in_which_nobody_looked_is_no_silence() -> None:
    branch = Branch(office(300), 1)
    branch.run(MONDAY + 9 * HOUR)
    branch.now = MONDAY + 7 * DAY + 10 * HOUR
    branch.run(branch.now + HOUR / 6, dead=True)
    assert not branch.alarms


def test_summer_time_moves_no_habit() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    monday = datetime(2026, 10, 26, tzinfo=berlin)  # the clock went back on Sunday

    def morning(local: datetime) -> float:
        return 60.0 if 8 <= local.hour < 12 and local.weekday() < 5 else 0.0

    branch = Branch(morning, 1, now=monday - 56 * DAY, habit=Habit(berlin))
    branch.run(monday + 5 * DAY)
    assert not branch.alarms
    assert branch.dies(monday + 7 * DAY + 8 * HOUR + HOUR / 2) < HOUR
    learned = branch.habit._calls
    assert max(learned[0 * 24 + 7], learned[0 * 24 + 12]) < 0.1
    assert learned[8] > 40


def test_a_habit_and_a_silence_survive_a_restart_in_few_bytes() -> None:
    branch = Branch(office(30), 3)
    branch.run(MONDAY + 11 * HOUR)
    branch.run(MONDAY + 14 * HOUR, dead=True)
    assert not branch.alarms
    kept = branch.habit.kept()
    assert len(kept) <= 800

    branch.habit = Habit(TEHRAN, kept)
    branch.run(MONDAY + 2 * DAY, dead=True)
    assert branch.quiet is not None
    assert branch.quiet.since is not None
    assert branch.quiet.since < MONDAY + 11 * HOUR

    again = Habit(TEHRAN, branch.habit.kept())
    assert again.silence(moment(branch.now)) == branch.quiet


@pytest.mark.parametrize("kept", [b"\x00", b"nonsense", Habit(TEHRAN).kept()[:-3], b"\x93\xc4\x00"])
def test_a_state_that_cannot_be_read_begins_anew(kept: bytes) -> None:
    assert Habit(TEHRAN, kept).kept() == Habit(TEHRAN).kept()


def test_calls_in_one_breath_count_once() -> None:
    habit = Habit(TEHRAN)
    for second in range(10):
        habit.note(moment(MONDAY + timedelta(seconds=second)))
    assert sum(habit._calls) == 1
