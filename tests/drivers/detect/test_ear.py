"""An ear that knows nothing of a line: what it makes of it, on fed time."""

from collections.abc import Sequence
from itertools import islice
from random import Random

import pytest

from drivers.detect.baud import FASTEST, USUAL, Speeds
from drivers.detect.ear import BURST_SECONDS, SILENCE_SECONDS, Ear
from drivers.detect.framing import framing
from drivers.detect.proposal import propose
from drivers.evidence import Evidence
from drivers.wire.parity import SevenBits
from drivers.wire.uart import Sender, heard
from tests.drivers.detect.campaign import BAUDS, READERS, Result, plug_in, told
from tests.drivers.detect.devices import KINDS
from tests.drivers.detect.plugging import Line, Sent, in_order, listen, spread

RECORD = b"01/02/07 20:12     205 03 <I>0497097                0'00 00:02'05               \r\n"
ONE_RECORD_A_CALL = "netcallerid"


@pytest.fixture(scope="module")
def results() -> Sequence[Result]:
    return [plug_in(seed) for seed in range(200)]


def test_devices_are_right_after_the_first_call(results: Sequence[Result]) -> None:
    """One that says a single record for a call is heard at the wrong speed then: see below."""
    spoken = [each for each in results if each.kind != ONE_RECORD_A_CALL]
    right = sum(each.first for each in spoken)
    assert right >= 0.99 * len(spoken), told(results)
    assert {each.kind for each in results} == {kind.name for kind in KINDS}


