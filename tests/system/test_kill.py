"""The box killed with SIGKILL again and again while the exchange prints.

Serial. Claimed: every line that was on disk when the box died is in the CRM in the end, in exactly
one event; calls whose lines lie on both sides of a kill come out whole (RC before it, the final
line after it; the group's leg before, the member's after; both legs of a transfer); each call has
one `call.ended`, and nothing is there twice. Every call of the day is checked against what really
happened.

Not claimed: a line that was not on disk. Nobody reads a serial line while the box is dead, and no
exchange prints a line twice. So that the whole day can be compared, the test's exchange waits for
the box, and prints those lines again, and only those, that are not in the journal after a kill.
The journal is looked at from outside, read-only.

LAN. Claimed: all of it. The exchange keeps its records and sends them again after each login, so
nothing may be lost and nothing told twice, whatever the box had on disk. The exchange prints on,
also while the box is dead.
"""

import asyncio
import socket
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from random import Random

from drivers.panasonic.exchange_lan import LanPort
from drivers.panasonic.exchange_port import SerialPort
from drivers.panasonic.session import QUIET
from tests.system.paper import Day, assert_same, day_of
from tests.system.processes import SECONDS, Box, Crm, assert_exactly_once, eventually, of_type

KILLS = 50
LAN_KILLS = 15
SERIAL_DAY = day_of("KX-TDA200", 90, 5, received=True, answered=True)
LAN_DAY = day_of("KX-TDE100", 80, 6, received=True)


@dataclass(frozen=True, slots=True)
class Life:
    """One life of the box: lines printed and stored, then `last` lines in flight, then the kill.

    moment: `start`, while it starts; `torn`, half of the last line is printed; `line`, after
    `seconds` with the lines in flight; `sending`, the same while a CRM is slow or breaks off.
    """

    moment: str
    seconds: float
    lines: int
    last: int


