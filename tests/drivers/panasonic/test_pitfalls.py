"""What real wires carry besides clean lines: each trap has a test of its own name."""

import msgspec
import pytest

from drivers.events import Call, DeviceState, Unrecognized
from drivers.panasonic.settings import PanasonicSettings
from tests.drivers.panasonic.paper import (
    Listener,
    clock,
    one,
    only,
    ta,
    ta_in,
    tda_a,
    told,
)

OUT = tda_a("08:05", "104", "02", "09130000033", talk="00:00'42")
IN = tda_a("08:05", "104", "02", "<I>09120000011", "0'05", "00:00'42")
TDA_HEADING = "  Date     Time    Ext CO        Dial Number        Ring Duration  Acc code  CD "
TA_HEADING = "  Date      Time  Ext. CO      Dial number                      Duration  Code  "
RULE = "-" * 80


# --- what stands between the lines -------------------------------------------------------------


def test_page_headings_anywhere() -> None:
    box = Listener()
    page = f"\f{TDA_HEADING}"
    facts = box.hear("08:05:50", page, RULE, IN, page, RULE, page, RULE, OUT, "", "", OUT)
    assert [type(fact) for fact in facts] == [Call] * 3


def test_a_heading_between_a_group_and_its_member_changes_nothing() -> None:
    box = Listener(hidden=["601"])
    box.hear("08:05:10", tda_a("08:05", "601", "02", "<I>", "0'17", "00:00'00"))
    box.hear("08:05:20", f"\f{TDA_HEADING}", RULE)
    facts = box.hear("08:05:50", tda_a("08:05", "104", "02", "<I>", "0'00", "00:00'40"))
    assert told(facts) == ["ended"]
    assert len(box.calls) == 1


def test_rules_of_stars() -> None:
    assert Listener().hear("08:05:50", "*" * 80, OUT)[0] == only(Listener().hear("08:05:50", OUT))


def test_nul_xon_and_xoff_inside_a_line() -> None:
    noisy = OUT[:30] + "\x13\x00\x11" + OUT[30:]
    assert one(noisy) == one(OUT)


def test_the_power_cycle_of_a_port() -> None:
    box = Listener()
    noise = "\n\x00\x13" * 5 + "\x13\x11\r\n"
    facts = box.hear("08:05:50", OUT, noise, TDA_HEADING, RULE, OUT)
    assert told(facts) == ["ended", "ended"]
    assert len(facts) == 2


def test_modem_strings() -> None:
    box = Listener()
    facts = box.hear("08:05:50", OUT, "\x13\x11ATQ0E0V1S0=1X0&D0", "ATZ", OUT)
    assert [type(fact) for fact in facts] == [Call, Call]


def test_the_error_log_of_the_exchange() -> None:
    box = Listener()
    alarm = "09/03/26 08:05     MN ALM   0391  00102"
    assert [type(fact) for fact in box.hear("08:05:50", OUT, alarm, OUT)] == [Call, Call]


def test_a_system_data_dump_does_not_stop_the_reading() -> None:
    box = Listener()
    dump = [f"[{code}]  CO {code % 8 + 1}: 1200 8 NONE {code:05d}" for code in range(800, 1100)]
    facts = box.hear("08:05:50", OUT, *dump)
    assert told(facts) == ["ended"]
    facts += box.hear("08:07:50", OUT)
    assert told(facts) == ["ended", "ended"]
    unread = [fact for fact in facts if isinstance(fact, Unrecognized)]
    assert sum(fact.count for fact in unread) == 300
    assert len(unread) <= 2, "at most one a minute"
    assert not any(char.isdigit() for fact in unread for char in fact.sample)
    assert all(len(fact.sample) <= 64 for fact in unread)


def test_a_fragment_at_the_start_is_not_counted() -> None:
    box = Listener()
    facts = box.hear("08:05:50", OUT[40:], OUT)
    assert [type(fact) for fact in facts] == [Call]


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\n\r", "\f", "\r\n\r\n"])
def test_every_line_end(end: str) -> None:
    box = Listener()
    box.at("08:05:50")
    facts = box.decoder.feed((end + OUT + end + IN + end).encode())
    assert told(facts) == ["ended", "ended"]


# --- blanks lost on the way --------------------------------------------------------------------


@pytest.mark.parametrize("width", [65, 66, 70, 77, 78, 79])
def test_trimmed_blanks(width: int) -> None:
    short = OUT[:width]
    assert len(short.rstrip()) <= 65
    full = msgspec.structs.replace(one(OUT), raw=short)
    assert one(short) == full


