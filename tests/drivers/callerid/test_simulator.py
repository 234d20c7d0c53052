"""Random calls of every make, decoded, against what the simulated unit knows of them."""

from collections import Counter
from dataclasses import dataclass
from random import Random

import pytest

from drivers.callerid.day import Habits, TrueCall
from drivers.callerid.profiles import PROFILES
from drivers.callerid.simulator import SimulatedUnit, plan_unit
from drivers.callerid.unit_print import PRINTS
from drivers.events import Call
from tests.drivers.callerid.unit import NOON, Unit

DEAF = {"netcallerid", "modem-vcid"}
"""They hear rings and numbers, and never who lifts."""


@dataclass(frozen=True, order=True)
class Seen:
    direction: str
    line: str | None
    number: str | None
    outcome: str | None


def expected(call: TrueCall, profile: str) -> Seen | None:
    """What can be known of the call from this make's records."""
    line: str | None = f"{call.line:02d}" if profile == "whozz" else str(call.line)
    if profile in DEAF:
        line = None
        if call.direction == "outgoing" or (profile == "netcallerid" and not call.number):
            return None
        return Seen("incoming", line, call.number, "unknown")
    if call.direction == "outgoing":
        if not call.number:
            return None
        keys = call.number + call.keyed_after
        # Segal's closing record repeats all keys; the pause before the later ones tells them apart.
        return Seen("outgoing", line, call.number if call.keyed_after else keys, "unknown")
    return Seen("incoming", line, call.number, "answered" if call.answered else "missed")


def seen(call: Call) -> Seen:
    return Seen(call.direction, call.line, call.number, call.outcome)


def played(unit: SimulatedUnit) -> Unit:
    decoder = Unit(unit.profile)
    for at, data in unit.sent:
        decoder.at(at, data)
    decoder.rest()
    return decoder


def lines_of(profile: str) -> int:
    return 1 if profile in DEAF else 8


def test_every_profile_has_a_simulated_unit() -> None:
    assert set(PRINTS) == set(PROFILES)


@pytest.mark.parametrize("profile", sorted(PRINTS))
@pytest.mark.parametrize("seed", range(4))
def test_random_calls_are_what_they_were(profile: str, seed: int) -> None:
    habits = Habits(lines=lines_of(profile), gap=(75.0, 200.0))
    unit = plan_unit(profile, Random(seed), 40, habits)
    told = played(unit).told
    truth = [each for call in unit.calls if (each := expected(call, profile))]
    assert Counter(map(seen, told)) == Counter(truth)


@pytest.mark.parametrize("profile", sorted(PRINTS))
def test_times_are_those_of_arrival(profile: str) -> None:
    unit = plan_unit(profile, Random(9), 30, Habits(lines=1, gap=(75.0, 200.0)))
    answered = {round(call.answered): call for call in unit.calls if call.answered}
    for call in played(unit).told:
        if call.outcome == "answered":
            assert call.answered_at
            true = answered[round((call.answered_at - NOON).total_seconds())]
            assert call.talk_seconds == pytest.approx(true.ended - (true.answered or 0), abs=0.6)


@pytest.mark.parametrize("profile", sorted(set(PRINTS) - DEAF - {"danjeh-text", "whozz"}))
def test_noise_between_records_costs_no_call(profile: str) -> None:
    habits = Habits(lines=lines_of(profile), gap=(75.0, 200.0))
    unit = plan_unit(profile, Random(5), 40, habits, noise=0.1)
    truth = [each for call in unit.calls if (each := expected(call, profile))]
    assert Counter(map(seen, played(unit).told)) == Counter(truth)


@pytest.mark.parametrize("profile", sorted(PRINTS))
def test_a_call_ends_exactly_once(profile: str) -> None:
    unit = plan_unit(profile, Random(3), 30, Habits(lines=lines_of(profile)), noise=0.1)
    stages: dict[str, list[str]] = {}
    for call in played(unit).calls:
        stages.setdefault(call.call_id, []).append(call.stage)
    for told in stages.values():
        assert told.count("ended") == 1
        assert set(told[told.index("ended") + 1 :]) <= {"updated"}


def test_eight_lines_ring_at_once() -> None:
    unit = Unit()
    for ring in range(1, 4):
        for line in range(1, 9):
            if ring == 1:
                unit.later(0.01, f"L{line}C0912000{line:04d}@\r\n".encode())
            unit.later(0.01, f"L{line}R{ring:02d}@\r\n".encode())
        unit.later(5)
    for line in range(1, 5):
        unit.later(0.01, f"L{line}HF@\r\n".encode())
    unit.rest()
    assert {(call.line, call.number, call.outcome) for call in unit.told} == {
        (str(line), f"0912000{line:04d}", "unknown" if line < 5 else "missed")
        for line in range(1, 9)
    }
