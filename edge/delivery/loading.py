"""Reads and packs one batch ahead of each lane, so that a destination never waits for the box.

lane ──read──▶ gather, on a metered line ──▶ choose ──▶ pack, in a thread ──▶ pending ──▶ forwarder
                                                ▲
 events of the same calls from the backlog ─────┘ ahead of it, in parcels of their own

What is not wanted is left out of the batch; its number is passed over without a request.
"""

import asyncio
from asyncio import Task, TaskGroup
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic

from edge.delivery.batch_size import BatchSize
from edge.delivery.choosing import Choice
from edge.delivery.cloudevents import MAX_DATA
from edge.delivery.destination import Batch, Destination
from edge.delivery.earlier import Earlier
from edge.delivery.lanes import Lane, lanes
from edge.delivery.restraint import GATHER_SECONDS, Restraint
from edge.journal.journal import Journal, Position, Stored

# Packing so many takes less than handing them to a thread.
_FEW = 10


@dataclass(frozen=True, slots=True)
class Parcel:
    """ahead: sent before its turn, and once more when that comes; it settles nothing."""

    batch: Batch
    body: bytes
    ahead: bool = False

    @property
    def last(self) -> int:
        return self.batch.last


@dataclass(frozen=True, slots=True)
class Passed:
    """All up to `last` behind what was sent before: none of it is wanted."""

    last: int


@dataclass(slots=True)
class Load:
    """What of a lane is on its way.

    confirmed: what the destination stored itself, as far as known: a range that starts behind it
    covers what was parked since. pending: what is to be sent, the first part last; none when the
    lane has ended.
    """

    lane: Lane
    confirmed: int
    read_to: int
    pending: list[Parcel | Passed] = field(default_factory=list)
    reading: "Task[list[Parcel | Passed]] | None" = None
    ended: bool = False


class Loading:
    """The loads of a position's lanes."""

    def __init__(
        self,
        journal: Journal,
        destination: Destination,
        size: BatchSize,
        restraint: Restraint,
        choice: Choice,
    ) -> None:
        self._journal = journal
        self._destination = destination
        self._size = size
        self._restraint = restraint
        self._choice = choice
        self._loads: list[Load] = []
        self._earlier = Earlier(journal, Position())

    def begin(self, position: Position) -> None:
        """Load from a position on."""
        self._earlier = Earlier(self._journal, position)
        self._loads = [Load(lane, lane.after, lane.after) for lane in lanes(position)]

    def stop(self) -> None:
        """Give up what was read."""
        for load in self._loads:
            if load.reading is not None:
                load.reading.cancel()
        self._loads = []

    def backlog_waits(self) -> float:
        """Seconds for which the line's settings hold the backlog up."""
        return self._restraint.backlog_waits(monotonic())

    async def next(self, group: TaskGroup) -> Load:
        """Wait for the first lane that has something to send, or has come to its end."""
        while True:
            for load in self._loads:
                self._read_ahead(load, group)
            hold = None
            for load in self._loads:
                if load.ended:
                    return load
                if load.pending:
                    hold = self.backlog_waits() if load.lane.is_backlog else 0.0
                    if not hold:
                        return load
            empty = [load.reading for load in self._loads if load.reading and not load.pending]
            await asyncio.wait(empty, timeout=hold, return_when=asyncio.FIRST_COMPLETED)

    async def pack(self, batch: Batch, *, ahead: bool = False) -> Parcel:
        """Make the body, of many events in a thread."""
        if len(batch.events) <= _FEW:
            return Parcel(batch, self._destination.pack(batch), ahead)
        return Parcel(batch, await asyncio.to_thread(self._destination.pack, batch), ahead)

    def _read_ahead(self, load: Load, group: TaskGroup) -> None:
        if load.reading is not None and load.reading.done() and not load.pending:
            load.pending = load.reading.result()
            load.reading = None
            load.ended = not load.pending
            if load.pending:
                load.read_to = load.pending[0].last
        if load.reading is None and not load.ended:
            load.reading = group.create_task(self._parcels(load))

    async def _parcels(self, load: Load) -> list[Parcel | Passed]:
        """The next batch, behind what has to go ahead of it; none at the end of a backlog."""
        found = await self._events(load)
        events = await self._choice.of(found)
        parcels: list[Parcel | Passed] = []
        if len(events) < len(found) and found[-1] not in events[-1:]:
            parcels.append(Passed(found[-1].sequence))
        if not events:
            return parcels
        parcels.append(await self.pack(self._batch(load.read_to, events)))
        if not load.lane.is_backlog:
            earlier = await self._earlier.of(events, self._loads[-1].confirmed)
            for event in reversed(await self._choice.of(earlier)):
                early = self._batch(event.sequence - 1, [event])
                parcels.append(await self.pack(early, ahead=True))
        return parcels

    def _batch(self, after: int, events: Sequence[Stored]) -> Batch:
        origin = self._journal.origin(events[0].sequence)
        return Batch(origin, self._journal.box, after, events)

    async def _events(self, load: Load) -> list[Stored]:
        after, through = load.read_to, load.lane.through
        if through is not None:
            found = await self._journal.read(after, self._size.of_backlog, MAX_DATA)
            return [event for event in found if event.sequence <= through]
        await self._journal.changed(after)
        return await self._gathered(after)

    async def _gathered(self, after: int) -> list[Stored]:
        """What is there; on a metered line with what comes in the next minute."""
        deadline = monotonic() + GATHER_SECONDS
        while True:
            most = self._size.most
            found = await self._journal.follow(after, most, MAX_DATA)
            left = deadline - monotonic()
            if len(found) == most or left <= 0 or not self._restraint.gathers(found):
                return found
            await self._journal.changed(found[-1].sequence, left)
