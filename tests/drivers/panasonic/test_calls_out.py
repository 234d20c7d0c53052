"""Outgoing, internal and service lines of the TDA family, and whose time a line tells."""

from tests.drivers.panasonic.paper import Listener, clock, only, tda_a, told

CALLER = "09120000011"
IN = f"<I>{CALLER}"


def test_outgoing_on_an_analogue_line_does_not_tell_an_answer() -> None:
    line = tda_a("08:05", "104", "02", "09130000033", talk="00:00'42", account="77")
    call = only(Listener().hear("08:05:50", line))
    assert (call.direction, call.outcome, call.talk_seconds) == ("outgoing", "unknown", 42)
    assert (call.answered_at, call.account_code) == (None, "77")
    assert (call.started_at, call.ended_at) == (clock("08:05:08"), clock("08:05:50"))


def test_outgoing_without_a_second_is_unanswered() -> None:
    line = tda_a("08:05", "104", "02", "09130000033", talk="00:00'00")
    call = only(Listener().hear("08:05:50", line))
    assert (call.outcome, call.talk_seconds) == ("unanswered", 0)


def test_internal_calls_name_the_caller_and_the_called() -> None:
    call = only(Listener().hear("08:05:50", tda_a("08:05", "104", "", "EXT105")))
    assert (call.stage, call.direction, call.line) == ("ended", "internal", None)
    assert (call.extension, call.number) == ("104", "105")
    assert call.talk_seconds is None


def test_service_lines_are_no_calls() -> None:
    box = Listener()
    words = ("LOG IN", "LOG OUT", "Timed Reminder/Start", "In the office", "Check in")
    lines = [tda_a("08:05", "104", "", word) for word in words]
    assert box.hear("08:05:50", *lines) == []


def test_two_equal_lines_within_a_minute_are_two_calls() -> None:
    box = Listener()
    intercom = tda_a("08:05", "104", "", "EXT105")
    outgoing = tda_a("08:05", "104", "02", "09130000033", talk="00:00'05")
    facts = box.hear("08:05:50", intercom, intercom, outgoing, outgoing)
    assert told(facts) == ["ended"] * 4
    assert len(box.calls) == 4


def test_printed_lines_take_the_printed_time_of_the_sites_zone() -> None:
    line = tda_a("08:05", "104", "02", IN, "0'05", "00:00'42")
    call = only(Listener(live=False).hear("23:00:00", line))
    assert call.ended_at == clock("08:05:00")
    assert call.answered_at == clock("08:04:18")
    assert call.started_at == clock("08:04:13")
    assert call.time_resolution == "minute"
