"""What the long form makes of a finding; its parts themselves run short in the other tests."""

from random import Random

import pytest

from tests.system.faults import parts, soak
from tests.system.faults.checker import Vitals
from tests.system.faults.parts import Found, Part
from tests.system.faults.writing import Work


def _loses(_works: dict[str, Work], rounds: int, rng: Random) -> Found:
    found = Found()
    found.add(rounds, 40, ["lost: one", "lost: another", "overtaken: a third"])
    assert rng.random() == Random("seed").random()
    return found


def _breaks(_works: dict[str, Work], _rounds: int, _rng: Random) -> Found:
    raise AssertionError("not within 30 s")


def test_findings_of_all_parts_stand_in_the_table() -> None:
    found = Found()
    for run in (_loses, _loses, _breaks):
        found.join(parts.run(Part("kills", 25, "seed", run), {}))
    header, _, row = soak._table({"kills": found})
    cells = dict(zip(header.split(" | "), row.split(" | "), strict=True))
    assert cells["rounds"] == "75"
    assert cells["acknowledged"] == "80"
    assert (cells["lost"], cells["doubled"], cells["order broken"]) == ("4", "0", "2")
    assert cells["other |"] == "1 |"
    assert "seed seed" in found.lines[-1]
    assert "not within 30 s" in found.lines[-1]


@pytest.mark.parametrize("rounds", [3, 500])
def test_as_many_faults_are_planned_as_were_asked_for(rounds: int) -> None:
    planned = list(soak._faults(rounds, 1))
    kills = sum(part.rounds for part in planned if part.line == "kills of the box")
    cuts = sum(part.rounds for part in planned if part.line == "power cuts of the box")
    assert (kills, cuts) == (2 * rounds, rounds)
    assert len({part.seed for part in planned}) == len(planned), "chance differs in each part"


def test_vitals_of_parts_are_compared() -> None:
    found = Found()
    found.join(Found(vitals=(Vitals(40_000, 20),)))
    found.join(Found(vitals=(Vitals(60_000, 20),)))
    (line,) = soak._grown(found)
    assert line.startswith("grown: ")