def test_all_devices_are_found_with_the_calls_that_follow(results: Sequence[Result]) -> None:
    assert sum(each.found is not None for each in results) >= 0.99 * len(results), told(results)
    seconds = sorted(each.found or 1e9 for each in results)
    assert seconds[len(seconds) // 2] < 60, told(results)


def test_nothing_wrong_is_said_to_be_certain(results: Sequence[Result]) -> None:
    assert [each for each in results if "certain" in each.wrong] == []


@pytest.mark.parametrize("baud", BAUDS)
def test_one_burst_at_the_fastest_speed_tells_the_others_or_that_it_is_slow(baud: int) -> None:
    at_fastest = Speeds().after(FASTEST, heard(RECORD, Sender(baud), FASTEST))
    expected = baud if FASTEST // baud < 10 else 9600
    assert at_fastest.best == expected
    if expected != baud:
        assert at_fastest.after(9600, heard(RECORD, Sender(baud), 9600)).best == baud


@pytest.mark.parametrize("at", [38400, 19200, 9600])
@pytest.mark.parametrize("baud", BAUDS)
def test_few_bursts_tell_the_speed_whatever_the_first_was_read_at(at: int, baud: int) -> None:
    """Read too slowly, most of the bits are lost: that takes one more."""
    found = Speeds().after(at, heard(RECORD * 3, Sender(baud), at))
    for _ in range(1 if baud <= at else 2):
        if found.best != baud:
            found = found.after(found.best, heard(RECORD * 3, Sender(baud), found.best))
    assert found.best == baud


def test_device_set_to_another_speed_meanwhile_is_followed() -> None:
    speeds = Speeds()
    for _ in range(50):
        speeds = speeds.after(9600, RECORD)
    for _ in range(3):
        speeds = speeds.after(speeds.best, heard(RECORD, Sender(19200), speeds.best))
    assert speeds.best == 19200


def test_silence_keeps_the_speed_for_minutes_and_then_gives_others_a_turn() -> None:
    ear = Ear(READERS)
    ear.tick(0.0)
    assert (ear.state, ear.baud) == ("silent", FASTEST)
    seen = [ear.baud]
    for _ in range(len(USUAL)):
        due = ear.due()
        assert due is not None
        assert due >= SILENCE_SECONDS * len(seen)
        ear.tick(due)
        seen.append(ear.baud)
    assert sorted(seen[:-1], reverse=True) == sorted(USUAL, reverse=True)
    assert seen[-1] == FASTEST


def test_framing_errors_without_bytes_show_that_a_line_speaks() -> None:
    """Some adapters keep what they cannot read to themselves."""
    ear = Ear(READERS)
    ear.tick(0.0)
    ear.hear(10.0, b"", broken=30)
    ear.tick(10.0 + 2 * BURST_SECONDS)
    assert ear.baud == 9600


@pytest.mark.parametrize("form", ["8N1", "8N2", "7E1", "7O1", "7M1", "7S1"])
def test_format_is_told_by_the_bytes(form: str) -> None:
    read = heard(RECORD * 2, Sender(9600, form), 9600)
    same_as = {"8N2": "8N1", "7S1": "8N1"}
    assert framing(read) == (same_as.get(form, form), RECORD * 2)


@pytest.mark.parametrize("form", ["8E1", "8O1"])
def test_ninth_bit_is_told_by_the_framing_errors(form: str) -> None:
    wrong = sum(byte.bit_count() % 2 == (form == "8O1") for byte in RECORD)
    assert framing(RECORD, wrong) == (form, RECORD)
    assert framing(RECORD, 2) == ("8N1", RECORD)


def test_noise_among_seven_bits_is_left_in_the_text() -> None:
    noisy = SevenBits.of("E").to_send(RECORD) + b"\x80\x01"
    assert framing(noisy) == ("7E1", RECORD + b"\x00\x01")


def test_text_that_no_driver_reads_is_told_as_text() -> None:
    ear = Ear(READERS)
    line = Line(19200, "8N1", 0.0, 0.001)
    sent = [Sent(float(at), b"hello, this is a printer of some kind\r\n") for at in range(1, 9)]
    for _ in listen(ear, line, sent):
        pass
    assert (ear.state, ear.likely_baud, ear.proposals) == ("text", 19200, ())


def test_fixed_speed_stays_and_the_right_one_is_named() -> None:
    ear = Ear(READERS, fixed=9600)
    for at in range(1, 6):
        ear.hear(float(at), heard(RECORD, Sender(19200), 9600))
        ear.tick(at + 0.5)
    assert (ear.baud, ear.likely_baud, ear.state) == (9600, 19200, "garbled")


def test_bytes_of_a_port_that_is_open_with_parity_are_taken_as_they_come() -> None:
    ear = Ear(READERS, fixed=9600, line_format="7E1")
    for at in range(1, 4):
        ear.hear(float(at), RECORD)
        ear.tick(at + 0.5)
    assert [(each.driver, each.format) for each in ear.proposals] == [("panasonic", "7E1")]


def test_what_is_kept_is_bounded() -> None:
    ear = Ear(READERS, fixed=9600)
    for at in range(1, 60):
        ear.hear(float(at), RECORD * 100)
        ear.tick(at + 0.5)
    assert ear.proposals[0].read + ear.proposals[0].unread <= 4096


def test_any_bytes_at_any_time_do_no_harm() -> None:
    rng = Random(5)
    ear = Ear(READERS)
    now = 0.0
    for _ in range(400):
        now += rng.expovariate(5.0)
        ear.hear(now, rng.randbytes(rng.randrange(40)), rng.randrange(3))
    assert all(each.confidence != "certain" for each in ear.proposals)


def test_readings_of_equal_strength_leave_both_in_doubt() -> None:
    def reading(unread: int, **settings: object) -> Evidence:
        return Evidence(settings=settings, records=5, read=100, unread=unread)

    alone = propose({"a": lambda _: [reading(0)]}, b"", 9600, "8N1")
    assert [each.confidence for each in alone] == ["certain"]
    two = propose({"a": lambda _: [reading(0)], "b": lambda _: [reading(0)]}, b"", 9600, "8N1")
    assert [each.confidence for each in two] == ["possible", "possible"]
    worse = propose({"a": lambda _: [reading(40), reading(0)]}, b"", 9600, "8N1")
    assert [(each.confidence, each.unread) for each in worse] == [("certain", 0), ("possible", 40)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_right_speed_from_the_start_needs_one_record_only(kind: object) -> None:
    assert isinstance(kind, type(KINDS[0]))
    calls = spread(islice(kind.calls(Random(1)), 1))
    ear = Ear(READERS)
    moments = listen(ear, Line(FASTEST, "8N1", 0.0, 0.001), in_order(calls))
    next(moments)
    assert ear.proposals
    assert kind.is_told_by(ear.proposals[0])
