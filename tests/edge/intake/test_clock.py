"""The box's clock on fed readings. Monotonic time starts at 1000; the true time is TRUE + that."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.intake.clock import BoxClock, Reading, read_kernel
from edge.intake.peer_time import DRIFT, PeerClock, PeerTime
from edge.journal.retime import Timeline, to_utc

TRUE = datetime(2026, 11, 21, 8, 0, tzinfo=UTC).timestamp() - 1000
HOUR = 3600.0
DAY = 24 * HOUR
MILLISECOND = timedelta(milliseconds=1)


def kernel(at: float, off: float = 0.0, *, synchronized: bool = False) -> Reading:
    """What the kernel says at a monotonic time, its wall clock being off by so much."""
    return Reading(TRUE + at + off, at, synchronized)


def answer(sent: float, received: float, *, off: float = 0.0, written: float = 0.5) -> PeerTime:
    """A CRM's Date, written at this part of the round trip; its clock is off by so much."""
    at = sent + written * (received - sent)
    return PeerTime(to_utc(TRUE + at + off).replace(microsecond=0), sent, received)


def box(first: Reading, timeline: Timeline | None = None) -> BoxClock:
    return BoxClock("boot", timeline or Timeline(), first)


def off(clock: BoxClock, at: float) -> float:
    """Seconds by which the clock is wrong at a monotonic time."""
    return (clock.at(at) - to_utc(TRUE + at)).total_seconds()


def test_the_kernel_as_it_is_on_this_machine() -> None:
    wall, monotonic, begun = time.time(), time.monotonic(), datetime.now(UTC)
    reading = read_kernel()
    assert wall <= reading.wall <= time.time()
    assert monotonic <= reading.monotonic <= time.monotonic()
    now = BoxClock("boot", Timeline(), reading).now()
    assert now.trusted == reading.synchronized
    assert begun - MILLISECOND <= now.utc <= datetime.now(UTC) + MILLISECOND


def test_without_trust_the_clock_follows_the_wall_and_learns_nothing() -> None:
    clock = box(kernel(1000, -56 * 365 * DAY))
    assert clock.source is None
    clock.look(kernel(1001, -HOUR))
    assert off(clock, 1001) == -HOUR
    assert clock.timeline == Timeline()


def test_a_disciplined_kernel_is_believed_at_once() -> None:
    clock = box(kernel(1000, -DAY))
    clock.look(kernel(1060, synchronized=True))
    assert clock.source == "kernel"
    assert clock.now().trusted
    assert off(clock, 1060) == 0
    assert clock.timeline.true_time("boot", 1000) == to_utc(TRUE + 1000)
    assert clock.since == to_utc(TRUE + 1060)


def test_the_kernel_wins_over_the_crm() -> None:
    clock = box(kernel(1000, synchronized=True))
    clock.hear(answer(1001, 1001.1, off=-DAY))
    assert (clock.source, off(clock, 1001)) == ("kernel", 0)


def test_the_crm_is_believed_without_a_time_server() -> None:
    clock = box(kernel(1000, -DAY))
    clock.hear(answer(1001, 1001.2))
    assert clock.source == "crm"
    assert abs(off(clock, 1001)) < 1
    clock.look(kernel(1002, 400 * DAY))
    assert abs(off(clock, 1002)) < 1


def test_what_the_crm_said_grows_old() -> None:
    clock = box(kernel(1000, -DAY))
    clock.hear(answer(1001, 1001.2))
    clock.look(kernel(1000 + 6 * HOUR, -DAY))
    assert clock.source == "crm"
    clock.look(kernel(1000 + 12 * HOUR, -DAY))
    assert clock.source is None
    assert abs(off(clock, 1000 + 12 * HOUR)) < 1, "held, and not the wall clock"
    assert len(clock.timeline.points("boot")) == 2
    clock.hear(answer(1001 + 12 * HOUR, 1001.2 + 12 * HOUR))
    assert clock.source == "crm"


def test_trust_lost_holds_the_time_whatever_the_wall_shows() -> None:
    clock = box(kernel(1000, synchronized=True))
    clock.look(kernel(1001, -HOUR))
    assert clock.source is None
    assert not clock.now().trusted
    assert off(clock, 1001) == 0
    clock.look(kernel(1002, synchronized=True))
    assert clock.source == "kernel"


def test_a_restart_in_the_same_boot_knows_what_was_known() -> None:
    before = box(kernel(1000, synchronized=True))
    again = box(kernel(1100, -DAY), before.timeline)
    assert (again.source, off(again, 1100)) == (None, 0)
    other = BoxClock("another boot", before.timeline, kernel(50, -DAY))
    assert off(other, 50) == -DAY


def test_restarts_on_a_right_clock_write_nothing_new() -> None:
    timeline = box(kernel(1000, synchronized=True)).timeline
    for at in range(1001, 1100):
        clock = box(kernel(at, 0.01, synchronized=True), timeline)
        clock.look(kernel(at + 0.5, 0.02, synchronized=True))
        assert clock.timeline is timeline


@given(
    st.lists(
        st.tuples(st.floats(0, 600), st.floats(0.01, 3), st.floats(0, 1)), min_size=1, max_size=30
    ),
    st.floats(-DRIFT, DRIFT),
)
def test_answers_of_any_speed_tell_the_time_to_two_seconds(
    answers: list[tuple[float, float, float]], drift: float
) -> None:
    """`drift`: how wrong a second of our crystal is."""
    clock, now = PeerClock(), 1000.0
    for wait, trip, written in answers:
        now += wait
        heard = answer(now, now + trip, written=written, off=(now + written * trip) * drift)
        now += trip
        clock.hear(heard)
        offset = clock.offset(now)
        if offset is not None:
            assert abs(offset - TRUE - now * drift) <= 2.01
        else:
            assert trip > 2.9, "the round trip and one second are more than four"


def test_many_answers_are_better_than_one() -> None:
    clock = PeerClock()
    for number in range(40):
        clock.hear(answer(1000 + number * 7.13, 1000 + number * 7.13 + 0.05))
    offset = clock.offset(1300)
    assert offset
    assert abs(offset - TRUE) < 0.15


def test_one_answer_that_contradicts_all_others_is_not_believed() -> None:
    clock = PeerClock()
    clock.hear(answer(1000, 1000.1))
    clock.hear(answer(1010, 1010.1, off=-DAY))
    clock.hear(answer(1020, 1020.1))
    offset = clock.offset(1021)
    assert offset
    assert abs(offset - TRUE) < 1


def test_a_crm_whose_clock_was_set_is_followed_at_the_second_answer() -> None:
    clock = PeerClock()
    clock.hear(answer(1000, 1000.1, off=-DAY))
    clock.hear(answer(1010, 1010.1))
    assert abs((clock.offset(1011) or 0) - TRUE + DAY) < 1
    clock.hear(answer(1020, 1020.1))
    assert abs((clock.offset(1021) or 0) - TRUE) < 1


@pytest.mark.parametrize("year", [1970, 2025, 2056, 2106, 9999])
def test_a_crm_without_a_clock_is_not_heard(year: int) -> None:
    clock = PeerClock()
    for at in (1000, 1001):  # and does not bear itself out
        clock.hear(PeerTime(datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC), at, at + 0.1))
        assert clock.offset(at + 0.1) is None
    clock.hear(answer(1002, 1002.1))
    assert abs((clock.offset(1002.1) or 0) - TRUE) < 1


def test_a_slow_line_alone_tells_too_little() -> None:
    clock = PeerClock()
    clock.hear(answer(1000, 1005))
    assert clock.offset(1005) is None
