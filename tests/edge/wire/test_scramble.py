"""Numbers in a capture made others: nothing of them stays, everything else does."""

import re

import pytest

from drivers import catalog
from drivers.detect.framing import framing
from drivers.wire.capture import Capture, LineChange, Mark, Received, format_capture, read_capture
from drivers.wire.parity import SevenBits
from edge.wire.readable import READ_AT, sent_bytes
from edge.wire.scramble import scramble

TEXT = (
    b"L1C09121234567@\r\nL1R01@L2HF@L2D0@L2D9@L1R02@L2D1@L2D2@L2D1@L2D2@L2D3@L2D4@L2D5@L2D6@L2D7@"
    b"L2HND:09121234567 T0105@\r\nL3C9121234567@\r\n"
    b"01/02/07 20:12     205 03 <I>02144556677            0'00 00:02'05               \r\n"
    b"01/02/07 20:12     205 03 EXT101                                               \r\n"
    b"01 I S 0276 G B3 09/26 11:28 AM 800-555-1212   NAME\r\n"
    b"###DATE03211405...NMBR09121234567...NAMEALI+++\r\nD1:L1:CallerID=+989121234567.\r\n"
)
PRIVATE = (b"1234567", b"4556677", b"5551212", b"555-1212")


def capture(data: bytes) -> Capture:
    middle = len(data) // 3
    entries = (
        LineChange(0.0, "115200 8N1"),
        Received(0.1, b"\x00\x00"),
        LineChange(0.2, "9600 8N1"),
        Received(1.0, data[:middle]),
        Mark(1.5, "called 09121234567 from line 2"),
        Received(2.0, data[middle:]),
    )
    return Capture((("started", "2026-11-21T08:00:00+00:00"), (READ_AT, "9600 7E1")), entries)


@pytest.mark.parametrize("parity", [None, "E"])
def test_numbers_are_others_of_the_same_length_and_alike_where_alike(parity: str | None) -> None:
    data = SevenBits.of("E").to_send(TEXT) if parity else TEXT
    changed = scramble(capture(data))
    text = framing(changed.received)[1]
    assert len(text) == len(TEXT)
    assert re.sub(rb"\d", b"0", text) == re.sub(rb"\d", b"0", TEXT)
    for number in PRIVATE:
        assert number not in text
    tails = re.findall(rb"912(\d{7})", text)
    assert len(set(tails)) == 1
    assert len(tails) == 5
    keyed = b"".join(re.findall(rb"L2D(\d)@", text))
    assert keyed == b"0912" + tails[0]


def test_dates_times_and_extensions_stay() -> None:
    text = scramble(capture(TEXT)).received
    assert text.count(b"01/02/07 20:12     205 03") == 2
    for kept in (b"EXT101 ", b"T0105@", b"0276", b"11:28", b"DATE03211405", b"00:02'05", b"+98912"):
        assert kept in text


def test_marks_are_scrambled_too_and_other_speeds_left_out() -> None:
    changed = scramble(capture(TEXT))
    text = format_capture(changed)
    assert "09121234567" not in text
    assert '"called 0912' in text
    assert "2 bytes at another speed left out" in text
    assert read_capture(text.encode()) == changed
    assert changed.value("numbers") == "scrambled"


def test_drivers_still_read_what_is_scrambled() -> None:
    lines = [line + b"\r\n" for line in TEXT.split(b"\r\n") if line[:1] == b"0" and b"<I>" in line]
    changed = scramble(capture(b"".join(lines))).received
    evidence = catalog.spec("panasonic").evidence(changed)
    assert [(each.records, each.unread) for each in evidence] == [(1, 0)]


def test_each_file_has_a_key_of_its_own() -> None:
    assert scramble(capture(TEXT)) != scramble(capture(TEXT))


def test_words_of_the_device_are_those_at_its_speed_without_parity() -> None:
    data = SevenBits.of("E").to_send(TEXT)
    assert b"".join(each for _, each in sent_bytes(capture(data))) == TEXT
    assert b"".join(each for _, each in sent_bytes(capture(data), parity=True)) == data
    plain = Capture((), capture(TEXT).entries)
    assert b"".join(each for _, each in sent_bytes(plain)) == plain.received
