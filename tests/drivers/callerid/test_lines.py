"""What the lines make of signals in any order: late numbers, lost records, units that go away."""

import pytest

from drivers.callerid.call import MOST_DIGITS
from drivers.callerid.decoder import CallerIdDecoder
from drivers.callerid.lines import MOST_LINES
from drivers.callerid.profiles import PROFILES
from drivers.callerid.settings import CallerIdSettings
from drivers.contract import Surroundings
from drivers.events import Call, DeviceState
from tests.drivers.callerid.unit import ZONE, Unit, moment, short


def states(unit: Unit) -> list[str]:
    return [fact.code for fact in unit.facts if isinstance(fact, DeviceState)]


def test_a_number_after_the_first_ring_is_learned() -> None:
    unit = Unit()
    unit.at(1, b"L1R01@")
    unit.at(3, b"L1C09120001122@")
    unit.at(6, b"L1R02@")
    unit.rest()
    assert unit.stages == ["ringing", "updated", "ended"]
    assert [call.number for call in unit.calls] == [None, "09120001122", "09120001122"]


def test_a_number_that_no_ring_follows_was_none() -> None:
    unit = Unit()
    unit.at(1, b"L1C09120001122@")
    unit.at(12, b"L1R01@")
    unit.rest()
    assert short(unit.told) == [("incoming", "1", None, "missed")]


def test_lifted_before_the_first_ring_was_told() -> None:
    unit = Unit()
    unit.at(1, b"L1C09120001122@")
    unit.at(3, b"L1HF@")
    unit.at(9, b"L1HND: T0006@")
    assert short(unit.told) == [("incoming", "1", "09120001122", "answered")]


def test_an_unreliable_number_gives_way_to_a_better_one() -> None:
    unit = Unit()
    unit.at(1, b"L1C093d@")
    unit.at(2, b"L1R01@")
    assert unit.calls[0].number_told == "unreliable"
    unit.at(4, b"L1C09120001122@")
    assert (unit.calls[-1].number, unit.calls[-1].number_told) == ("09120001122", None)
    unit.at(5, b"L1C093d@")
    assert len(unit.calls) == 2


def test_a_count_that_begins_anew_is_another_call() -> None:
    unit = Unit()
    unit.at(1, b"L1C09120001122@L1R01@")
    unit.at(6, b"L1R02@")
    unit.at(11, b"L1C09120001122@")  # the same caller again, within the quiet time
    assert len(unit.told) == 1
    unit.at(12, b"L1R01@")
    unit.at(15, b"L1HF@")
    unit.at(25, b"L1HND: T0010@")
    assert short(unit.told) == [
        ("incoming", "1", "09120001122", "missed"),
        ("incoming", "1", "09120001122", "answered"),
    ]


def test_another_number_while_it_rings_is_another_call() -> None:
    unit = Unit()
    unit.at(1, b"L1C09120001122@L1R01@")
    unit.at(7, b"L1C09120003344@L1R01@")
    unit.rest()
    assert short(unit.told) == [
        ("incoming", "1", "09120001122", "missed"),
        ("incoming", "1", "09120003344", "missed"),
    ]


def test_a_lost_ring_makes_no_second_call() -> None:
    unit = Unit()
    unit.at(1, b"L1C09120001122@L1R01@")
    unit.at(11, b"L1R03@")  # R02 was noise, and the call counted as missed
    unit.at(14, b"L1HF@")
    unit.at(20, b"L1HND: T0006@")
    assert unit.stages == ["ringing", "ended", "updated", "updated", "updated"]
    (call,) = unit.told
    assert (call.outcome, call.ring_seconds, call.talk_seconds) == ("answered", 13, 6)


def test_a_ring_right_behind_the_lifting_is_late() -> None:
    unit = Unit()
    unit.at(1, b"L1R01@")
    unit.at(6, b"L1HF@L1R02@")
    unit.at(10, b"L1HND: T0004@")
    assert short(unit.told) == [("incoming", "1", None, "answered")]


def test_a_ring_during_a_call_shows_that_its_end_was_lost() -> None:
    unit = Unit()
    unit.at(1, b"L1R01@")
    unit.at(3, b"L1HF@")
    unit.at(60, b"L1C09120001122@")
    unit.at(61, b"L1R01@")
    unit.rest()
    first, second = unit.told
    assert (first.outcome, first.talk_seconds) == ("unknown", None)
    assert (second.number, second.outcome) == ("09120001122", "missed")


def test_a_second_call_knocks() -> None:
    unit = Unit()
    unit.at(1, b"L1C09120001122@L1R01@")
    unit.at(3, b"L1HF@")
    unit.at(20, b"L1C09120003344@")
    unit.at(21, b"L1C09120003344@")  # told twice
    unit.at(90, b"L1HND: T0127@")
    assert short(unit.told) == [
        ("incoming", "1", "09120001122", "answered"),
        ("incoming", "1", "09120003344", "unknown"),
    ]