@pytest.mark.parametrize("width", [77, 78])
def test_trimmed_blanks_of_a_ta_line(width: int) -> None:
    line = ta_in("3:17PM", "16", "01", "05110001", "00:00'22")[:width]
    record = one(line, "KX-TES824")
    assert (record.extension, record.line, record.number) == ("16", "01", "05110001")
    assert (record.talk_seconds, record.account_code) == (22, None)


def test_the_lost_first_blank_of_a_one_digit_month() -> None:
    line = ta("3:17PM", "16", "01", "375000", "00:00'22", date=" 3/ 9/26")
    record = one(line[1:], "KX-TES824")
    assert record.time == "2026-03-09T15:17"
    assert (record.extension, record.number, record.talk_seconds) == ("16", "375000", 22)


@pytest.mark.parametrize(
    ("line", "model"),
    [
        ("09/03/26 08:05 104 02 09130000033 00:00'42", "KX-TDA100"),
        ("3/ 9/26 8:05AM 104 02 09130000033 00:00'42\" ....", "KX-TES824"),
    ],
)
def test_collapsed_blanks(line: str, model: str) -> None:
    record = one(line, model)
    assert (record.direction, record.extension, record.line) == ("outgoing", "104", "02")
    assert (record.number, record.talk_seconds) == ("09130000033", 42)
    assert record.time == "2026-03-09T08:05"


def test_collapsed_blanks_of_an_incoming_line() -> None:
    record = one("09/03/26 08:05 2104 06 <D>384001<I>09120000011 0'03 00:01'21")
    assert (record.did, record.number) == ("384001", "09120000011")
    assert (record.ring_seconds, record.talk_seconds) == (3, 81)
    record = one("09/03/26 08:05 2104 06 <I>09120000011 0'03 00:00'00 NA")
    assert (record.ring_seconds, record.talk_seconds, record.condition) == (3, 0, "NA")


# --- stars and limits --------------------------------------------------------------------------


def test_the_counters_limit_is_no_talk_time() -> None:
    line = tda_a("08:05", "104", "02", "<I>", "0'05", "99:59'59")
    assert one(line).talk_seconds == 359999, "the record says what was printed"
    call = only(Listener().hear("08:05:50", line))
    assert (call.talk_seconds, call.legs[0].talk_seconds) == (None, None)
    assert (call.ended_at, call.outcome) == (clock("08:05:50"), "answered")
    assert (call.started_at, call.answered_at) == (None, None), "nobody knows when it began"


def test_the_counters_limit_of_a_ta_line() -> None:
    box = Listener("KX-TEM824")
    call = only(box.hear("15:17:40", ta_in("3:15PM", "107", "01", "", "99:59'59")))
    assert (call.stage, call.talk_seconds) == ("ended", None)
    printed = Listener("KX-TEM824", live=False)
    call = only(printed.hear("23:00:00", ta_in("3:15PM", "107", "01", "", "99:59'59")))
    assert call.talk_seconds is None
    assert call.started_at == clock("15:15:00")


def test_a_transfer_after_the_counters_limit_tells_no_beginning() -> None:
    box = Listener("KX-TEM824")
    box.hear("15:15:30", ta_in("3:15PM", "107", "01", "", "99:59'59"))
    call = only(box.hear("15:16:48", ta_in("3:15PM", "106", "01", "", "00:01'18", mark="*")))
    assert (call.stage, len(call.legs), call.talk_seconds) == ("updated", 2, None)
    assert (call.started_at, call.answered_at) == (None, None)


def test_the_counters_limit_after_a_ring_notice() -> None:
    box = Listener("KX-TES824")
    box.hear("15:17:10", ta_in("3:17PM", "", "01", "05110001"))
    call = only(box.hear("15:17:40", ta_in("3:17PM", "16", "01", "05110001", "99:59'59")))
    assert (call.stage, call.outcome, call.extension) == ("ended", "answered", "16")
    assert (call.started_at, call.answered_at) == (clock("15:17:10"), None)
    assert (call.ring_seconds, call.talk_seconds) == (None, None)


def test_stars_in_the_date_take_the_boxs_time() -> None:
    line = tda_a("**:****", "104", "02", "<I>09120000011", "0'05", "00:00'42", date="**/**/**")
    assert one(line).time is None
    for live in (True, False):
        call = only(Listener(live=live).hear("08:05:50", line))
        assert (call.ended_at, call.outcome) == (clock("08:05:50"), "answered")


