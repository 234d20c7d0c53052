"""Which lines are one call, and what is told at which line: exchanges of the TA family.

Such an exchange prints the start of a leg, no ring time, and nothing at all when ringing stops.
"""

import pytest

from drivers.events import Call, Leg
from tests.drivers.panasonic.paper import Listener, clock, only, ta, ta_in, told

CALLER = "05110001"
MODEL = "KX-TES824"


def test_a_ring_notice_and_its_final_line() -> None:
    box = Listener(MODEL)
    ringing = only(box.hear("15:17:10", ta_in("3:17PM", "", "01", CALLER)))
    assert (ringing.stage, ringing.extension, ringing.number) == ("ringing", None, CALLER)
    assert ringing.started_at == clock("15:17:10")
    ended = only(box.hear("15:17:40", ta_in("3:17PM", "16", "01", CALLER, "00:00'22")))
    assert (ended.stage, ended.call_id) == ("ended", ringing.call_id)
    assert (ended.outcome, ended.extension, ended.talk_seconds) == ("answered", "16", 22)
    assert (ended.ring_seconds, ended.answered_at) == (8, clock("15:17:18"))
    assert ended.legs == (Leg("16", None, 22, None, transferred=False),)


def test_an_unrelated_line_between_notice_and_final_line() -> None:
    box = Listener(MODEL)
    box.hear("15:17:10", ta_in("3:17PM", "", "01", CALLER))
    box.hear("15:17:30", ta("3:15PM", "11", "03", "375000", "00:02'32"))
    box.hear("15:17:40", ta_in("3:17PM", "16", "01", CALLER, "00:00'22"))
    assert [(call.line, call.outcome) for call in box.calls] == [
        ("01", "answered"),
        ("03", "unknown"),
    ]


def test_without_caller_id_there_is_only_the_final_line() -> None:
    call = only(Listener(MODEL).hear("15:20:11", ta_in("3:20PM", "12", "04", "", "00:00'11")))
    assert (call.stage, call.number, call.ring_seconds) == ("ended", None, None)
    assert (call.started_at, call.ended_at) == (clock("15:20:00"), clock("15:20:11"))


def test_missed_is_told_by_the_next_ring_notice_of_the_line() -> None:
    box = Listener(MODEL)
    first = only(box.hear("15:17:10", ta_in("3:17PM", "", "01", CALLER)))
    facts = box.hear("15:19:10", ta_in("3:19PM", "", "01", "05110002"))
    missed, ringing = [fact for fact in facts if isinstance(fact, Call)]
    assert (missed.stage, missed.outcome, missed.call_id) == ("ended", "missed", first.call_id)
    assert missed.answered_at is None
    assert (ringing.stage, ringing.number) == ("ringing", "05110002")


def test_the_same_caller_ringing_again_is_a_second_call() -> None:
    box = Listener(MODEL)
    box.hear("15:17:10", ta_in("3:17PM", "", "01", CALLER))
    assert told(box.hear("15:19:10", ta_in("3:19PM", "", "01", CALLER))) == ["ended", "ringing"]


@pytest.mark.parametrize(
    "line",
    [
        ta("3:18PM", "11", "01", "375000", "00:00'32"),
        ta_in("3:18PM", "12", "01", "05110002", "00:00'20"),
        ta_in("3:18PM", "12", "01", "", "00:00'20"),
    ],
    ids=["outgoing", "another caller", "a caller without number"],
)
def test_missed_is_told_by_any_record_of_the_line(line: str) -> None:
    box = Listener(MODEL)
    first = only(box.hear("15:17:10", ta_in("3:17PM", "", "01", CALLER)))
    missed = box.hear("15:19:10", line)[0]
    assert isinstance(missed, Call)
    assert (missed.stage, missed.outcome, missed.call_id) == ("ended", "missed", first.call_id)
    assert len(box.calls) == 2


def test_a_record_of_another_line_tells_nothing_of_it() -> None:
    box = Listener(MODEL)
    box.hear("15:17:10", ta_in("3:17PM", "", "01", CALLER))
    facts = box.hear("15:19:10", ta("3:18PM", "11", "02", "375000", "00:00'32"))
    assert [fact.line for fact in facts if isinstance(fact, Call)] == ["02"]


def test_missed_is_told_by_time_and_not_too_soon() -> None:
    box = Listener(MODEL)
    first = only(box.hear("15:17:10", ta_in("3:17PM", "", "01", CALLER)))
    assert box.at("15:32:09") == []
    missed = only(box.at("15:47:11"))
    assert (missed.stage, missed.outcome, missed.call_id) == ("ended", "missed", first.call_id)


