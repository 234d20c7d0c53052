"""Delays, without waiting for any."""

from edge.delivery.backoff import Pace


def test_the_ceiling_doubles_from_one_second_to_five_minutes() -> None:
    pace = Pace()
    assert [pace.ceiling(n) for n in range(1, 12)] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    assert pace.ceiling(100_000) == 300


def test_full_jitter_uses_the_whole_width() -> None:
    waits = sorted(Pace().after_failure(20) for _ in range(2000))
    assert 0 <= waits[0] < 10
    assert 290 < waits[-1] <= 300
    assert 120 < waits[1000] < 180


def test_an_order_is_never_cut_short_but_has_a_limit() -> None:
    pace = Pace()
    waits = [pace.after_order(30, 1) for _ in range(1000)]
    assert min(waits) >= 30
    assert max(waits) <= 60
    assert 3600 <= pace.after_order(10**9, 1) <= 3600 + 300
    assert 0 <= pace.after_order(-5, 1) <= 1


def test_all_that_got_one_order_come_back_over_as_long_a_time_again() -> None:
    waits = sorted(Pace().after_order(30, 1) for _ in range(2000))
    assert waits[0] < 31
    assert 43 < waits[1000] < 47
    assert waits[-1] > 59


def test_many_failures_spread_an_order_further() -> None:
    assert max(Pace().after_order(1, 20) for _ in range(1000)) > 200


def test_a_refusal_is_asked_again_slowly() -> None:
    waits = [Pace().after_refusal() for _ in range(1000)]
    assert min(waits) >= 150
    assert max(waits) <= 300
