"""A simulated caller-ID box: what it sends, when, and the calls that this was.

    plan_unit("segal-c", seed) ─▶ (seconds, bytes) ...   fed to a decoder, or sent at its own time
                               └▶ the calls as they were

By hand, on a serial port at the true speed and in true time:

    python -m drivers.callerid.simulator --profile segal-c --pty segal
"""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

from drivers.callerid.day import Habits, TrueCall, happenings, plan
from drivers.callerid.unit_print import PRINTS
from drivers.wire.uart import Sender, Uart

_MOST_NOISE = 6


@dataclass(frozen=True, slots=True)
class SimulatedUnit:
    """What one unit sends, with the seconds since its start, and the truth of it."""

    profile: str
    sent: Sequence[tuple[float, bytes]]
    calls: Sequence[TrueCall]


def plan_unit(
    profile: str,
    random: Random,
    calls: int,
    habits: Habits | None = None,
    noise: float = 0.0,
) -> SimulatedUnit:
    """So many calls on each line. noise: the chance of stray bytes after a record."""
    planned = plan(random, habits or Habits(), calls)
    sent: list[tuple[float, bytes]] = []
    for happening in happenings(planned):
        if record := PRINTS[profile](happening):
            sent.append((happening.at, record))
            if random.random() < noise:
                # High bytes, as a spike on the line makes them.
                stray = random.choices(range(0x80, 0x100), k=random.randint(1, _MOST_NOISE))
                sent.append((happening.at + 0.1, bytes(stray)))
    return SimulatedUnit(profile, sent, planned)


async def play(
    sent: Iterable[tuple[float, bytes]],
    write: Callable[[bytes], Awaitable[None]],
    speed: float = 1.0,
) -> None:
    """Write everything at its time; returns after the last."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    for at, data in sent:
        await asyncio.sleep(max(0.0, start + at / speed - loop.time()))
        await write(data)


def main() -> int:
    """0 on SIGINT, and when the day is over."""
    arguments = _arguments()
    habits = Habits(lines=arguments.lines)
    unit = plan_unit(
        arguments.profile, Random(arguments.seed), arguments.calls, habits, arguments.noise
    )
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(unit, arguments))
    return 0


async def _serve(unit: SimulatedUnit, arguments: argparse.Namespace) -> None:
    uart = Uart(Sender(arguments.baud))
    arguments.pty.unlink(missing_ok=True)
    arguments.pty.symlink_to(uart.port)
    sys.stdout.write(f"{unit.profile} sends on {arguments.pty} at {arguments.baud} baud\n")
    sys.stdout.flush()
    try:
        await play(unit.sent, uart.write, arguments.speed)
        await asyncio.get_running_loop().create_future()
    finally:
        arguments.pty.unlink(missing_ok=True)
        uart.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m drivers.callerid.simulator",
        description="A caller-ID box with a day of made-up calls.",
    )
    add = parser.add_argument
    add("--profile", choices=tuple(PRINTS), default="segal-c")
    add("--pty", type=Path, metavar="LINK", required=True, help="serial port, linked at LINK")
    add("--baud", type=int, default=115200)
    add("--lines", type=int, default=4)
    add("--calls", type=int, default=50, help="on each line")
    add("--seed", type=int, default=1, help="the same seed makes the same day")
    add("--speed", type=float, default=1.0, help="times faster than the day")
    add("--noise", type=float, default=0.0, help="the chance of stray bytes after a record")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
