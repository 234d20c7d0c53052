"""A kill and a power cut inside each phase of a journal's life lose, double and mix nothing.

Kills at every system call of a phase are in test_system_calls; here the moment is chance, as it is
in a branch, and each round proves by what it left on the disk that it fell into the phase.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from tests.system.faults import moments
from tests.system.faults.disk import Disk
from tests.system.faults.moments import Moment
from tests.system.faults.phases import PHASES, Phase, rounds
from tests.system.faults.writing import Work

NewDisk = Callable[..., Disk]
KILLS = 2
CUTS = 1


@pytest.mark.parametrize("phase", PHASES, ids=str)
def test_kills_in_a_phase(phase: Phase, works: dict[str, Work]) -> None:
    found = list(rounds(phase, works, KILLS, Random(5)))
    assert [line for each in found for line in each.wrong] == []
    assert sum(each.inside for each in found) == KILLS, "the kills miss the phase"


@pytest.mark.parametrize("phase", PHASES, ids=str)
def test_power_cuts_in_a_phase(phase: Phase, works: dict[str, Work], new_disk: NewDisk) -> None:
    found = list(rounds(phase, works, CUTS, Random(6), new_disk(96)))
    assert [line for each in found for line in each.wrong] == []
    assert sum(each.inside for each in found) == CUTS, "the cuts miss the phase"


def test_a_moment_is_read_from_the_log(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE event (data BLOB)")
        connection.execute("PRAGMA cache_size = 4")
        assert moments.look(path) == Moment(frames=2)
        connection.execute("BEGIN")
        connection.execute("INSERT INTO event VALUES (zeroblob(200000))")  # more than the cache
        assert moments.look(path) == Moment(frames=2, committing=True)
        connection.execute("COMMIT")
        after = moments.look(path)
        assert after.frames > 50
        assert after == Moment(after.frames)
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        assert moments.look(path) == Moment(after.frames)
    assert moments.look(path) == Moment()
