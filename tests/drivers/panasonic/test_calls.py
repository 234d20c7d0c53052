"""Which lines are one call, and what is told at which line: exchanges of the TDA family.

Each test is one sequence of lines as such an exchange prints it, with times of arrival.
"""

import pytest

from drivers.events import Call, Leg
from tests.drivers.panasonic.paper import Listener, clock, only, tda_a, told

CALLER = "09120000011"
IN = f"<I>{CALLER}"


def test_a_direct_call_is_told_with_its_only_line() -> None:
    call = only(Listener().hear("08:05:50", tda_a("08:05", "104", "02", IN, "0'05", "00:00'42")))
    assert call.stage == "ended"
    assert (call.direction, call.line, call.extension) == ("incoming", "02", "104")
    assert (call.number, call.outcome) == (CALLER, "answered")
    assert (call.ring_seconds, call.talk_seconds) == (5, 42)
    assert call.started_at == clock("08:05:03")
    assert call.answered_at == clock("08:05:08")
    assert call.ended_at == clock("08:05:50")
    assert call.time_resolution == "second"
    assert call.device_time == "09/03/26 08:05"
    assert call.legs == (Leg("104", 5, 42, None, transferred=False),)
    assert call.hidden_extensions == ()


def test_a_direct_call_that_nobody_answers() -> None:
    line = tda_a("08:05", "104", "02", IN, "0'24", "00:00'00", "NA")
    call = only(Listener().hear("08:05:50", line))
    assert (call.stage, call.outcome, call.extension) == ("ended", "missed", "104")
    assert (call.ring_seconds, call.talk_seconds, call.answered_at) == (24, 0, None)
    assert call.started_at == clock("08:05:26")
    assert call.ended_at == clock("08:05:50")


def test_received_then_not_answered_is_one_call() -> None:
    box = Listener()
    ringing = only(box.hear("08:05:10", tda_a("08:05", "104", "02", IN, code="RC")))
    ended = only(box.hear("08:05:34", tda_a("08:05", "104", "02", IN, "0'24", "00:00'00", "NA")))
    assert (ringing.stage, ringing.outcome, ringing.ended_at) == ("ringing", None, None)
    assert ringing.started_at == clock("08:05:10")
    assert (ended.stage, ended.outcome, ended.call_id) == ("ended", "missed", ringing.call_id)
    assert ended.ring_seconds == 24


def test_received_answered_ended() -> None:
    box = Listener()
    facts = box.hear("08:05:10", tda_a("08:05", "104", "02", IN, code="RC"))
    facts += box.hear("08:05:15", tda_a("08:05", "104", "02", IN, "0'05", code="AN"))
    facts += box.hear("08:06:15", tda_a("08:06", "104", "02", IN, "0'05", "00:01'00"))
    assert told(facts) == ["ringing", "answered", "ended"]
    answered, ended = [fact for fact in facts if isinstance(fact, Call)][1:]
    assert (answered.outcome, answered.ended_at, answered.talk_seconds) == (None, None, None)
    assert (answered.answered_at, answered.ring_seconds) == (clock("08:05:15"), 5)
    assert answered.extension == "104"
    assert (ended.answered_at, ended.ended_at) == (clock("08:05:15"), clock("08:06:15"))
    assert (ended.ring_seconds, ended.talk_seconds, ended.outcome) == (5, 60, "answered")
    assert len(box.calls) == 1


def test_received_shows_what_rings_and_answered_who_took_it() -> None:
    box = Listener(hidden=["601"])
    ringing = only(box.hear("08:05:10", tda_a("08:05", "601", "02", IN, code="RC")))
    answered = only(box.hear("08:05:20", tda_a("08:05", "104", "02", IN, "0'10", code="AN")))
    box.hear("08:05:20", tda_a("08:05", "601", "02", IN, "0'10", "00:00'00"))
    box.hear("08:06:20", tda_a("08:06", "104", "02", IN, "0'00", "00:01'00"))
    assert (ringing.extension, ringing.hidden_extensions) == (None, ("601",))
    assert answered.extension == "104"
    (call,) = box.calls
    assert (call.extension, call.ring_seconds, call.talk_seconds) == ("104", 10, 60)
    assert call.legs == (Leg("104", 0, 60, None, transferred=False),)


