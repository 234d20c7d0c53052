"""The demo's direct lines: a simulated Segal box beside the exchange, in true time.

    plan ─▶ what happens on the lines ─▶ Uart (a pty) ─▶ the box
                 └─ how much of it has gone ─▶ what the CRM must know by now

Durations are those of arrival at the box, and who talks with whom no such unit tells: a sight of
these calls has neither.
"""

import asyncio
from collections import Counter
from random import Random

from drivers.callerid.day import Habits, Happening, TrueCall, happenings, plan
from drivers.callerid.unit_print import PRINTS
from drivers.wire.uart import Sender, Uart
from edge.demo.paper import Printout, Sight, sight

KEY = "lines"
PROFILE = "segal-c"
BAUD = 115200
LINES = 3
CALLS = 200
"""On each line: more than an hour."""
_HABITS = Habits(lines=LINES, gap=(14.0, 40.0), talk=(4.0, 25.0))
_SEED = 3


class DirectLines:
    """The Segal box of the demo, on a pty. `sent_bytes` counts what the wire has carried."""

    def __init__(self) -> None:
        self.uart = Uart(Sender(BAUD))
        self.sent_bytes = 0
        self._sent: set[Happening] = set()
        self._ended = asyncio.Event()
        self._calls = plan(Random(_SEED), _HABITS, CALLS)

    async def serve(self) -> None:
        """Send everything at its time, until `end`."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        for happening in happenings(self._calls):
            await self._until(start + happening.at - loop.time())
            if self._ended.is_set():
                return
            if record := PRINTS[PROFILE](happening):
                await self.uart.write(record)
                self.sent_bytes += len(record)
            self._sent.add(happening)

    def end(self) -> None:
        """Let nothing more happen."""
        self._ended.set()

    def close(self) -> None:
        self.uart.close()

    def printout(self) -> Printout:
        """What can be known from what was sent; an outgoing call under way may be known or not."""
        finished: Counter[Sight] = Counter()
        asked: Counter[Sight] = Counter()
        for call in self._calls:
            gone = {each.what for each in call.happenings if each in self._sent}
            if call.direction == "incoming" and "ring" in gone:
                finished[_sight(call, call.number if "number" in gone else None)] += 1
            elif call.direction == "outgoing" and call.number and "dialled" in gone:
                (finished if "put_back" in gone else asked)[_sight(call, call.number)] += 1
        return Printout(finished, Counter(), asked)

    @property
    def calls(self) -> int:
        """How many were begun, as far as a unit can tell."""
        printout = self.printout()
        return sum(printout.finished.values()) + sum(printout.asked.values())

    async def _until(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await self._ended.wait()
        except TimeoutError:
            return


def both(first: Printout, second: Printout) -> Printout:
    """What is known of two devices."""
    return Printout(
        first.finished + second.finished,
        first.under_way + second.under_way,
        first.asked + second.asked,
    )


def _sight(call: TrueCall, number: str | None) -> Sight:
    return sight(call.direction, str(call.line), number, None, 0)
