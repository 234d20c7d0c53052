"""What the driver says about bytes of an unknown device: layout, order of the date, and nothing."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from zoneinfo import ZoneInfo

import pytest

from drivers.evidence import Evidence
from drivers.panasonic.day import Office, plan_day
from drivers.panasonic.driver import SPEC
from drivers.panasonic.printout import DateOrder, Layout, exchange_of, with_headings
from drivers.panasonic.settings import PanasonicSettings
from drivers.panasonic.simulator import print_calls

TEHRAN = ZoneInfo("Asia/Tehran")
LAYOUTS: list[tuple[str, Layout]] = [
    ("KX-TDA100", "tda-a"),
    ("KX-TDA100", "tda-b"),
    ("KX-TDA100", "tda-c"),
    ("KX-TES824", "ta"),
]


def paper(
    model: str,
    layout: Layout,
    order: DateOrder = "dmy",
    day: int = 21,
    *,
    headings: bool = True,
    seed: int = 1,
) -> list[bytes]:
    exchange = replace(
        exchange_of(model, TEHRAN), layout=layout, date_order=order, received=True, answered=True
    )
    start = datetime(2026, 11, day, 8, tzinfo=UTC)
    printed = print_calls(plan_day(Random(seed), Office(), 40, start), exchange)
    return [line.text for line in (with_headings(printed, exchange) if headings else printed)]


def evidence(data: bytes) -> Sequence[Evidence]:
    return SPEC.evidence(data)


@pytest.mark.parametrize(("model", "layout"), LAYOUTS)
@pytest.mark.parametrize("headings", [True, False])
def test_layout_is_told_and_every_byte_explained(
    model: str, layout: Layout, *, headings: bool
) -> None:
    data = b"".join(paper(model, layout, headings=headings))
    (found,) = evidence(data)
    assert found.settings["layout"] == layout
    assert "layout" not in found.choices
    assert found.records >= 40
    assert found.unread == 0
    assert found.read >= len(data) - 2


@pytest.mark.parametrize(("model", "layout"), LAYOUTS)
def test_one_line_of_any_kind_is_enough(model: str, layout: Layout) -> None:
    for line in paper(model, layout, headings=False):
        (found,) = evidence(b"\r\n" + line)
        assert (found.records, found.unread) == (1, 0), line
        assert found.settings["layout"] == layout, line


@pytest.mark.parametrize("order", ["dmy", "mdy", "ymd"])
def test_order_of_the_date_is_told_by_days_above_twelve(order: DateOrder) -> None:
    (found,) = evidence(b"".join(paper("KX-TDA100", "tda-a", order)))
    if order == "mdy":
        assert found.settings["date_order"] == "mdy"
        assert "date_order" not in found.choices
    else:  # 21/11/26 is a day of 2021 as well
        assert found.choices["date_order"] == ["dmy", "ymd"]


def test_order_that_only_the_clock_can_tell_stays_open() -> None:
    (found,) = evidence(b"".join(paper("KX-TDA100", "tda-a", "dmy", day=5)))
    assert found.settings["date_order"] == "auto"
    assert found.choices["date_order"] == ["auto", "dmy", "mdy", "ymd"]


@pytest.mark.parametrize(("model", "layout"), LAYOUTS)
def test_settings_and_every_choice_are_such_as_the_driver_takes(model: str, layout: Layout) -> None:
    (found,) = evidence(b"".join(paper(model, layout)))
    for field, values in found.choices.items():
        assert found.settings[field] == values[0]
        for value in values:
            made = PanasonicSettings(**{**found.settings, field: value})  # type: ignore[arg-type]
            assert made.problems() == []
    assert model in found.choices["model"]


@pytest.mark.parametrize(("model", "layout"), LAYOUTS)
def test_cut_ends_count_for_nothing(model: str, layout: Layout) -> None:
    lines = paper(model, layout, headings=False)[:6]
    data = b"".join(lines)
    for cut in range(1, len(lines[0])):
        (found,) = evidence(data[cut : len(data) - cut])
        assert found.unread == 0
        assert found.records in {4, 5} or cut == 1  # it may have taken a blank and a line end


def test_bytes_between_are_told_as_unread() -> None:
    lines = paper("KX-TDA100", "tda-a", headings=False)[:4]
    (found,) = evidence(lines[0] + b"\x86\x9e~no line\r\n" + b"".join(lines[1:]))
    assert (found.records, found.unread) == (4, 12)


def test_kx_t1232_is_warned_of_where_its_lines_look_alike() -> None:
    (found,) = evidence(b"".join(paper("KX-TES824", "ta")))
    assert "KX-T1232" in found.beware[0]


def test_nothing_is_said_of_other_bytes() -> None:
    rng = Random(4)
    assert not evidence(b"")
    for _ in range(200):
        assert not evidence(rng.randbytes(rng.randrange(400)))
    assert not evidence(b"L1C09120001122@\r\nL1R01@\r\nL1HND: T0046@\r\n" * 5)
    whozz = b"01 I S 0276 G B3 09/26 11:28 AM 800-555-1212   NAME\r\n"
    assert not evidence(whozz * 4)
    assert not evidence(b"\r\nRING\r\n\r\nDATE = 0321\r\nTIME = 1405\r\nNMBR = 09120001122\r\n")
