"""Each model's paper, line by line, and what can be known from it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import pytest

from drivers.panasonic.day import Office, Talk, TrueCall, plan_day
from drivers.panasonic.expected import Expected, ExpectedLeg, expected
from drivers.panasonic.printout import MODELS, TDA_MODELS, Exchange, exchange_of
from drivers.panasonic.simulator import print_calls

TEHRAN = ZoneInfo("Asia/Tehran")
START = datetime(2026, 3, 7, 6, 59, 58, tzinfo=UTC)  # 10:29:58 in Tehran
TDA = exchange_of("KX-TDA100", TEHRAN)
TDA_B = replace(TDA, layout="tda-b")
TDA_C = replace(TDA, layout="tda-c")
TA = exchange_of("KX-TES824", TEHRAN)
NS = exchange_of("KX-NS500", TEHRAN)


def after(seconds: int) -> datetime:
    return START + timedelta(seconds=seconds)


def paper(call: TrueCall, exchange: Exchange) -> list[str]:
    printed = print_calls([call], exchange)
    return [line.text.decode("latin-1").removesuffix(exchange.line_end) for line in printed]


def moments(call: TrueCall, exchange: Exchange) -> list[int]:
    return [round((line.at - START).total_seconds()) for line in print_calls([call], exchange)]


def known(call: TrueCall, exchange: Exchange) -> Expected:
    (only,) = expected(call, exchange)
    return only


DIRECT = TrueCall(
    direction="incoming",
    start=START,
    end=after(67),
    extension="105",
    line=3,
    number="09000000123",
    name="TABAN",
    did="38400100",
    ring_seconds=5,
    talks=(Talk("105", after(5), 62),),
)
MISSED = replace(DIRECT, end=after(24), ring_seconds=24, talks=())
GROUP_MISSED = replace(MISSED, extension="601", way="group")
GROUP = replace(
    DIRECT,
    extension="601",
    way="group",
    ring_seconds=17,
    end=after(107),
    talks=(Talk("109", after(17), 12), Talk("112", after(37), 70)),
)
CONSULTED = replace(
    GROUP,
    consulted=True,
    talks=(Talk("109", after(17), 12), Talk("112", after(29), 70)),
    end=after(99),
)
DISA = replace(
    DIRECT,
    extension="691",
    way="disa",
    ring_seconds=2,
    disa_seconds=20,
    end=after(90),
    talks=(Talk("105", after(30), 60),),
)
OUTGOING = TrueCall(
    direction="outgoing",
    start=START,
    end=after(75),
    extension="107",
    line=8,
    number="09000000456",
    keyed="*12#",
    account="13",
    talks=(Talk("107", after(10), 65),),
)
UNANSWERED = replace(OUTGOING, keyed="", account=None, talks=(Talk("107", after(30), 0),))
INTERNAL = TrueCall(direction="internal", start=START, end=after(40), extension="108", number="102")


class TestPatternA:
    def test_an_answered_call_prints_ring_answer_and_end(self) -> None:
        exchange = replace(TDA, received=True, answered=True)

        assert paper(DIRECT, exchange) == [
            "07/03/26 10:29     105 03 <I>09000000123                                     RC ",
            "07/03/26 10:30     105 03 <I>09000000123            0'05                     AN ",
            "07/03/26 10:31     105 03 <I>09000000123            0'05 00:01'02               ",
        ]
        assert moments(DIRECT, exchange) == [0, 5, 67]

    def test_without_those_switches_only_the_end_is_printed(self) -> None:
        assert moments(DIRECT, TDA) == [67]

    def test_a_missed_call_is_printed_when_ringing_ends(self) -> None:
        assert paper(MISSED, TDA) == [
            "07/03/26 10:30     105 03 <I>09000000123            0'24 00:00'00            NA ",
        ]
        assert moments(MISSED, TDA) == [24]

    def test_a_group_call_prints_the_group_at_the_answer_and_members_at_their_end(self) -> None:
        assert paper(GROUP, replace(TDA, received=True)) == [
            "07/03/26 10:29     601 03 <I>09000000123                                     RC ",
            "07/03/26 10:30     601 03 <I>09000000123            0'17 00:00'00               ",
            "07/03/26 10:30     109 03 <I>09000000123            0'00 00:00'12               ",
            "07/03/26 10:31     112 03 <I>09000000123            0'00 00:01'10            TR ",
        ]
        assert moments(GROUP, TDA) == [17, 29, 107]

    def test_a_consultation_is_an_intercom_line_before_the_leg_that_asked(self) -> None:
        assert paper(CONSULTED, TDA)[1:3] == [
            "07/03/26 10:30     109    EXT112                                                ",
            "07/03/26 10:30     109 03 <I>09000000123            0'00 00:00'12               ",
        ]

    def test_disa_prints_its_own_time_and_the_extension_it_reached(self) -> None:
        assert paper(DISA, replace(TDA, answered=True)) == [
            "07/03/26 10:30     691 03 <I>09000000123            0'02                     AN ",
            "07/03/26 10:30     691 03 <I>09000000123            0'02 00:00'20            D0 ",
            "07/03/26 10:31     105 03 <I>09000000123            0'00 00:01'00            TR ",
        ]

    def test_outgoing_and_internal_calls(self) -> None:
        assert paper(OUTGOING, TDA) == [
            "07/03/26 10:31     107 08 09000000456*12#                00:01'05 13            ",
        ]
        assert paper(INTERNAL, TDA) == [
            "07/03/26 10:30     108    EXT102                                                ",
        ]
        assert paper(INTERNAL, replace(TDA, internal=False)) == []

    def test_did_name_marker_date_order_and_clock_are_the_installers(self) -> None:
        exchange = replace(
            TDA, did=True, names="after", clock="12h", date_order="ymd", marker="<INCOMING>"
        )

        assert paper(replace(DIRECT, number="3111222"), exchange) == [
            "26/03/07 10:31AM   105 03 <D>38400100<INCOMING>3111 0'05 00:01'02               ",
        ]
        assert paper(DIRECT, replace(TDA, names="after"))[0][26:51] == "<I>09000000123 TABAN     "
        assert paper(DIRECT, replace(NS, names="before"))[0][26:51] == "<I>TABAN09000000123      "

    def test_a_hidden_number_leaves_the_marker_alone(self) -> None:
        assert paper(replace(DIRECT, number=None, name=None), TDA)[0][26:52] == "<I>".ljust(26)

    def test_counters_stop_at_their_limit(self) -> None:
        long = replace(DIRECT, ring_seconds=700, talks=(Talk("105", after(700), 400_000),))

        assert paper(long, TDA)[0][52:65] == "9'59 99:59'59"
        assert known(long, TDA).talk_seconds is None
        assert known(long, TDA).ring_seconds == 599

    def test_the_hundredth_line_has_no_name(self) -> None:
        assert paper(replace(DIRECT, line=100), TDA)[0][23:25] == "00"
        assert paper(replace(DIRECT, line=100), TDA_C)[0][23:27] == "0100"


class TestPatternB:
    def test_there_is_a_cost_and_no_ring_time(self) -> None:
        exchange = replace(TDA_B, received=True)

        assert paper(DIRECT, exchange) == [
            "07/03/26 10:29    105 03 <I>09000000123                                      RC ",
            "07/03/26 10:31    105 03 <I>09000000123       00:01'02   00000.00               ",
        ]
        assert known(DIRECT, exchange).ring_seconds is None

    def test_a_column_of_twenty_cuts_the_number(self) -> None:
        exchange = replace(TDA_B, did=True)

        assert paper(DIRECT, exchange)[0][25:46] == "<D>38400100<I>090000 "
        assert known(DIRECT, exchange).number == "090000"
        assert known(DIRECT, exchange).did == "38400100"

    def test_an_extension_of_five_digits_touches_the_clock(self) -> None:
        call = replace(DIRECT, talks=(Talk("20105", after(5), 62),))

        assert paper(call, replace(TDA_B, clock="12h"))[0].startswith("07/03/26 10:31AM20105 03 ")


class TestPatternC:
    def test_a_group_call(self) -> None:
        number = "<I>09000000123".ljust(50)

        assert [line.rstrip() for line in paper(CONSULTED, TDA_C)] == [
            f"07/03/26 10:30     601 0003 {number} 0'17 00:00'00    00000.00",
            "07/03/26 10:30     109      EXT112",
            f"07/03/26 10:30     109 0003 {number} 0'00 00:00'12    00000.00",
            f"07/03/26 10:31     112 0003 {number} 0'00 00:01'10    00000.00            TR",
        ]
        assert {len(line) for line in paper(CONSULTED, TDA_C)} == {120}


class TestTaTe:
    def test_an_answered_call_prints_a_ring_notice_and_its_end_with_the_answer_time(self) -> None:
        assert paper(DIRECT, TA) == [
            " 3/ 7/26  10:29AM      03   <    incoming    >09000000123                 ....  ",
            " 3/ 7/26  10:30AM 105  03   <    incoming    >09000000123       00:01'02\" ....  ",
        ]
        assert moments(DIRECT, TA) == [0, 67]

    def test_a_transfer_has_a_star_and_its_own_time(self) -> None:
        later = replace(GROUP, start=after(9000), talks=(GROUP.talks[0], Talk("112", after(62), 9)))

        assert paper(later, replace(TA, ring_notice=False)) == [
            " 3/ 7/26  10:30AM 109  03   <    incoming    >09000000123       00:00'12\" ....  ",
            " 3/ 7/26 *10:31AM 112  03   <    incoming    >09000000123       00:00'09\" ....  ",
        ]

    def test_afternoons_and_midnights_have_no_leading_zero(self) -> None:
        afternoon = replace(DIRECT, talks=(Talk("105", after(3600 * 4), 62),))
        midnight = replace(DIRECT, talks=(Talk("105", after(3600 * 14), 62),))

        assert paper(afternoon, TA)[1][9:17] == "  2:29PM"
        assert paper(midnight, TA)[1][:17] == " 3/ 8/26  12:29AM"

    def test_a_missed_call_leaves_its_ring_notice_or_nothing(self) -> None:
        assert moments(MISSED, TA) == [0]
        assert known(GROUP_MISSED, TA).outcome == "missed"
        assert known(MISSED, TA).extension is None
        for silent in (replace(MISSED, number=None, name=None), MISSED):
            exchange = replace(TA, ring_notice=silent.number is None)
            assert paper(silent, exchange) == []
            assert expected(silent, exchange) == ()

    def test_disa_is_a_marker_and_a_code(self) -> None:
        assert paper(DISA, TA)[1] == (
            " 3/ 7/26  10:30AM 105  03   < DISA  incoming >09000000123       00:01'00\" .... 0"
        )
        assert known(DISA, TA).legs == (ExpectedLeg("105", 60, transferred=False),)

    def test_outgoing_with_account_and_no_intercom(self) -> None:
        assert paper(OUTGOING, TA) == [
            " 3/ 7/26  10:30AM 107  08 09000000456*12#                       00:01'05\" ..13  ",
        ]
        assert paper(INTERNAL, TA) == []
        assert expected(INTERNAL, TA) == ()
        assert len(expected(CONSULTED, TA)) == 1

    def test_a_caller_has_sixteen_digits_at_most(self) -> None:
        call = replace(DIRECT, number="1234567890123456789")

        assert paper(call, TA)[1][46:64] == "1234567890123456  "
        assert known(call, TA).number == "1234567890123456"


class TestExpected:
    def test_a_transferred_group_call(self) -> None:
        assert expected(GROUP, TDA) == (
            Expected(
                direction="incoming",
                line="03",
                extension="109",
                number="09000000123",
                ring_seconds=17,
                talk_seconds=82,
                outcome="answered",
                legs=(
                    ExpectedLeg("109", 12, transferred=False),
                    ExpectedLeg("112", 70, transferred=True),
                ),
                hidden_extensions=("601",),
            ),
        )

    def test_a_consultation_is_an_internal_call_of_its_own(self) -> None:
        _, consultation = expected(CONSULTED, TDA)

        assert consultation == Expected(
            direction="internal",
            line=None,
            extension="109",
            number="112",
            outcome="unknown",
            legs=(ExpectedLeg("109", None, transferred=False),),
        )

    def test_missed_calls_name_the_rung_extension_but_no_group(self) -> None:
        assert known(MISSED, TDA).extension == "105"
        assert known(GROUP_MISSED, TDA).extension is None
        assert known(GROUP_MISSED, TDA).hidden_extensions == ("601",)
        assert known(GROUP_MISSED, TDA).ring_seconds == 24

    def test_disa_is_hidden_and_its_time_is_no_talk(self) -> None:
        assert known(DISA, TDA).extension == "105"
        assert known(DISA, TDA).talk_seconds == 60
        assert known(DISA, TDA).ring_seconds == 2
        assert known(DISA, TDA).hidden_extensions == ("691",)

    def test_outgoing_calls_end_their_number_where_it_was_cut(self) -> None:
        assert known(OUTGOING, TDA).number == "09000000456"
        assert known(OUTGOING, TDA).outcome == "unknown"
        assert known(OUTGOING, TDA).account_code == "13"
        assert known(replace(OUTGOING, keyed="77"), TDA).number == "0900000045677"
        assert known(UNANSWERED, TDA).outcome == "unanswered"
        assert known(UNANSWERED, TDA).talk_seconds == 0

    def test_ring_times_are_unknown_when_their_column_is_left_blank(self) -> None:
        exchange = replace(TDA, ring_times=False)

        assert paper(DIRECT, exchange)[0][52:56] == "    "
        assert known(DIRECT, exchange).ring_seconds is None

    def test_a_name_that_pushes_the_number_out_is_all_that_is_known(self) -> None:
        exchange = replace(TDA, names="before")
        long = replace(DIRECT, name="MEHR CLINIC ANNEX 24")
        longer = replace(DIRECT, name="MEHR CLINIC ANNEXE TWO")

        assert known(replace(DIRECT, name="MEHR CLINIC"), exchange).number == "0900000012"
        assert paper(long, exchange)[0][26:51] == "<I>MEHR CLINIC ANNEX 24 0"
        assert known(long, exchange).number is None
        assert known(longer, exchange).name == "MEHR CLINIC ANNEXE TWO"


@pytest.mark.parametrize("model", MODELS)
def test_a_day_on_every_model(model: str) -> None:
    exchange = exchange_of(model, TEHRAN)
    calls = plan_day(Random(3), Office(), 300, START)
    printed = print_calls(calls, exchange)

    assert all(one.at <= other.at for one, other in pairwise(printed))
    assert {len(line.text) for line in printed} == {82}
    knowns = [record for call in calls for record in expected(call, exchange)]
    consulted = sum(call.consulted for call in calls)
    assert consulted > 3
    if model in TDA_MODELS:
        assert len(knowns) == 300 + consulted
    else:
        silent = [c for c in calls if c.direction == "incoming" and not (c.talks or c.number)]
        assert 0 < len(silent) < 20
        assert len(knowns) == 300 - 30 - len(silent)