def test_a_listed_group_answers_and_its_member_ends_the_call() -> None:
    box = Listener(hidden=["601"])
    answered = only(box.hear("08:05:17", tda_a("08:05", "601", "02", IN, "0'17", "00:00'00")))
    assert (answered.stage, answered.extension) == ("answered", None)
    assert (answered.outcome, answered.ended_at) == (None, None)
    assert (answered.ring_seconds, answered.hidden_extensions) == (17, ("601",))
    assert answered.answered_at == clock("08:05:17")
    assert answered.started_at == clock("08:05:00")
    ended = only(box.hear("08:07:22", tda_a("08:07", "104", "02", IN, "0'00", "00:02'05")))
    assert (ended.stage, ended.call_id) == ("ended", answered.call_id)
    assert (ended.extension, ended.ring_seconds, ended.talk_seconds) == ("104", 17, 125)
    assert (ended.outcome, ended.hidden_extensions) == ("answered", ("601",))
    assert ended.started_at == clock("08:05:00")


def test_an_unlisted_group_is_known_by_its_members_line() -> None:
    box = Listener()
    first = only(box.hear("08:05:17", tda_a("08:05", "601", "02", IN, "0'17", "00:00'00")))
    assert (first.stage, first.outcome) == ("ended", "answered")
    second = only(box.hear("08:07:22", tda_a("08:07", "104", "02", IN, "0'00", "00:02'05")))
    assert (second.stage, second.call_id) == ("updated", first.call_id)
    assert (second.extension, second.hidden_extensions) == ("104", ("601",))
    assert (second.ring_seconds, second.talk_seconds) == (17, 125)
    assert second.legs == (Leg("104", 0, 125, None, transferred=False),)


def test_a_member_that_answered_and_dropped_at_once() -> None:
    box = Listener(hidden=["601"])
    box.hear("08:05:17", tda_a("08:05", "601", "02", IN, "0'17", "00:00'00"))
    ended = only(box.hear("08:05:18", tda_a("08:05", "104", "02", IN, "0'00", "00:00'00")))
    assert (ended.stage, ended.outcome, ended.extension) == ("ended", "answered", "104")
    assert (ended.talk_seconds, ended.ring_seconds) == (0, 17)


def test_a_group_leg_whose_member_never_came_ends_as_answered() -> None:
    box = Listener(hidden=["601"])
    box.hear("08:05:17", tda_a("08:05", "601", "02", IN, "0'17", "00:00'00"))
    other = tda_a("11:05", "601", "02", "<I>09120000022", "0'03", "00:00'00")
    given_up, new = [fact for fact in box.hear("11:05:17", other) if isinstance(fact, Call)]
    assert (given_up.stage, given_up.outcome, given_up.extension) == ("ended", "answered", None)
    assert (given_up.talk_seconds, given_up.legs) == (None, ())
    assert new.stage == "answered"
    late = box.run_out()
    assert told(late) == ["ended"]
    assert only(late).outcome == "answered"


def test_members_come_late_with_calls_of_the_same_caller_on_other_lines_between() -> None:
    box = Listener(hidden=["601"])
    box.hear("08:05:17", tda_a("08:05", "601", "02", IN, "0'17", "00:00'00"))
    box.hear("08:06:00", tda_a("08:06", "601", "03", IN, "0'04", "00:00'00"))
    box.hear("08:06:40", tda_a("08:06", "105", "03", IN, "0'00", "00:00'40"))
    box.hear("08:45:17", tda_a("08:45", "104", "02", IN, "0'00", "00:40'00"))
    assert [(call.line, call.extension, call.talk_seconds) for call in box.calls] == [
        ("02", "104", 2400),
        ("03", "105", 40),
    ]


