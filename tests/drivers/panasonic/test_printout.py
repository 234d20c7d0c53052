"""Pages, line ends, and what a model refuses to print."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from drivers.panasonic.printout import (
    Entry,
    Exchange,
    Pager,
    Printed,
    exchange_of,
    lay_out,
    with_headings,
)

TEHRAN = ZoneInfo("Asia/Tehran")
TDA = exchange_of("KX-TDA100", TEHRAN)
TDA_B = replace(TDA, layout="tda-b")
TDA_C = replace(TDA, layout="tda-c")
TA = exchange_of("KX-TES824", TEHRAN)
START = datetime(2026, 3, 7, 7, 0, tzinfo=UTC)


def records(count: int, exchange: Exchange) -> list[Printed]:
    entry = Entry(at=START, shows=START, extension="107", line=8, dial="09000000456", duration=65)
    text = lay_out(entry, exchange)
    return [Printed(START + timedelta(seconds=number), text) for number in range(count)]


def test_carriage_return_alone_may_end_a_line() -> None:
    (line,) = records(1, replace(TDA, line_end="\r"))

    assert line.text.endswith(b" \r")
    assert len(line.text) == 81


class TestPages:
    def test_a_heading_comes_first_and_then_never_again(self) -> None:
        printed = records(60, TDA)
        pages = list(with_headings(printed, TDA))

        assert pages[0].text == (
            b"\x0c"
            b"  Date     Time    Ext CO        Dial Number        Ring Duration  Acc code  CD \r\n"
            b"--------------------------------------------------------------------------------\r\n"
        )
        assert pages[0].at == printed[0].at
        assert pages[1:] == printed

    def test_a_full_page_brings_the_next_heading(self) -> None:
        exchange = replace(TDA_B, page_length=6)
        pages = list(with_headings(records(9, exchange), exchange))

        starts = [line.text.startswith(b"\x0c") for line in pages]
        assert starts == [position % 5 == 0 for position in range(12)]

    def test_ta_pages_begin_with_an_empty_line(self) -> None:
        assert Pager(TA).before_line() == (
            b"\r\n"
            b"  Date      Time  Ext. CO      Dial number                      Duration  Code  \r\n"
            b"--------------------------------------------------------------------------------\r\n"
        )

    def test_pattern_c_is_120_columns_wide(self) -> None:
        title, dashes, end = Pager(TDA_C).before_line().split(b"\r\n")

        assert len(title) == 121
        assert dashes == b"-" * 120
        assert end == b""


@pytest.mark.parametrize(
    ("model", "changes"),
    [
        ("KX-TES824", {"layout": "tda-a"}),
        ("KX-TES824", {"clock": "24h"}),
        ("KX-TDA100", {"layout": "ta"}),
        ("KX-TDA100", {"model": "KX-TD1232"}),
    ],
)
def test_what_a_model_cannot_print_is_refused(model: str, changes: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="KX-T"):
        replace(exchange_of(model, TEHRAN), **changes)  # type: ignore[arg-type]