def test_lifted_twice_is_lifted_once() -> None:
    unit = Unit()
    unit.at(1, b"L1R01@")
    unit.at(3, b"L1HF@")
    unit.at(4, b"L1HF@")
    unit.at(9, b"L1HND: T0006@")
    assert unit.stages == ["ringing", "answered", "ended"]
    assert unit.told[0].talk_seconds == 6


def test_the_lifting_was_lost_but_the_unit_measured_a_talk() -> None:
    unit = Unit()
    unit.at(1, b"L1R01@")
    unit.at(9, b"L1HND: T0006@")
    unit.at(20, b"L2R01@")
    unit.at(25, b"L2HND: T0000@")
    first, second = unit.told
    assert (first.outcome, first.answered_at, first.talk_seconds) == ("answered", None, None)
    assert second.outcome == "missed"


def test_only_the_end_of_a_dialled_call_was_heard() -> None:
    unit = Unit()
    unit.at(9, b"L1HND:02188776655 T0046@")
    (call,) = unit.told
    assert short([call]) == [("outgoing", "1", "02188776655", "unknown")]
    assert (call.started_at, call.talk_seconds) == (None, None)


def test_digits_after_a_long_pause_are_no_number_and_kept_nowhere() -> None:
    unit = Unit()
    unit.at(1, b"L1HF@")
    for key in "33776655":
        unit.later(0.5, f"L1D{key}@".encode())
    for key in "987654":
        unit.later(11 if key == "9" else 0.5, f"L1D{key}@".encode())
    unit.later(60, b"L1HND:33776655987654 T0110@")
    assert short(unit.told) == [("outgoing", "1", "33776655", "unknown")]
    assert "987654" not in repr(unit.facts)
    assert b"987654" not in unit.decoder.memory()


def test_digits_keyed_in_a_call_that_came_in_are_kept_nowhere() -> None:
    unit = Unit()
    unit.at(1, b"L1R01@")
    unit.at(3, b"L1HF@L1D4@L1D7@L1D1@L1D1@")
    unit.at(9, b"L1HND:4711 T0006@")
    assert unit.told[0].number is None
    assert "4711" not in repr(unit.facts)


def test_keys_without_end_are_bounded() -> None:
    unit = Unit()
    unit.at(1, b"L1HF@")
    for _ in range(200):
        unit.later(0.1, b"L1D5@")
    unit.rest()
    assert len(unit.told[0].number or "") == MOST_DIGITS


def test_two_keys_are_no_call() -> None:
    unit = Unit()
    unit.at(1, b"L1HF@L1D1@L1D2@")
    unit.at(5, b"L1HND:12 T0004@")
    unit.rest()
    assert unit.facts == []


def test_a_line_without_current() -> None:
    unit = Unit("techno-text")
    unit.at(1, b"D1:L1:Ring=1.D1:L1:Answer.")
    unit.at(5, b"D1:L1:LineDisconnect.D1:L2:LineDisconnect.D1:L1:LineDisconnect.")
    assert short(unit.told) == [("incoming", "1", None, "unknown")]
    assert states(unit) == ["line-lost", "line-lost"]
    unit.at(9, b"D1:L1:LineConnect.")
    assert states(unit)[2:] == ["line-lost-over", "line-lost"]  # the other one still is


def test_a_unit_that_says_it_is_unplugged() -> None:
    unit = Unit("techno-text")
    unit.at(1, b"D1:L1:Ring=1.D1:L1:Answer.")
    unit.at(5, b"D1:DeviceDisconnect.")
    unit.at(64)
    assert unit.stages == ["ringing", "answered"]
    unit.at(65)
    assert unit.told[0].outcome == "unknown"
    unit.at(66, b"D1:DeviceConnect,Serial=0,CountLine=2.")
    assert states(unit) == ["unit-gone", "unit-gone-over"]


def test_a_call_ends_as_unknown_when_the_unit_stays_away_and_is_put_right_later() -> None:
    unit = Unit()
    unit.at(1, b"L1R01@")
    unit.at(3, b"L1HF@L1HN")
    unit.decoder.lose_link()
    unit.at(62)
    assert unit.stages == ["ringing", "answered"]
    unit.at(63)
    assert unit.told[0].outcome == "unknown"
    unit.decoder.find_link()
    unit.at(103, b"D: T00L1HND: T0140@")
    assert unit.stages == ["ringing", "answered", "ended", "updated"]
    assert (unit.told[0].outcome, unit.told[0].talk_seconds) == ("answered", 100)


def test_a_call_goes_on_when_the_unit_is_back_soon() -> None:
    unit = Unit()
    unit.at(1, b"L1R01@")
    unit.at(3, b"L1HF@")
    unit.decoder.lose_link()
    unit.at(20)
    unit.decoder.find_link()
    unit.at(103, b"L1HND: T0140@")
    assert unit.stages == ["ringing", "answered", "ended"]
    assert (unit.told[0].outcome, unit.told[0].talk_seconds) == ("answered", 100)


