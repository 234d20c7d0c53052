"""Sets a modem up so that it shows caller ID: each step's texts in turn, until one gets an OK.

    > AT+VCID=1     < ERROR
    > AT#CID=1      < OK

Which one a modem knows differs from chip to chip (reference 6.4). What it says meanwhile, such as
RING, is given back to be read.
"""

from collections.abc import Sequence

from drivers.contract import Clock, Link
from drivers.events import DeviceState
from drivers.wire.reading import read_until

ANSWER_SECONDS = 2.0
_MOST_BYTES = 4096
_SILENT = (
    "The modem does not answer: check that the link leads to a modem, its speed and its power."
    " Payvand goes on listening."
)
_REFUSES = (
    "The modem takes no command for caller ID: its chip may not have it; use another modem or a"
    " caller-ID box. Payvand goes on listening."
)


async def set_up(
    link: Link, steps: Sequence[Sequence[str]], clock: Clock
) -> tuple[bytes, list[DeviceState]]:
    """What came meanwhile, and an alarm where the modem did not follow. Raises LinkLost."""
    heard = b""
    answered = True
    for texts in steps:
        for text in texts:
            await link.write(text.encode() + b"\r")
            answer = await _answer(link, clock)
            heard += answer
            answered = b"OK" in answer
            if answered:
                break
    if answered:
        return heard, []
    advice, code = (_REFUSES, "modem-refuses") if heard.strip() else (_SILENT, "modem-silent")
    return heard, [DeviceState("alarm", code, advice)]


async def _answer(link: Link, clock: Clock) -> bytes:
    """Bytes up to OK or ERROR, or until the modem has had time enough."""
    due = clock().monotonic + ANSWER_SECONDS
    got = b""
    while len(got) < _MOST_BYTES and clock().monotonic < due:
        got += await read_until(link, due, clock)
        if b"OK\r" in got or b"ERROR\r" in got:
            break
    return got
