"""The bytes of a capture as its device meant them.

    # read at: 9600 7E1      what `payvand capture` found out while it sought the speed

Without that line all bytes count as they are: another program recorded them, or the port was open
as the device sends. With it what came at another speed is none of the device's words, and bit 7 is
its parity.
"""

from collections.abc import Iterator
from typing import cast

from drivers.wire.capture import Capture, LineChange, Received
from drivers.wire.parity import Parity, SevenBits

READ_AT = "read at"


def sent_bytes(capture: Capture, *, parity: bool = False) -> Iterator[tuple[float, bytes]]:
    """(seconds, bytes) from the device, at its speed; with its parity bits or without them."""
    baud, _, line_format = (capture.value(READ_AT) or "").partition(" ")
    seven = line_format[:1] == "7" and line_format[1:2] in tuple("EOM") and not parity
    line = baud
    for entry in capture.entries:
        if isinstance(entry, LineChange):
            line = entry.settings.partition(" ")[0]
        elif isinstance(entry, Received) and baud in {"", line}:
            data = entry.data
            if seven:
                data = SevenBits.of(cast("Parity", line_format[1])).received(data)[0]
            yield entry.at, data
