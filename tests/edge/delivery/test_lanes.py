"""What goes first, as a matter of positions alone."""

import random

import pytest

from edge.delivery.cloudevents import MAX_EVENTS
from edge.delivery.lanes import Lane, joined, lanes, moved, parted
from edge.journal.records import Position

FAR = MAX_EVENTS + 1


def test_without_an_outage_all_goes_in_order() -> None:
    assert lanes(Position(7)) == (Lane(7, None),)
    assert parted(Position(7), 7 + MAX_EVENTS, after_outage=True) == Position(7)


def test_after_an_outage_new_events_go_ahead_of_the_backlog() -> None:
    position = parted(Position(7), 7 + FAR, after_outage=True)
    assert position == Position(7, (8 + FAR, 7 + FAR))
    assert lanes(position) == (Lane(7 + FAR, None), Lane(7, 7 + FAR))


@pytest.mark.parametrize(
    ("after_outage", "expected"),
    [(False, Position(7, (900, 950))), (True, Position(7, (951 + FAR, 950 + FAR)))],
)
def test_only_an_outage_gives_a_live_range_up(after_outage: bool, expected: Position) -> None:  # noqa: FBT001 - a parameter
    begun = Position(7, (900, 950))
    assert parted(begun, 950 + FAR, after_outage=after_outage) == expected


def test_the_ranges_join_when_the_backlog_ends() -> None:
    new, backlog = lanes(Position(7, (900, 950)))
    assert moved(Position(7, (900, 950)), new, 960) == Position(7, (900, 960))
    assert moved(Position(7, (900, 950)), backlog, 898) == Position(898, (900, 950))
    assert moved(Position(7, (900, 950)), backlog, 899) == Position(950)
    assert joined(Position(7, (900, 950))) == Position(950)


@pytest.mark.parametrize("seed", range(5))
def test_whatever_happens_each_event_goes_and_pending_counts_the_rest(seed: int) -> None:
    """A walk through outages and deliveries: pending is what was never sent since it was lost."""
    draw = random.Random(seed)
    position, newest, sent = Position(), 0, set[int]()
    for _ in range(300):
        newest += draw.choice((0, 0, 1, 3, 700))
        if draw.random() < 0.05:
            position = parted(position, newest, after_outage=True)
        lane = next(
            (each for each in lanes(position) if each.after < (each.through or newest)), None
        )
        if lane is not None:
            to = min(lane.after + draw.randint(1, MAX_EVENTS), lane.through or newest)
            sent.update(range(lane.after + 1, to + 1))
            position = moved(position, lane, to)
        settled = set(range(1, position.cursor + 1))
        if position.live:
            settled |= set(range(position.live[0], position.live[1] + 1))
        assert settled <= sent
        assert position.pending(newest) == newest - len(settled)
    while position.pending(newest):
        lane = next(each for each in lanes(position) if each.after < (each.through or newest))
        sent.update(range(lane.after + 1, (lane.through or newest) + 1))
        position = moved(position, lane, lane.through or newest)
    assert sent == set(range(1, newest + 1))
