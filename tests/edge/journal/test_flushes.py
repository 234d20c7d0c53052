from collections.abc import Callable
from random import Random

import pytest

from edge.journal.flushes import Flushes
from edge.journal.journal import Journal
from edge.journal.records import Sealed


@pytest.mark.parametrize("seconds", [0.0002, 0.001, 0.0011, 0.02, 0.5, 3.0, 40.0])
def test_a_figure_is_never_less_than_the_truth_and_at_most_41_percent_more(seconds: float) -> None:
    flushes = Flushes()
    flushes.note(seconds, 10.0)
    times = flushes.times()
    assert times is not None
    assert times.p50 == times.p99
    assert seconds <= times.p99 <= max(0.001, seconds * 1.415)


def test_the_worst_of_a_hundred_is_the_p99_only_when_there_are_two() -> None:
    flushes = Flushes()
    for number in range(98):
        flushes.note(0.01, float(number))
    flushes.note(0.9, 98.0)
    once = flushes.times()
    flushes.note(0.01, 99.0)
    hundred = flushes.times()
    flushes.note(0.9, 100.0)
    twice = flushes.times()
    assert once
    assert hundred
    assert twice
    assert (once.p99 > 0.5, hundred.p99 > 0.5, twice.p99 > 0.5) == (True, False, True)
    assert twice.p50 < 0.02
    assert (twice.count, twice.seconds) == (101, 100.0)


def test_what_was_slow_is_forgotten_after_two_periods() -> None:
    flushes = Flushes()
    for second in range(400):
        flushes.note(2.0, float(second))
    for second in range(400, 1100):
        flushes.note(0.01, float(second))
    times = flushes.times()
    assert times is not None
    assert times.p99 < 0.02
    assert 300 <= times.seconds <= 900


def test_where_few_come_they_are_forgotten_after_two_hours() -> None:
    flushes = Flushes()
    for number in range(6):
        flushes.note(2.0 if number < 2 else 0.01, number * 1900.0)
    times = flushes.times()
    assert times is not None
    assert times.p99 < 0.02


def test_any_times_keep_it_small() -> None:
    rng = Random(1)
    flushes = Flushes()
    assert flushes.times() is None
    at = 0.0
    for _ in range(20_000):
        at += rng.expovariate(1)
        flushes.note(rng.lognormvariate(-4, 3), at)
    times = flushes.times()
    assert times is not None
    assert times.count < 1500
    assert flushes.count == 20_000
    assert 0 < times.p50 < times.p99


async def test_the_journal_times_each_commit(
    journal: Journal, sealed: Callable[..., Sealed]
) -> None:
    before = journal.flushes.count
    await journal.append([sealed(1)])
    await journal.append([sealed(2), sealed(3)])
    assert journal.flushes.count == before + 2
    times = journal.flushes.times()
    assert times is not None
    assert 0 < times.p99 < 10