def test_a_missed_group_call_names_no_extension() -> None:
    line = tda_a("08:05", "601", "02", IN, "0'40", "00:00'00", "NA")
    call = only(Listener(hidden=["601"]).hear("08:05:50", line))
    assert (call.stage, call.outcome, call.extension) == ("ended", "missed", None)
    assert (call.hidden_extensions, call.ring_seconds) == (("601",), 40)


def test_a_transfer_is_an_update_with_both_legs() -> None:
    box = Listener()
    first = only(box.hear("08:06:00", tda_a("08:06", "104", "02", IN, "0'05", "00:00'30")))
    box.hear("08:06:01", tda_a("08:06", "104", "", "EXT105"))
    second = only(box.hear("08:06:50", tda_a("08:06", "105", "02", IN, "0'00", "00:00'50", "TR")))
    assert (first.stage, second.stage) == ("ended", "updated")
    assert second.call_id == first.call_id
    assert second.outcome == "answered"
    assert second.legs == (
        Leg("104", 5, 30, None, transferred=False),
        Leg("105", 0, 50, "TR", transferred=True),
    )
    assert (second.talk_seconds, second.ring_seconds) == (80, 5)
    assert (second.started_at, second.ended_at) == (clock("08:05:25"), clock("08:06:50"))


def test_two_transfers_are_one_call() -> None:
    box = Listener(hidden=["601"])
    box.hear("08:05:17", tda_a("08:05", "601", "02", IN, "0'17", "00:00'00"))
    box.hear("08:05:47", tda_a("08:05", "104", "02", IN, "0'00", "00:00'30"))
    box.hear("08:06:27", tda_a("08:06", "105", "02", IN, "0'00", "00:00'40", "TR"))
    facts = box.hear("08:07:27", tda_a("08:07", "106", "02", IN, "0'00", "00:01'00", "TR"))
    assert told(facts) == ["updated"]
    (call,) = box.calls
    assert [leg.extension for leg in call.legs] == ["104", "105", "106"]
    assert call.talk_seconds == 130


def test_a_transferred_leg_whose_first_leg_was_never_heard() -> None:
    line = tda_a("08:06", "105", "02", IN, "0'00", "00:00'50", "TR")
    call = only(Listener().hear("08:06:50", line))
    assert (call.stage, call.outcome, call.extension) == ("ended", "answered", "105")
    assert call.legs == (Leg("105", 0, 50, "TR", transferred=True),)


def test_a_transfer_of_another_caller_on_the_line_is_another_call() -> None:
    box = Listener()
    box.hear("08:06:00", tda_a("08:06", "104", "02", IN, "0'05", "00:00'30"))
    other = tda_a("08:06", "105", "02", "<I>09120000022", "0'00", "00:00'50", "TR")
    assert told(box.hear("08:06:50", other)) == ["ended"]
    assert len(box.calls) == 2


def test_an_automatic_transfer_to_a_group_has_no_code_and_keeps_the_first_ring() -> None:
    box = Listener(hidden=["601"])
    box.hear("08:05:10", tda_a("08:05", "104", "02", IN, "0'05", "00:00'10"))
    box.hear("08:05:30", tda_a("08:05", "601", "02", IN, "0'20", "00:00'00"))
    box.hear("08:06:00", tda_a("08:06", "105", "02", IN, "0'00", "00:00'30"))
    (call,) = box.calls
    assert [(leg.extension, leg.talk_seconds) for leg in call.legs] == [("104", 10), ("105", 30)]
    assert (call.ring_seconds, call.answered_at) == (5, clock("08:05:00"))
    assert call.hidden_extensions == ("601",)


def test_an_answer_line_of_a_transferred_leg_keeps_the_first_ring() -> None:
    box = Listener()
    box.hear("08:05:10", tda_a("08:05", "104", "02", IN, "0'05", "00:00'10"))
    box.hear("08:05:18", tda_a("08:05", "105", "02", IN, "0'08", code="AN"))
    box.hear("08:06:18", tda_a("08:06", "105", "02", IN, "0'08", "00:01'00", "TR"))
    (call,) = box.calls
    assert (call.extension, call.ring_seconds, call.talk_seconds) == ("104", 5, 70)