def test_stars_in_ring_and_duration() -> None:
    line = tda_a("08:05", "104", "02", "<I>09120000011", "*'**", "**:**'**")
    record = one(line)
    assert (record.number, record.ring_seconds, record.talk_seconds) == ("09120000011", None, None)
    call = only(Listener().hear("08:05:50", line))
    assert (call.stage, call.talk_seconds, call.ring_seconds) == ("ended", None, None)
    assert (call.answered_at, call.ended_at) == (None, clock("08:05:50"))
    starred = ta_in("*:****", "16", "01", "05110001", "**:**'**", date="**/**/**")
    assert one(starred, "KX-TES824").number == "05110001"


# --- trunk 00 ----------------------------------------------------------------------------------


def test_two_calls_at_once_on_trunk_00_are_not_mixed() -> None:
    box = Listener(hidden=["601"])
    box.hear("08:05:10", tda_a("08:05", "601", "00", "<I>09120000011", "0'10", "00:00'00"))
    box.hear("08:05:20", tda_a("08:05", "601", "00", "<I>09120000022", "0'20", "00:00'00"))
    box.hear("08:06:10", tda_a("08:06", "104", "00", "<I>09120000011", "0'00", "00:01'00"))
    box.hear("08:07:20", tda_a("08:07", "105", "00", "<I>09120000022", "0'00", "00:02'00"))
    assert [(c.number, c.extension, c.ring_seconds, c.talk_seconds) for c in box.calls] == [
        ("09120000011", "104", 10, 60),
        ("09120000022", "105", 20, 120),
    ]


def test_calls_without_number_on_trunk_00_are_never_joined() -> None:
    box = Listener()
    box.hear("08:05:10", tda_a("08:05", "104", "00", "<I>", "0'10", "00:00'20"))
    box.hear("08:05:15", tda_a("08:05", "105", "00", "<I>", "0'00", "00:00'05", "TR"))
    assert len(box.calls) == 2


def test_an_outgoing_call_on_trunk_00_ends_no_other() -> None:
    box = Listener()
    box.hear("08:05:10", tda_a("08:05", "104", "00", "<I>09120000011", code="RC"))
    facts = box.hear("08:05:15", tda_a("08:05", "105", "00", "09130000033", talk="00:00'05"))
    assert [fact.direction for fact in facts if isinstance(fact, Call)] == ["outgoing"]


def test_trunk_00_told_to_the_crm_as_printed() -> None:
    line = tda_a("08:05", "104", "00", "<I>09120000011", "0'10", "00:00'20")
    assert only(Listener().hear("08:05:10", line)).line == "00"


# --- foreign alphabets and models --------------------------------------------------------------


def test_the_incoming_word_in_another_alphabet() -> None:
    line = ta("3:17PM", "16", "01", "  <    incoming    >05110001", "00:00'22")
    line = line.replace("incoming", "\x82\xe5\xae\xa4\xef\xe9\xa8\xa9")
    record = one(line, "KX-TES824")
    assert (record.direction, record.number) == ("incoming", "05110001")
    line = tda_a("08:05", "104", "02", "<BXO\x84\x9f>09120000011", "0'05", "00:00'42")
    assert one(line).direction == "incoming"


def test_headings_in_another_alphabet() -> None:
    box = Listener("KX-TES824")
    heading = (
        "  \x84\xa0\xe2\xa0     \x82\xe0\xa5\xac\xef   \x82\xad.  \x83\xb2   \x8d\xae\xac\xa5\xe0"
    )
    facts = box.hear(
        "15:17:40", heading, RULE, ta("3:17PM", "16", "01", "375000", "00:00'22"), heading, RULE
    )
    assert [type(fact) for fact in facts] == [Call]


def test_am_and_pm_in_another_alphabet() -> None:
    noon = ta("3:17PM", "16", "01", "375000", "00:00'22").replace("PM", "\x8f\x8f")
    assert one(noon, "KX-TES824").time == "2026-03-09T15:17"


@pytest.mark.parametrize("model", ["KX-T1232", "KX-TD1232"])
def test_models_that_cannot_be_told_apart_are_refused_with_one_sentence(model: str) -> None:
    ((field, sentence),) = PanasonicSettings(model=model).problems()
    assert field == "model"
    assert model in sentence
    assert "not supported" in sentence
    assert sentence.count(". ") == 0


def test_wrong_line_settings_raise_an_alarm_once() -> None:
    box = Listener()
    garbage = [f"\x8c\xb1\xb2{n}\xaf\xb0\xb3" for n in range(40)]
    facts = box.hear("08:05:50", *garbage)
    assert [f.code for f in facts if isinstance(f, DeviceState)] == ["unreadable"]
