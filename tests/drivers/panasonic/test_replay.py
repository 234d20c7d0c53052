"""On every connection an exchange sends all that it stores; only what is new counts."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.panasonic.replay import WINDOW, remember, unseen

LINES = [f"09/03/26 08:{n // 60:02d}     104 02 {n:07d}" for n in range(WINDOW * 4)]


def had(lines: list[str]) -> list[int]:
    window: list[int] = []
    remember(window, lines)
    return window


def test_the_first_connection_is_all_new() -> None:
    assert list(unseen([], LINES[:7])) == LINES[:7]


@pytest.mark.parametrize("count", [1, 5, WINDOW - 1, WINDOW, WINDOW + 1, WINDOW * 3])
def test_nothing_new(count: int) -> None:
    assert list(unseen(had(LINES[:count]), LINES[:count])) == []


@pytest.mark.parametrize("stored", [1, 50, WINDOW, WINDOW * 2, WINDOW * 3])
@pytest.mark.parametrize("new", [1, 3, 49])
def test_new_lines_behind_what_we_had(stored: int, new: int) -> None:
    """The exchange stores less than we know, as much, or more."""
    known = LINES[: WINDOW * 3]
    replay = LINES[: WINDOW * 3 + new][-stored:]
    expected = LINES[WINDOW * 3 : WINDOW * 3 + new][-stored:]
    assert list(unseen(had(known), replay)) == expected


def test_all_was_overwritten_while_we_were_away() -> None:
    assert list(unseen(had(LINES[:300]), LINES[400:500])) == LINES[400:500]


def test_an_exchange_that_forgot_everything() -> None:
    assert list(unseen(had(LINES[:300]), [])) == []
    assert list(unseen(had(LINES[:300]), LINES[300:303])) == LINES[300:303]


@pytest.mark.parametrize("held", range(4))
def test_equal_lines_count_as_often_as_they_come(held: int) -> None:
    same = LINES[0]
    window = had([LINES[5], *[same] * held])
    replay = [LINES[5], *[same] * 3, LINES[6]]
    assert list(unseen(window, replay)) == [*[same] * (3 - held), LINES[6]]


def test_trailing_blanks_do_not_make_a_line_new() -> None:
    padded = [f"{line}   " for line in LINES[:20]]
    assert list(unseen(had(LINES[:20]), [*padded, LINES[20]])) == [LINES[20]]


@pytest.mark.parametrize("place", [1, 150, 198, 199])
def test_a_line_that_came_damaged_the_first_time(place: int) -> None:
    """What we read wrong may come again, everything else must not."""
    heard = LINES[:WINDOW]
    heard[place] = heard[place].replace("104", "1?4")
    assert list(unseen(had(heard), LINES[: WINDOW + 2])) == [
        LINES[place],
        *LINES[WINDOW : WINDOW + 2],
    ]


def test_equal_lines_are_counted_beside_a_damaged_one_too() -> None:
    same = LINES[9]
    heard = [*LINES[:5], "09/03/26 08:0? damaged", same, same]
    replay = [*LINES[:6], same, same, same]
    assert list(unseen(had(heard), replay)) == [LINES[5], same]


def test_the_window_is_bounded() -> None:
    window: list[int] = []
    for line in LINES * 5:
        remember(window, [line])
    assert len(window) == WINDOW


@given(
    seed=st.integers(0, 1000),
    known=st.integers(0, 3 * WINDOW),
    new=st.integers(0, 60),
    more=st.integers(9, 3 * WINDOW),
)
def test_any_sizes(seed: int, known: int, new: int, more: int) -> None:
    """Lines of a busy minute repeat; those that are new come out, no more and no fewer.

    The exchange stores the new ones and at least the lines of the two minutes before.
    """
    rng = random.Random(seed)
    lines: list[str] = []
    minute = 0
    while len(lines) < known + new:
        minute += 1
        kinds = [f"{minute:05d} EXT{rng.randrange(3)}" for _ in range(rng.randint(1, 4))]
        lines += kinds
    lines = lines[: known + new]
    assert list(unseen(had(lines[:known]), lines[-(new + more) :])) == lines[known:]
