"""Seven bits with parity, as the wire carries them."""

import pytest

from drivers.wire.parity import Parity, SevenBits


@pytest.mark.parametrize(
    ("parity", "a", "c"),
    [("E", 0x41, 0xC3), ("O", 0xC1, 0x43), ("M", 0xC1, 0xC3), ("S", 0x41, 0x43)],
)
def test_bit_seven_of_two_letters(parity: Parity, a: int, c: int) -> None:
    """A is 41h with two ones, C is 43h with three."""
    rule = SevenBits.of(parity)
    assert rule.to_send(b"AC") == bytes([a, c])
    assert rule.received(bytes([a, c])) == (b"AC", 0)
    assert rule.received(bytes([a ^ 0x80, c ^ 0x80])) == (b"AC", 2)


@pytest.mark.parametrize("parity", ["E", "O", "M", "S"])
def test_half_of_all_bytes_are_wrong_and_none_keeps_bit_seven(parity: Parity) -> None:
    data, wrong = SevenBits.of(parity).received(bytes(range(256)))
    assert wrong == 128
    assert data == bytes(range(128)) * 2