def test_ringing_moves_on_to_another_extension() -> None:
    box = Listener()
    first = only(box.hear("08:05:00", tda_a("08:05", "104", "02", IN, code="RC")))
    second = only(box.hear("08:05:15", tda_a("08:05", "105", "02", IN, code="RC")))
    assert (second.stage, second.extension) == ("updated", "105")
    assert (second.call_id, second.started_at) == (first.call_id, clock("08:05:00"))


@pytest.mark.parametrize("code", ["RC", "AN"])
def test_another_caller_on_the_line_is_another_call(code: str) -> None:
    box = Listener()
    box.hear("08:05:00", tda_a("08:05", "104", "02", IN, code="RC"))
    facts = box.hear("08:09:00", tda_a("08:09", "105", "02", "<I>09120000022", code=code))
    assert told(facts) == ["ended", "ringing" if code == "RC" else "answered"]
    assert [call.number for call in box.calls] == [CALLER, "09120000022"]


def test_answered_without_a_last_line_ends_as_answered() -> None:
    box = Listener()
    box.hear("08:05:00", tda_a("08:05", "104", "02", IN, "0'05", code="AN"))
    ended = only(box.run_out())
    assert (ended.stage, ended.outcome, ended.talk_seconds) == ("ended", "answered", None)


def test_a_number_that_comes_after_the_first_ring_is_of_the_same_call() -> None:
    box = Listener()
    box.hear("08:05:00", tda_a("08:05", "104", "02", "<I>", code="RC"))
    box.hear("08:05:34", tda_a("08:05", "104", "02", IN, "0'24", "00:00'00", "NA"))
    (call,) = box.calls
    assert (call.number, call.outcome) == (CALLER, "missed")


def test_disa_alone_is_an_answered_call_of_no_extension() -> None:
    line = tda_a("08:05", "691", "02", IN, "0'03", "00:00'20", "D0")
    call = only(Listener(hidden=["691"]).hear("08:05:50", line))
    assert (call.stage, call.outcome, call.extension) == ("ended", "answered", None)
    assert call.hidden_extensions == ("691",)
    assert call.started_at == clock("08:05:27")


@pytest.mark.parametrize("hidden", [["691"], []], ids=["listed", "unlisted"])
def test_disa_then_the_reached_extension(hidden: list[str]) -> None:
    box = Listener(hidden=hidden)
    first = only(box.hear("08:05:50", tda_a("08:05", "691", "02", IN, "0'03", "00:00'20", "D0")))
    last = only(box.hear("08:07:00", tda_a("08:07", "104", "02", IN, "0'00", "00:01'00", "TR")))
    assert (first.stage, last.stage) == ("ended", "updated")
    assert first.call_id == last.call_id
    assert (last.extension, last.outcome, last.talk_seconds) == ("104", "answered", 60)
    assert last.hidden_extensions == ("691",)
    assert [leg.extension for leg in last.legs] == ["104"]


def test_a_trunk_to_trunk_transfer_stays_two_calls() -> None:
    box = Listener()
    box.hear("08:06:00", tda_a("08:06", "104", "02", IN, "0'05", "00:00'30"))
    out = tda_a("08:09", "104", "05", "09130000033", talk="00:03'00", code="TR")
    outgoing = only(box.hear("08:09:00", out))
    back = tda_a("08:09", "104", "02", IN, "0'00", "00:03'00", "TR")
    box.hear("08:09:00", back)
    assert len(box.calls) == 2
    assert (outgoing.direction, outgoing.line, outgoing.stage) == ("outgoing", "05", "ended")
    assert [leg.condition for leg in outgoing.legs] == ["TR"]
    assert outgoing.legs[0].transferred
    incoming = box.calls[0]
    assert (incoming.direction, [leg.condition for leg in incoming.legs]) == (
        "incoming",
        [None, "TR"],
    )
