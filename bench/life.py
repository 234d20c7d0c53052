"""What an event costs over its whole life: disk, flushes and CPU of the box.

    emit(facts, memory) ─▶ journal ─▶ forwarder ─▶ reference CRM (a process and a disk of its own)
                             ▲ progress saved ◀──────┘
                             └─ checkpoint; later the delivered event is dropped from the history

Facts and memories are those of the real decoder on a simulated day. History is so short here that
each round drops as many events as it stores, as a box does that has run for 90 days. At a trickle
twice: each event right after the one before, and with a quiet moment between.
Aims at a trickle: ≤ 13 KB, ≤ 1.1 flushes and ≤ 150 µs CPU per event; in bursts ≤ 2 KB and ≤ 25 µs.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.calls import SETTINGS, Emitted, emitted, together
from bench.disk import Counts, Disk, own_disk
from bench.processes import reference_crm
from bench.table import Table
from edge.delivery.destination import Batch, Delivered
from edge.delivery.destinations.link.destination import LinkDestination
from edge.delivery.destinations.link.settings import LinkSettings
from edge.delivery.forwarder import Forwarder
from edge.delivery.retimed import Retimed, Times
from edge.intake import clock
from edge.intake.clock import BoxClock
from edge.intake.intake import Intake
from edge.intake.seal import Seal, number_plan
from edge.journal.journal import History, Journal
from edge.journal.retime import recall

_CRM = "crm"
_TRICKLE = 1000
_QUIET = 400
_BURST = 100
_BURSTS = 100
_READ = 10
"""So many lines come in one read from a network exchange, and go on in one `emit`."""
_WARM_UP = _BURST * _BURSTS
"""After it the file has its size, as after 90 days: no round makes it grow."""
_PAUSE = 0.03
_BATCH = 200
"""Dropped events go by so many; every round has a multiple of it."""


def measure() -> Table:
    with own_disk() as disk, TemporaryDirectory() as far, reference_crm(Path(far)) as url:
        rows = asyncio.run(_measure(disk, url))
    columns = ("life of an event", "flushes/event", "bytes/event", "CPU µs/event", "aims")
    notes = (
        disk.note,
        "CPU of the box's own process without the decoder; gzip, JSON and HTTP are in it.",
    )
    return Table("life: stored, delivered, progress, checkpoint, dropped", columns, rows, notes)


class _Box:
    """Real parts in this process, as edge/service/service.py puts them together."""

    def __init__(self, journal: Journal, url: str) -> None:
        now = BoxClock(clock.boot_id(), recall(b""), clock.read_kernel())
        self.journal = journal
        self._far = _Told(LinkSettings(url=url))
        self.forwarder = Forwarder(_CRM, journal, Retimed(self._far, Times(journal, now), now))
        self._intake = Intake(Seal("pbx1", now.boot, number_plan(SETTINGS)), journal, now.now)

    async def emit(self, what: Emitted) -> None:
        await self._intake.emit(what.facts, what.memory)

    async def delivered(self) -> None:
        async with asyncio.timeout(60):
            while self.journal.pending(_CRM):
                self._far.taken.clear()
                await self._far.taken.wait()
                await asyncio.sleep(0)  # the forwarder moves its cursor

    async def drop_history(self) -> None:
        """Wait until no batch is left that may go, and all is in the file itself."""
        late = datetime.now(UTC) + timedelta(days=1000)
        self.journal.settle()
        self.journal.retain(History(days=1), [_CRM], lambda: late)
        async with asyncio.timeout(60):
            while True:
                (oldest,) = await self.journal.read(0, 1)
                if self.journal.last - oldest.sequence <= _BATCH:
                    break
                await asyncio.sleep(0.1)
        self.journal.settle()
        await asyncio.sleep(0.2)


class _Told(LinkDestination):
    """Tells when a batch was taken, so that nobody has to ask all the time."""

    def __init__(self, settings: LinkSettings) -> None:
        super().__init__(settings)
        self.taken = asyncio.Event()

    async def deliver(self, batch: Batch, body: bytes) -> Delivered:
        delivered = await super().deliver(batch, body)
        asyncio.get_running_loop().call_soon(self.taken.set)
        return delivered


@asynccontextmanager
async def _box(folder: Path, url: str) -> AsyncIterator[_Box]:
    journal = await Journal.open(folder / "journal.sqlite")
    box = _Box(journal, url)
    try:
        async with asyncio.TaskGroup() as group:
            delivering = group.create_task(box.forwarder.run())
            yield box
            delivering.cancel()
    finally:
        await journal.close()


async def _measure(disk: Disk, url: str) -> tuple[tuple[str, ...], ...]:
    async def one_by_one(events: Sequence[Emitted]) -> None:
        for each in events:
            await box.emit(each)
            await box.delivered()

    async def with_quiet(events: Sequence[Emitted]) -> None:
        for each in events:
            await box.emit(each)
            await box.delivered()
            await asyncio.sleep(_PAUSE)

    async def bursts(events: Sequence[Emitted]) -> None:
        for first in range(0, len(events), _BURST):
            async with asyncio.TaskGroup() as group:
                for begin in range(first, first + _BURST, _READ):
                    group.create_task(box.emit(together(events[begin : begin + _READ])))
            await box.delivered()

    async with _box(disk.directory, url) as box:
        await bursts(emitted(_WARM_UP))
        await one_by_one(emitted(_BURST))
        await box.drop_history()
        trickle = await _costs(box, disk, one_by_one, emitted(_TRICKLE))
        quiet = await _costs(box, disk, with_quiet, emitted(_QUIET))
        burst = await _costs(box, disk, bursts, emitted(_BURST * _BURSTS))
    return (
        _row("trickle, one after the other", trickle, _TRICKLE, "1.1, 13 KB, 150 µs"),
        _row("trickle, quiet between", quiet, _QUIET, "1.1, 13 KB, 150 µs"),
        _row(f"bursts of {_BURST}", burst, _BURST * _BURSTS, "2 KB, 25 µs"),
    )


async def _costs(
    box: _Box,
    disk: Disk,
    live: Callable[[Sequence[Emitted]], Awaitable[None]],
    events: Sequence[Emitted],
) -> Counts:
    os.sync()
    before = disk.counts()
    await live(events)
    await box.drop_history()
    os.sync()
    return disk.counts().since(before)


def _row(name: str, costs: Counts, events: int, aims: str) -> tuple[str, ...]:
    return (
        name,
        "-" if costs.flushes is None else f"{costs.flushes / events:.3f}",
        "-" if costs.written is None else f"{costs.written / events:,.0f}",
        f"{costs.cpu / events * 1e6:.0f}",
        aims,
    )
