"""Lets an ear hear a port: reads, hands on the time, and sets the speed that the ear asks for."""

from collections.abc import Callable
from time import monotonic

from drivers.detect.ear import Ear
from drivers.wire.quiet_port import QuietPort

LOOK_SECONDS = 1.0
"""So often a silent port is asked for its counters: an adapter may keep what it cannot read."""


async def listen(port: QuietPort, ear: Ear, enough: Callable[[], bool]) -> None:
    """Listen until it is enough, which is asked whenever the ear may know more.

    Raises LinkLost when the port is gone.
    """
    counted = _broken(port)
    while not enough():
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


def _broken(port: QuietPort) -> int:
    counters = port.counters()
    return counters.broken if counters else 0