def test_what_rang_while_the_unit_was_away_is_not_called_missed() -> None:
    unit = Unit()
    unit.at(1, b"L1R01@")
    unit.decoder.lose_link()
    unit.at(2)
    unit.decoder.find_link()
    unit.rest()
    assert short(unit.told) == [("incoming", "1", None, "unknown")]


def test_a_call_whose_end_never_came_is_not_open_for_ever() -> None:
    unit = Unit()
    unit.at(1, b"L1R01@")
    unit.at(3, b"L1HF@")
    unit.rest()
    assert unit.told[0].outcome == "unknown"


@pytest.mark.parametrize("cut", range(1, 4))
def test_a_restart_in_a_call_changes_nothing(cut: int) -> None:
    script = [
        (1, b"L1C09120001122@L1R01@"),
        (6, b"L1HF@"),
        (30, b"L2R01@"),
        (50, b"L1HND: T0044@"),
    ]
    unit = Unit()
    for at, data in script[:cut]:
        unit.at(at, data)
    again = Unit(memory=unit.decoder.memory())
    again.at(unit.now)
    for at, data in script[cut:]:
        again.at(at, data)
    again.rest()
    whole = Unit()
    for at, data in script:
        whole.at(at, data)
    whole.rest()
    first = whole.told[0]
    assert first in again.told
    assert len({call.call_id for call in [*unit.calls, *again.calls]}) == 2


def test_after_a_power_cut_times_are_right_if_both_clocks_were() -> None:
    unit = Unit()
    unit.at(1, b"L1R01@")
    unit.at(3, b"L1HF@")
    memory = unit.decoder.memory()
    for trusted, talk in ((True, 57), (False, None)):
        decoder = CallerIdDecoder(
            PROFILES["segal-c"],
            CallerIdSettings(),
            Surroundings(ZONE, "t", boot="b00t0002"),
            memory,
        )
        now = moment(60, trusted=trusted)
        started = type(now)(now.utc, 5.0, now.trusted, now.live)
        decoder.tick(started)
        (call,) = (fact for fact in decoder.feed(b"L1HND: T0057@") if isinstance(fact, Call))
        assert (call.outcome, call.talk_seconds) == ("answered", talk)


def test_a_memory_that_nothing_reads_is_told() -> None:
    assert states(Unit(memory=b"\xc1nonsense")) == ["memory-lost"]


def test_names_of_lines_without_end_are_bounded() -> None:
    unit = Unit("whozz")
    for at in range(1, 100):
        unit.at(at / 100, f"{at:02d} R 11/21 12:00 PM\r\n".encode())
    assert len(unit.decoder._lines._lines) == MOST_LINES  # type: ignore[union-attr]
    unit.rest()
    assert len(unit.told) == 99


def test_replayed_bytes_have_no_times() -> None:
    unit = Unit(live=False)
    unit.at(0, b"L1R01@L1HF@L1HND: T0046@L1R01@L1R02@")
    unit.rest()
    first, second = unit.told
    assert (first.outcome, first.started_at, first.talk_seconds) == ("answered", None, None)
    assert second.outcome == "missed"


def test_hook_words_may_mean_the_contrary() -> None:
    unit = Unit("danjeh-text")
    unit.at(1, b"L1:09120001122@\n")
    unit.at(5, b"L1 Hook-Off\n")
    unit.at(9, b"L1 hook-on\n")
    assert short(unit.told) == [("incoming", "1", "09120001122", "answered")]


@pytest.mark.parametrize(
    ("records", "outcome", "talk"),
    [
        (b"01 I E 0276 G B3 09/26 11:28 AM 800-555-1212   NAME\r\n", "answered", 276),
        (b"01 I E 0000 G B3 09/26 11:28 AM 800-555-1212   NAME\r\n", "missed", 0),
    ],
)
def test_a_unit_that_tells_begin_and_end_only(records: bytes, outcome: str, talk: int) -> None:
    unit = Unit("whozz")
    unit.at(1, b"01 I S 0000 G A0 09/26 11:28 AM 800-555-1212   NAME\r\n")
    unit.at(61)
    assert [(call.stage, call.outcome) for call in unit.calls[1:]] == [("ended", "unknown")]
    unit.at(280, records)
    assert unit.stages == ["ringing", "ended", "updated"]
    (call,) = unit.told
    assert (call.outcome, call.talk_seconds, call.name) == (outcome, talk, "NAME")
    assert call.device_time == f"09/26 11:28 AM {records[7:11].decode()}"


def test_a_modem_shows_who_calls_and_not_what_becomes_of_it() -> None:
    unit = Unit("modem-vcid")
    unit.at(
        1, b"\r\nRING\r\n\r\nDATE = 0321\r\nTIME = 1405\r\nNMBR = 09120001122\r\nNAME = ALI\r\n"
    )
    unit.at(6, b"\r\nRING\r\n")
    unit.rest()
    (call,) = unit.told
    assert short([call]) == [("incoming", None, "09120001122", "unknown")]
    assert (call.name, call.device_time) == ("ALI", "0321 1405")
