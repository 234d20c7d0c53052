"""Sentences for a person."""

import pytest

from edge.checks.words import halves, span
from edge.local.persian import ltr, persian


@pytest.mark.parametrize(
    ("advice", "wrong", "todo"),
    [
        ("It is off: set it.", "It is off", "Set it."),
        (
            "/dev/x is not there; ports found: /dev/y; check it",
            "/dev/x is not there; ports found: /dev/y",
            "Check it.",
        ),
        (
            "Another one is connected: end it; there can be one.",
            "Another one is connected",
            "End it; there can be one.",
        ),
        ("It took the events without a word.", "It took the events without a word.", ""),
        ("1.2.3.4:2300 is silent; look", "1.2.3.4:2300 is silent", "Look."),
    ],
)
def test_an_advice_has_two_halves(advice: str, wrong: str, todo: str) -> None:
    assert halves(advice) == (wrong, todo)


@pytest.mark.parametrize(
    ("seconds", "en", "fa"),
    [
        (900, "15 minutes", "۱۵ دقیقه"),
        (7199, "119 minutes", "۱۱۹ دقیقه"),
        (7200, "2 hours", "۲ ساعت"),
        (3 * 86400 + 5, "3 days", "۳ روز"),
        (-5, "2 minutes", "۲ دقیقه"),
    ],
)
def test_a_span_has_one_unit(seconds: float, en: str, fa: str) -> None:
    words = span(seconds)
    assert (words.en, words.fa) == (en, fa)


def test_what_stands_in_persian_text() -> None:
    assert persian(1380) == "۱۳۸۰"
    assert ltr("COM1:") == "\u2066COM1:\u2069"
