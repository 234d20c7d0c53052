"""Lets an ear hear a port: reads, hands on the time, and sets the speed that the ear asks for."""

from collections.abc import Callable
from time import monotonic

from drivers.detect.ear import Ear
from drivers.wire.quiet_port import QuietPort

LOOK_SECONDS = 1.0
"""So often a silent port is asked for its counters: an adapter may keep what it cannot read."""

Note = Callable[[float, bytes], None]


async def listen(port: QuietPort, ear: Ear, news: Callable[[], None]) -> None:
    """Listen until cancelled; `news` is called whenever the ear may know more.

    Raises LinkLost when the port is gone.
    """
    counted = _broken(port)
    while True:
        due = ear.due()
        look = monotonic() + LOOK_SECONDS
        data = await port.read(look if due is None else min(due, look))
        broken, counted = _broken(port) - counted, _broken(port)
        if data or broken:
            ear.hear(monotonic(), data, broken)
        else:
            ear.tick(monotonic())
        if ear.baud != port.baud:
            port.set_baud(ear.baud)
        news()


def _broken(port: QuietPort) -> int:
    counters = port.counters()
    return counters.framing + counters.breaks if counters else 0
