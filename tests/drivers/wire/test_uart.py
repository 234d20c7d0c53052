"""What a port at another speed hears, worked out by hand, and over a pty whose reader set it."""

import pytest
import serial

from drivers.wire.address import BAUDS
from drivers.wire.uart import Sender, Uart, heard

TEXT = b"L1C09120001122@\r\n"


@pytest.mark.parametrize("baud", BAUDS)
def test_the_right_speed_hears_what_was_sent(baud: int) -> None:
    every = bytes(range(256))
    assert heard(every, Sender(baud), baud) == every
    assert heard(every, Sender(baud, "8N2"), baud) == every


def test_at_double_speed_each_bit_is_heard_twice() -> None:
    # U alternates: 00 11 00 11 00 | no stop bit, so the line must rise first: 11 00 11 00 11 11…
    assert heard(b"U", Sender(9600), 19200) == bytes([0b01100110, 0b11100110])


def test_at_half_speed_two_bits_are_heard_as_one() -> None:
    # 0xf0 sends 0 0000 1111 1: start, then the middle of each second bit.
    assert heard(b"\xf0", Sender(9600), 4800) == bytes([0b11111110])


def test_a_wrong_speed_never_shows_the_text() -> None:
    for baud in BAUDS:
        if baud != 9600:
            assert b"L1C" not in heard(TEXT, Sender(9600), baud)


def test_seven_bits_with_parity_are_heard_with_the_eighth_bit_set_by_it() -> None:
    sent = heard(b"LC", Sender(9600, "7E1"), 9600)  # L is 0x4c, C is 0x43: three ones each
    assert sent == bytes([0x4C | 0x80, 0x43 | 0x80])
    assert heard(b"LC", Sender(9600, "7O1"), 9600) == b"LC"


def test_a_parity_bit_behind_eight_is_taken_for_the_stop_bit() -> None:
    assert heard(TEXT, Sender(9600, "8E1"), 9600) == TEXT


async def test_over_a_pty_the_speed_counts_that_the_reader_set() -> None:
    uart = Uart(Sender(9600))
    try:
        for baud, expected in ((9600, TEXT), (19200, heard(TEXT, Sender(9600), 19200))):
            with serial.Serial(uart.port, baud, timeout=60) as port:
                await uart.write(TEXT)
                assert uart.reader_baud == baud
                got = b""
                while len(got) < len(expected):
                    got += port.read(len(expected) - len(got))
                assert got == expected
    finally:
        uart.close()
