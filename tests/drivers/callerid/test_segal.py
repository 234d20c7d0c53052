"""The synthetic streams of the reference, each with the call written beside it."""

from drivers.events import Unrecognized
from tests.drivers.callerid.unit import NOON, Unit, short


def seconds(at: object) -> float:
    return (at - NOON).total_seconds()  # type: ignore[operator, no-any-return]


def test_an_answered_call() -> None:
    unit = Unit()
    unit.at(1, b"\r\nL1C09120001122@\r\n")
    assert unit.facts == []
    unit.at(2, b"  L1R01@")
    unit.at(7, b"  L1R02@")
    unit.at(10, b"  L1HF@")
    unit.at(56, b"  L1HND: T0046@")
    assert unit.stages == ["ringing", "answered", "ended"]
    (call,) = unit.told
    assert short([call]) == [("incoming", "1", "09120001122", "answered")]
    assert (call.ring_seconds, call.talk_seconds, call.device_time) == (9, 46, "T0046")
    times = (call.started_at, call.answered_at, call.ended_at)
    assert [seconds(at) for at in times] == [1, 10, 56]


def test_a_missed_call_without_a_0() -> None:
    unit = Unit()
    for at, data in ((1, b"L2C9120003344@ "), (2, b"L2R01@ "), (7, b"L2R02@ "), (12, b"L2R03@ ")):
        unit.at(at, data)
    unit.at(20.9)
    assert unit.stages == ["ringing"]
    unit.at(21)
    assert unit.stages == ["ringing", "ended"]
    (call,) = unit.told
    assert short([call]) == [("incoming", "2", "9120003344", "missed")]
    assert (call.ring_seconds, call.talk_seconds, call.answered_at) == (11, 0, None)


def test_an_outgoing_call() -> None:
    unit = Unit()
    unit.at(1, b"L1HF@")
    for key in "09120001122":
        unit.later(0.4, f" L1D{key}@".encode())
    assert unit.facts == []
    unit.later(4)
    assert unit.stages == ["ringing"]
    unit.later(65, b" L1HND:09120001122 T0105@")
    (call,) = unit.told
    assert short([call]) == [("outgoing", "1", "09120001122", "unknown")]
    assert (call.answered_at, call.talk_seconds, call.device_time) == (None, 69, "T0105")


def test_lifted_and_put_back_is_no_call() -> None:
    unit = Unit()
    unit.at(1, b"L1HF@")
    unit.at(3, b" L1HND: T0000@")
    unit.rest()
    assert unit.facts == []


def test_a_banner_is_no_noise() -> None:
    unit = Unit()
    unit.at(1, b"@www.example.com\r\n")
    unit.at(2, b"L1R01@")
    assert short(unit.told) == [("incoming", "1", None, None)]
    assert not [fact for fact in unit.facts if isinstance(fact, Unrecognized)]


def test_rings_without_a_number() -> None:
    unit = Unit()
    unit.at(1, b"L3R01@")
    unit.at(6, b"L3HF@")
    unit.at(16, b"L3HND: T0010@")
    (call,) = unit.told
    assert short([call]) == [("incoming", "3", None, "answered")]
    assert call.number_told == "unavailable"


def test_the_old_format_differs_only_in_the_number() -> None:
    unit = Unit("segal-plain")
    unit.at(1, b"L109120001122@\r\n")
    unit.at(2, b"L1R01@")
    unit.at(5, b"L1HF@")
    unit.at(9, b"L1HND: T0004@")
    assert short(unit.told) == [("incoming", "1", "09120001122", "answered")]
