"""A planned day keeps its proportions, and no line or extension carries two calls at once."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest

from drivers.panasonic.day import Office, TrueCall, plan_day

START = datetime(2026, 3, 7, 4, 30, tzinfo=UTC)
OFFICE = Office()


def plan(seed: int, calls: int = 100, gap_seconds: float = 75.0) -> list[TrueCall]:
    return plan_day(Random(seed), OFFICE, calls, START, gap_seconds)


def overlaps(calls: Iterable[TrueCall]) -> list[tuple[TrueCall, TrueCall]]:
    ordered = sorted(calls, key=lambda call: call.start)
    return [(one, other) for one, other in pairwise(ordered) if other.start <= one.end]


@pytest.mark.parametrize("seed", range(5))
def test_every_hundred_calls_have_the_promised_proportions(seed: int) -> None:
    calls = plan(seed, 300)
    incoming = [call for call in calls if call.direction == "incoming"]
    answered = [call for call in incoming if call.talks]
    outgoing = [call for call in calls if call.direction == "outgoing"]

    assert len(answered) == 3 * 45
    assert Counter(call.way for call in answered) == {"extension": 60, "group": 60, "disa": 15}
    assert sum(len(call.talks) > 1 for call in answered) == 3 * 8
    missed = [call for call in incoming if not call.talks]
    assert Counter(call.way for call in missed) == {"extension": 21, "group": 24}
    assert len(outgoing) == 3 * 30
    assert sum(call.talks[0].seconds == 0 for call in outgoing) == 3 * 6
    assert sum(bool(call.keyed) for call in outgoing) == 3 * 4
    assert sum(call.keyed.startswith("*") for call in outgoing) == 3 * 2
    assert sum(call.direction == "internal" for call in calls) == 3 * 10


@pytest.mark.parametrize("gap_seconds", [5.0, 75.0])
def test_a_line_carries_one_call_at_a_time(gap_seconds: float) -> None:
    calls = plan(11, 400, gap_seconds)

    for line in OFFICE.lines:
        on_line = [call for call in calls if call.line == line]
        assert len(on_line) > 10
        assert overlaps(on_line) == []
    assert overlaps(call for call in calls if call.line is not None)


@pytest.mark.parametrize("gap_seconds", [5.0, 75.0])
def test_an_extension_is_in_one_call_at_a_time(gap_seconds: float) -> None:
    calls = plan(12, 400, gap_seconds)

    for extension in OFFICE.extensions:
        theirs = [
            call
            for call in calls
            if extension in (call.extension, *(talk.extension for talk in call.talks))
            or (call.direction == "internal" and call.number == extension)
        ]
        assert theirs
        assert overlaps(theirs) == []


def test_times_within_a_call_follow_each_other() -> None:
    for call in plan(13, 300):
        answered = call.start + timedelta(seconds=call.ring_seconds + call.disa_seconds)
        assert call.start < call.end
        if call.direction == "incoming" and not call.talks:
            assert call.end == answered
        for talk, following in pairwise(call.talks):
            assert (following.start == talk.end) is call.consulted
            assert following.start >= talk.end
            assert following.extension != talk.extension
        if call.talks:
            assert call.talks[0].start >= answered
            assert call.talks[-1].end == call.end


def test_some_callers_hide_their_number_and_then_have_no_name() -> None:
    incoming = [call for call in plan(14, 400) if call.direction == "incoming"]
    hidden = [call for call in incoming if call.number is None]

    assert 0 < len(hidden) < len(incoming) / 3
    assert {call.name for call in hidden} == {None}
    assert any(call.name for call in incoming)


def test_the_same_seed_makes_the_same_day_and_another_a_different_one() -> None:
    assert plan(15) == plan(15)
    assert plan(15) != plan(16)


def test_calls_are_as_many_as_asked_for_in_the_order_of_their_start() -> None:
    calls = plan(17, 37)

    assert len(calls) == 37
    assert calls == sorted(calls, key=lambda call: call.start)
    assert calls[0].start > START
