"""Many lives of one office, each ended by a fault at a random moment, and one verdict at the end.

The exchange prints and `payvand events` is read through all of it. A loss in any life is still to
be seen at the end, because the ids go on: what is missing is missing, and what took its number is
different.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from random import Random

from tests.system.faults.checker import Evidence, Vitals
from tests.system.faults.disk import Disk
from tests.system.faults.office import SECONDS, Office, until

BETWEEN_CALLS = 0.004
STARTING = 0.2
"""The share of lives that end while they begin."""
MOODS: tuple[tuple[str, dict[str, float]], ...] = (
    ("none", {}),
    ("none", {}),
    ("stall", {"seconds": 0.1}),
    ("drop-answer", {}),
    ("503", {"seconds": 0}),
)

Fault = Callable[[Office], Awaitable[None]]


@asynccontextmanager
async def open_office(office: Office) -> AsyncIterator[None]:
    """The CRM runs, the exchange prints, `payvand events` is read; all ends with the context."""
    office.settle()
    try:
        await office.start_crm()
        office.begin_watching()
        try:
            with office.port:
                yield
        finally:
            await office.stop_watching()
    finally:
        office.kill()


async def lives(office: Office, rounds: int, rng: Random, fault: Fault) -> None:
    """So many lives of the box, each ended by the fault."""
    for _ in range(rounds):
        mood, order = rng.choice(MOODS)
        await office.misbehave(mood, **order)
        office.box.spawn()
        if rng.random() < STARTING:
            await asyncio.sleep(rng.uniform(0, 0.6))  # the moment of the fault
            await fault(office)
            continue
        await office.online()
        printing = asyncio.ensure_future(office.print_on(BETWEEN_CALLS))
        await _shows(office, rng.randint(5, 80))
        await asyncio.sleep(rng.uniform(0, 0.02))  # the moment of the fault
        await fault(office)
        printing.cancel()
        await asyncio.wait([printing])


async def _shows(office: Office, more: int) -> None:
    """Wait until `payvand events` shows so many events more: a busy machine takes longer."""
    wanted = len(office.shown) + more

    async def look() -> bool:
        return len(office.shown) >= wanted

    await until(look, f"{more} events more are shown")


async def kill(office: Office) -> None:
    """SIGKILL."""
    office.box.kill()


def power_cut(disk: Disk) -> Fault:
    """A fault: the box's disk loses its power, and with it what was not flushed."""

    async def cut(office: Office) -> None:
        office.box.kill(at_once=disk.cut)
        await asyncio.to_thread(disk.unplug)
        await asyncio.to_thread(disk.plug)

    return cut


async def verdict(office: Office, *before: Vitals) -> Evidence:
    """What is known after a last life in peace, ended in order; `before`: vitals to compare."""
    await office.misbehave("none")
    office.box.spawn()
    await office.online()
    await office.settled(4 * SECONDS)
    evidence = await office.evidence(*before, office.box.vitals())
    assert await office.box.stop() == 0
    return evidence
