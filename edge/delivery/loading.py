"""Reads and packs one batch ahead of each lane, so that a destination never waits for the box.

lane ──read──▶ gather, on a metered line ──▶ choose ──▶ pack, in a thread ──▶ pending ──▶ forwarder
                                                ▲
 events of the same calls from the backlog ─────┘ ahead of it, in parcels of their own

 repeats (repeats.py), when no lane has anything: also in parcels that settle nothing

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
from edge.delivery.numbered import batch_of
from edge.delivery.repeats import Repeats
from edge.delivery.restraint import GATHER_SECONDS, Restraint
from edge.journal.journal import Journal, Position, Stored

# Packing so many takes less than handing them to a thread.
_FEW = 10
# No lane of a position: it only says that the line is used as for a backlog.
_ONCE_MORE = Lane(0, 0)


@dataclass(frozen=True, slots=True)
class Parcel:
    """ahead: sent out of its turn, which comes later or was before; it settles nothing."""

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
    lane has ended. repeats: where this is none of the lanes, but what goes once more.
    """

    lane: Lane
    confirmed: int
    read_to: int
    repeats: Repeats | None = None
    pending: list[Parcel | Passed] = field(default_factory=list)
    reading: "Task[list[Parcel | Passed]] | None" = None
    ended: bool = False


class Loading:
    """The loads of a position's lanes."""

    def __init__(  # noqa: PLR0913 - the parts of one way out, joined here and nowhere else
        self,
        journal: Journal,
        destination: Destination,
        size: BatchSize,
        restraint: Restraint,
        choice: Choice,
        repeats: Repeats,
    ) -> None:
        self._journal = journal
        self._destination = destination
        self._size = size
        self._restraint = restraint
        self._choice = choice
        self._repeats = repeats
        self._loads: list[Load] = []
        self._again = Load(_ONCE_MORE, 0, 0, repeats)
        self._earlier = Earlier(journal, Position())

    def begin(self, position: Position) -> None:
        """Load from a position on."""
        self._earlier = Earlier(self._journal, position)
        self._loads = [Load(lane, lane.after, lane.after) for lane in lanes(position)]
        self._again = Load(_ONCE_MORE, 0, 0, self._repeats)

    def stop(self) -> None:
        """Give up what was read."""
        for load in (*self._loads, self._again):
            if load.reading is not None:
                load.reading.cancel()
        self._loads = []

    def backlog_waits(self) -> float:
        """Seconds for which the line's settings hold the backlog up."""
        return self._restraint.backlog_waits(monotonic())

    async def next(self, group: TaskGroup) -> Load:
        """Wait for the first lane that has something to send, or has come to its end."""
        while True:
            loads = (*self._loads, self._again)
            for load in loads:
                self._read_ahead(load, group)
            hold = None
            for load in loads:
                if load.ended:
                    return load
                if load.pending:
                    hold = self.backlog_waits() if load.lane.is_backlog else 0.0
                    if not hold:
                        return load
            empty = [load.reading for load in loads if load.reading and not load.pending]
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
        # A stretch to repeat waits until it is sent: read ahead, it would be found again.
        waits = load.repeats is not None and bool(load.pending)
        if load.reading is None and not load.ended and not waits:
            parcels = self._parcels(load) if load.repeats is None else self._once_more()
            load.reading = group.create_task(parcels)

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

    async def _once_more(self) -> list[Parcel | Passed]:
        """What of the first stretch fits into a batch; one event at least is passed."""
        first, last = await self._repeats.next()
        found = await self._journal.read(first - 1, self._size.of_backlog, MAX_DATA)
        due = [event for event in found if event.sequence <= last]
        through = due[-1].sequence if due and len(due) == len(found) else last
        parcels: list[Parcel | Passed] = [Passed(through)]
        if events := await self._choice.of(due):
            batch = self._batch(events[0].sequence - 1, events)
            parcels.append(await self.pack(batch, ahead=True))
        return parcels

    def _batch(self, after: int, events: Sequence[Stored]) -> Batch:
        return batch_of(self._journal, after, events)

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
