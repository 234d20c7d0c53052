from datetime import date, timedelta

import pytest

from edge.checks.holidays import ELSEWHERE, IRAN, calendar_of, iranian

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    "day",
    [
        date(2025, 3, 20),  # 30 Esfand 1403, which was a leap year
        date(2025, 3, 21),
        date(2026, 3, 20),  # 29 Esfand 1404
        date(2026, 3, 24),
        date(2026, 4, 1),
        date(2026, 4, 2),
        date(2026, 6, 4),
        date(2026, 6, 5),
        date(2026, 2, 11),
        date(2029, 3, 19),  # 29 Esfand 1407: the year 1408 begins on 20 March
        date(2029, 4, 1),
        date(2030, 3, 20),  # 30 Esfand 1408
    ],
)
def test_fixed_solar_holidays_fall_on_their_days(day: date) -> None:
    assert iranian(day) == "holiday"


@pytest.mark.parametrize(
    "day",
    [
        date(2018, 9, 20),  # Ashura
        date(2020, 5, 24),  # Fitr
        date(2023, 7, 28),
        date(2024, 4, 10),
        date(2024, 7, 16),
        date(2025, 6, 6),  # Adha
        date(2025, 8, 14),  # Arbaeen
        date(2026, 5, 27),
        date(2026, 6, 24),  # Tasua
        date(2026, 8, 30),
    ],
)
def test_proclaimed_lunar_holidays_are_within_the_doubt(day: date) -> None:
    assert iranian(day) == "perhaps"


def test_nowruz_goes_over_into_days_on_which_offices_may_be_closed() -> None:
    begun = date(2027, 3, 21)
    kinds = [iranian(begun + number * DAY) for number in range(13)]
    assert kinds == ["holiday"] * 4 + ["perhaps"] * 7 + ["holiday"] * 2


def test_most_days_of_any_coming_year_are_usual() -> None:
    for year in range(2026, 2060):
        days = [date(year, 1, 1) + number * DAY for number in range(365)]
        kinds = [iranian(day) for day in days]
        assert 9 <= kinds.count("holiday") <= 13, year
        assert 40 <= kinds.count("perhaps") <= 65, year


def test_an_iranian_week_ends_on_thursday_at_noon() -> None:
    saturday = date(2026, 10, 3)
    assert iranian(saturday) == "usual"
    worked = [IRAN.worked(saturday + number * DAY, 15) for number in range(7)]
    assert worked == [True] * 5 + [False, False]
    assert IRAN.worked(saturday + 5 * DAY, 9)
    assert not IRAN.worked(saturday + 6 * DAY, 9)


def test_only_iran_has_these_days() -> None:
    assert calendar_of("Asia/Tehran") is IRAN
    assert calendar_of("Europe/Berlin") is ELSEWHERE
    assert ELSEWHERE.worked(date(2026, 3, 21), 9)
    assert not ELSEWHERE.worked(date(2026, 3, 22), 9)
