"""Sends events to a peer and counts what that costs it."""

import asyncio
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from time import monotonic

from bench.disk import Counts, Disk
from bench.peers.sender import Sender

CROWD = 100
_SECONDS, _MOST = 1.5, 10_000
_LATE = 1.5
"""A turn ends after so many seconds or events; what is saved each second is saved by then."""
_TICKS = os.sysconf("SC_CLK_TCK")


async def send(sender: Sender, numbers: Iterator[int], seconds: float, waiting: int) -> int:
    """Send for so long, with so many waiting at once; returns how many were acknowledged."""
    until = monotonic() + seconds
    sent = 0

    async def one_by_one() -> None:
        nonlocal sent
        while monotonic() < until and (number := next(numbers, None)) is not None:
            await sender.send(number)
            sent += 1

    async with asyncio.TaskGroup() as group:
        for _ in range(waiting):
            group.create_task(one_by_one())
    return sent


@dataclass(slots=True)
class Costs:
    """Of all turns of one way of sending. A share is None where nobody counts."""

    events: int = 0
    rates: list[float] = field(default_factory=list)
    counts: list[Counts] = field(default_factory=list)

    @property
    def flushes(self) -> float | None:
        return self._share([each.flushes for each in self.counts])

    @property
    def bytes(self) -> float | None:
        return self._share([each.written for each in self.counts])

    @property
    def microseconds(self) -> float | None:
        return self._share([each.cpu * 1e6 for each in self.counts])

    def _share(self, counted: Sequence[float | None]) -> float | None:
        known = [each for each in counted if each is not None]
        return sum(known) / self.events if known and self.events else None


@dataclass(frozen=True, slots=True)
class Served:
    """A running peer, who sends to it, and the disk on which nobody else writes."""

    sender: Sender
    pid: int
    disk: Disk
    numbers: Iterator[int]

    async def turn(self, waiting: int) -> int:
        """Send for a while; returns how many were acknowledged."""
        return await send(self.sender, islice(self.numbers, _MOST), _SECONDS, waiting)

    async def counted_turn(self, waiting: int, into: Costs) -> None:
        """What the peer or the kernel puts off is waited for and counted too."""
        os.sync()
        before, spent, begun = self.disk.counts(), cpu_of(self.pid), monotonic()
        events = await self.turn(waiting)
        took = monotonic() - begun
        await asyncio.sleep(_LATE)
        os.sync()
        counts = self.disk.counts().since(before)
        into.events += events
        into.rates.append(events / took)
        into.counts.append(replace(counts, cpu=cpu_of(self.pid) - spent))


def cpu_of(pid: int) -> float:
    """Seconds of a process with all its threads, in hundredths."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
