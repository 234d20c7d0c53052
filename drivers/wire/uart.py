"""What a serial port hears of bytes sent at another speed: bit by bit, as the wire carries them.

    sent      ‾‾|_s_|‾0‾|_1_|_2_|‾3‾|_4_|_5_|_6_|_7_|‾stop‾‾‾      one bit: 1 / speed
    sampled       ^   ^   ^   ^   ^                                in the middle of its own bits

sampling.py has the receiver. A missing stop bit is no reason for Linux to drop the byte (INPCK and
PARMRK are off). The receiving end has 8 data bits and no parity, as this house opens its ports.

`Uart` is a device's end of a pty whose reader's speed counts: a pty carries bytes whatever speed
is set, but its master end can be asked for it.
"""

import termios
from dataclasses import dataclass
from typing import cast

from drivers.wire.address import BAUDS, DEFAULT_BAUD, DEFAULT_FORMAT
from drivers.wire.parity import Parity, SevenBits
from drivers.wire.player import FarEnd
from drivers.wire.sampling import changes, read

_SPEEDS = {
    getattr(termios, f"B{baud}"): baud for baud in BAUDS if getattr(termios, f"B{baud}", None)
}
_OUTPUT_SPEED = 5
"""Its place among what tcgetattr returns."""


@dataclass(frozen=True, slots=True)
class Sender:
    """A device's line settings: bits per second, and a format such as 8N1 or 7E1."""

    baud: int = DEFAULT_BAUD
    format: str = DEFAULT_FORMAT

    def bits(self, data: bytes) -> list[int]:
        """The levels on the wire for bytes sent without a pause, idle before the first."""
        seven, parity, stops = self.format[0] == "7", self.format[1], int(self.format[2])
        if seven and parity != "N":
            data = SevenBits.of(cast("Parity", parity)).to_send(data)
        levels = [1]
        for byte in data:
            levels.append(0)
            levels += [byte >> bit & 1 for bit in range(7 if seven and parity == "N" else 8)]
            if not seven and parity != "N":
                levels.append(_parity_bit(byte, parity))
            levels += [1] * stops
        return levels


def heard(data: bytes, sender: Sender, baud: int) -> bytes:
    """What a port set to `baud` 8N1 makes of one stretch of bytes, with silence around it."""
    if sender.baud == baud and sender.format in {"8N1", "8N2", "7E1", "7O1", "7M1", "7S1"}:
        # Frames of ten bits at one's own speed: each byte is what it is.
        seven = sender.format[0] == "7"
        return SevenBits.of(cast("Parity", sender.format[1])).to_send(data) if seven else data
    line = changes(sender.bits(data), sender.baud)
    return bytes(sample.byte for sample in read(line, baud))


class Uart(FarEnd):
    """A device's end of a pty that sends at its own speed, whatever the reader set.

    What is written while the reader's speed differs arrives as a real port would garble it.
    """

    def __init__(self, sender: Sender) -> None:
        super().__init__()
        self.sender = sender

    @property
    def reader_baud(self) -> int:
        """The speed that the port is set to now."""
        attributes = termios.tcgetattr(self._master)
        return _SPEEDS.get(attributes[_OUTPUT_SPEED], DEFAULT_BAUD)

    async def write(self, data: bytes) -> None:
        """Send one stretch of bytes, with silence before and after it. See FarEnd.write."""
        await super().write(heard(data, self.sender, self.reader_baud))


def _parity_bit(byte: int, parity: str) -> int:
    odd = byte.bit_count() % 2
    return {"E": odd, "O": 1 - odd, "M": 1, "S": 0}[parity]