def _lives(rng: Random) -> list[Life]:
    moments = ["start", "torn", "line", "line", "sending"] * (KILLS // 5)
    rng.shuffle(moments)
    longest = {"start": 0.5, "torn": 0.02, "line": 0.01, "sending": 0.25}
    return [
        Life(moment, rng.uniform(0, longest[moment]), rng.randint(0, 4), rng.randint(1, 3))
        for moment in moments
    ]


class Printing:
    """An exchange that prints a day, and knows which lines the box has on disk: a line, an event.

    What is left of a line that a kill has torn comes first in the next life, as from a real one.
    """

    def __init__(self, day: Day, port: SerialPort, box: Box) -> None:
        self._lines = [line.text for line in day.printed]
        self._port = port
        self._box = box
        self._torn = b""
        self.stored = 0
        self.reprinted = 0

    async def print_stored(self, count: int) -> None:
        """Print so many lines and wait until each is on disk."""
        wanted = min(self.stored + count, len(self._lines))
        await self.print(count)

        async def look() -> bool:
            return self._box.stored("call.%") >= wanted

        await eventually(look, f"line {wanted} stored; log:\n{self._box.log}")
        self.stored = wanted

    async def print(self, count: int) -> None:
        """Print lines; what becomes of them is seen after the kill."""
        await self._port.write(self._torn)
        self._torn = b""
        for line in self._lines[self.stored : self.stored + count]:
            await self._port.write(line)

    async def tear(self) -> None:
        """Print half a line."""
        line = b"".join(self._lines[self.stored : self.stored + 1])
        await self.print(0)
        await self._port.write(line[: len(line) // 2])
        self._torn = line[len(line) // 2 :]

    def look_on_disk(self, in_flight: int) -> None:
        """After a kill: lines are stored in their order, so the first ones are."""
        found = self._box.stored("call.%")
        lines = min(in_flight, len(self._lines) - self.stored)
        assert self.stored <= found <= self.stored + lines, "stored twice, or lost from the disk"
        self.reprinted += self.stored + lines - found
        self.stored = found

    @property
    def left(self) -> int:
        return len(self._lines) - self.stored


async def test_fifty_kills_on_the_serial_line(box: Box, crm: Crm, port: SerialPort) -> None:
    rng = Random(20)
    await crm.start()
    box.settle({"serial": str(port.path)}, {"model": "KX-TDA200"}, crm.url)
    printing = Printing(SERIAL_DAY, port, box)

    for life in _lives(rng):
        await _live(life, box, crm, printing, rng)

    await crm.misbehave("none")
    await box.start()
    while printing.left:
        await printing.print_stored(20)
    status = await box.settled()
    events = await crm.events()
    assert_exactly_once(events)
    assert len(events) >= status.last_sequence
    assert len(of_type(events, "call.*")) == len(SERIAL_DAY.printed)
    assert_same(await crm.calls(), SERIAL_DAY)
    assert of_type(events, "wire.unrecognized") == []
    assert len(of_type(events, "box.started")) <= KILLS + 1
    assert printing.reprinted > 0, "no kill came before a commit: the moments are badly chosen"


async def _live(life: Life, box: Box, crm: Crm, printing: Printing, rng: Random) -> None:
    if life.moment == "start":
        box.spawn()
        await asyncio.sleep(life.seconds)  # the moment of the kill
        box.kill()
        printing.look_on_disk(0)
        return
    await crm.misbehave("none")
    await box.start()
    await printing.print_stored(life.lines)
    in_flight = 0 if life.moment == "torn" else life.last
    if life.moment == "sending":
        await crm.misbehave(*rng.choice([("stall",), ("drop-answer",)]), seconds=0.2)
    if life.moment == "torn":
        await printing.tear()
    else:
        await printing.print(in_flight)
    await asyncio.sleep(life.seconds)  # the moment of the kill
    box.kill()
    printing.look_on_disk(in_flight)


# --- LAN


@dataclass(frozen=True, slots=True)
class LanLife:
    """Lines printed while the box is dead, up to a moment of its life, and lines in flight.

    moment: `login`, in the dialogue or the replay; `replay`, when the replay is about to be stored;
    `live`, with `live` more lines printed after it. The kill comes `seconds` after that.
    """

    moment: str
    seconds: float
    dead: int
    live: int


def _lan_lives(rng: Random) -> list[LanLife]:
    moments = ["login", "replay", "live"] * (LAN_KILLS // 3)
    rng.shuffle(moments)
    spans = {"login": (0.0, 1.5), "replay": (QUIET - 0.05, QUIET + 0.1), "live": (0.0, 0.01)}
    return [
        LanLife(moment, rng.uniform(*spans[moment]), rng.randint(0, 5), rng.randint(1, 6))
        for moment in moments
    ]


async def test_fifteen_kills_on_the_network_lose_and_double_nothing(box: Box, crm: Crm) -> None:
    rng = Random(31)
    await crm.start()
    lan = LanPort(LAN_DAY.exchange)
    listener = socket.create_server(("127.0.0.1", 0))
    host, number = listener.getsockname()
    box.settle({"tcp": f"{host}:{number}"}, {"model": "KX-TDE100"}, crm.url)
    paper = [line.text for line in LAN_DAY.printed]
    serving = asyncio.ensure_future(lan.serve(listener, ()))
    try:
        for life in _lan_lives(rng):
            await _print(lan, paper, life.dead)
            box.spawn()
            if life.moment == "replay":
                await eventually(partial(_hears, box), "bytes of the replay")
            if life.moment == "live":
                await _replayed(box)
                await _print(lan, paper, life.live)
            await asyncio.sleep(life.seconds)  # the moment of the kill
            box.kill()
        await _print(lan, paper, 10)
        box.spawn()
        await _replayed(box)
        await _print(lan, paper, len(paper))
        await crm.told("call.*", count=len(LAN_DAY.printed))
        status = await box.settled()
        events, calls = await crm.events(), await crm.calls()
    finally:
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.wait_for(serving, SECONDS)

    assert_exactly_once(events)
    assert len(events) >= status.last_sequence
    assert len(of_type(events, "call.*")) == len(LAN_DAY.printed)
    assert_same(calls, LAN_DAY)


async def _print(lan: LanPort, paper: list[bytes], count: int) -> None:
    """The exchange prints the next lines, whoever is connected."""
    for line in paper[:count]:
        await lan._keep(line)
    del paper[:count]


async def _hears(box: Box) -> bool:
    device = await box.device()
    return device is not None and device.bytes_in > 0


async def _replayed(box: Box) -> None:
    """Wait until this life of the box has stored what the exchange kept."""
    before = box.stored("device.online")

    async def look() -> bool:
        return box.stored("device.online") > before

    await eventually(look, f"replayed; log:\n{box.log}")