def test_a_late_final_line_corrects_the_verdict() -> None:
    box = Listener(MODEL)
    first = only(box.hear("15:17:10", ta_in("3:17PM", "", "01", CALLER)))
    assert told(box.run_out()) == ["ended"]
    late = only(box.hear("16:17:30", ta_in("3:17PM", "16", "01", CALLER, "01:00'00")))
    assert (late.stage, late.call_id) == ("updated", first.call_id)
    assert (late.outcome, late.extension, late.talk_seconds) == ("answered", "16", 3600)
    assert (late.answered_at, late.ring_seconds) == (clock("15:17:30"), 20)


def test_the_same_caller_calls_again_after_a_missed_call() -> None:
    box = Listener(MODEL)
    box.hear("15:17:10", ta_in("3:17PM", "", "01", CALLER))
    box.run_out()
    box.hear("16:20:00", ta_in("4:20PM", "", "01", CALLER))
    box.hear("16:20:40", ta_in("4:20PM", "16", "01", CALLER, "00:00'30"))
    assert [(call.outcome, call.talk_seconds) for call in box.calls] == [
        ("missed", 0),
        ("answered", 30),
    ]


def test_a_transferred_leg_has_a_star() -> None:
    box = Listener(MODEL)
    first = only(box.hear("15:20:11", ta_in("3:20PM", "12", "04", "", "00:00'11")))
    second = only(box.hear("15:20:59", ta_in("3:20PM", "11", "04", "", "00:00'48", mark="*")))
    assert (second.stage, second.call_id) == ("updated", first.call_id)
    assert [(leg.extension, leg.talk_seconds, leg.transferred) for leg in second.legs] == [
        ("12", 11, False),
        ("11", 48, True),
    ]
    assert second.talk_seconds == 59


def test_a_star_without_its_first_leg() -> None:
    line = ta_in("4:27PM", "11", "04", "", "00:00'21", mark="*")
    call = only(Listener(MODEL).hear("16:27:21", line))
    assert (call.stage, call.outcome) == ("ended", "answered")
    assert [(leg.extension, leg.transferred) for leg in call.legs] == [("11", True)]


def test_calls_without_number_after_each_other_stay_apart() -> None:
    box = Listener(MODEL)
    box.hear("15:20:11", ta_in("3:20PM", "14", "05", "", "00:00'11"))
    box.hear("15:23:13", ta_in("3:23PM", "14", "05", "", "00:00'13"))
    assert [call.talk_seconds for call in box.calls] == [11, 13]


def test_two_lines_ring_at_once() -> None:
    box = Listener(MODEL)
    box.hear("15:50:05", ta_in("3:50PM", "", "02", "05110002"))
    box.hear("15:50:30", ta_in("3:50PM", "", "01", CALLER))
    box.hear("15:51:30", ta_in("3:51PM", "16", "01", CALLER, "00:00'29"))
    box.hear("15:51:45", ta_in("3:51PM", "17", "02", "05110002", "00:00'39"))
    assert [(call.line, call.extension, call.outcome) for call in box.calls] == [
        ("02", "17", "answered"),
        ("01", "16", "answered"),
    ]


def test_a_disa_call_and_its_transfer() -> None:
    box = Listener("KX-TEM824")
    disa = "  < DISA  incoming >"
    box.hear("15:22:10", ta("3:22PM", "107", "01", disa, "00:00'10", disa="0"))
    box.hear("15:22:40", ta("3:22PM", "106", "01", disa, "00:00'30", mark="*", disa="0"))
    (call,) = box.calls
    assert [leg.extension for leg in call.legs] == ["107", "106"]
    assert (call.direction, call.outcome, call.talk_seconds) == ("incoming", "answered", 40)


def test_a_caller_waiting_in_a_queue_rings() -> None:
    waiting = ta("3:25PM", "", "02", "  <  UCD waiting  >", "00:01'48")
    call = only(Listener(MODEL).hear("15:26:48", waiting))
    assert (call.direction, call.outcome, call.extension) == ("incoming", None, None)


def test_printed_lines_take_the_printed_start() -> None:
    line = ta_in("3:20PM", "12", "04", CALLER, "00:01'30")
    call = only(Listener(MODEL, live=False).hear("23:00:00", line))
    assert (call.started_at, call.ended_at) == (clock("15:20:00"), clock("15:21:30"))
    assert call.time_resolution == "minute"


def test_the_outgoing_line_is_printed_when_it_ends() -> None:
    live = only(Listener(MODEL).hear("15:17:31", ta("3:02PM", "16", "01", "09", "00:14'58")))
    assert (live.started_at, live.ended_at) == (clock("15:02:33"), clock("15:17:31"))
    assert (live.outcome, live.number) == ("unknown", "09")
