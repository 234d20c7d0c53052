"""The writer is killed, or a system call of it fails, at one call after the other.

A kill may come in any phase of its life: the first start, an append, a commit, a checkpoint, a note
of the destination before its cursor is saved, the restart, a migration. A call may fail with an
error, write nothing, or write a part. In every case: nothing acknowledged is lost, nothing is there
twice, the process goes on or ends with one line, and the next start works.
"""

from random import Random

import pytest

from tests.system.faults.injection import (
    ERRORS,
    FLUSHES,
    KILLED,
    KILLS,
    Fault,
    torn_writes,
    until_clean,
)
from tests.system.faults.writer import FAILED
from tests.system.faults.writing import Work

STRIDE = 8.0
TORN = 4


@pytest.mark.parametrize("fault", KILLS, ids=str)
def test_a_kill_at_any_call_loses_nothing(
    fault: Fault, works: dict[str, Work], strace: str
) -> None:
    outcomes = list(until_clean(fault, works, strace, STRIDE))
    assert [line for outcome in outcomes for line in outcome.wrong] == []
    assert [outcome.ended for outcome in outcomes] == [KILLED] * (len(outcomes) - 1) + [0]
    assert len(outcomes) > 1


@pytest.mark.parametrize("fault", ERRORS, ids=str)
def test_an_error_at_any_call_loses_nothing(
    fault: Fault, works: dict[str, Work], strace: str
) -> None:
    outcomes = list(until_clean(fault, works, strace, STRIDE))
    assert [line for outcome in outcomes for line in outcome.wrong] == []
    assert outcomes[-1].ended == 0
    assert len(outcomes) > 1


@pytest.mark.parametrize("fault", FLUSHES, ids=str)
def test_a_failed_flush_ends_the_process(fault: Fault, works: dict[str, Work], strace: str) -> None:
    outcomes = list(until_clean(fault, works, strace, STRIDE))
    assert [line for outcome in outcomes for line in outcome.wrong] == []
    assert [outcome.ended for outcome in outcomes if outcome.hit] == [FAILED] * (len(outcomes) - 1)
    assert len(outcomes) > 1


def test_a_write_that_stops_in_the_middle_loses_nothing(works: dict[str, Work]) -> None:
    outcomes = list(torn_writes(works, Random(11), TORN))
    assert [line for outcome in outcomes for line in outcome.wrong] == []
    assert {outcome.ended for outcome in outcomes} == {FAILED}
