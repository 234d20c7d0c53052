"""Gives events their true time before they leave, and takes the time from who answers.

    forwarder ─▶ Retimed ──ask_time, once nobody knows the time──▶ destination
                    │ ◀──────────────── its clock ────────────────────┘
                    └──corrected events, packed now──▶ deliver

An event of this boot may be estimated when it is packed ahead and known when it is sent, so a batch
with estimated events is packed at the last moment. What has left stays as it was sent.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from time import monotonic

import msgspec

from edge.delivery.destination import Batch, Delivered, Destination, TellsTime
from edge.delivery.numbered import as_sent, as_stored
from edge.intake.clock import BoxClock
from edge.journal.journal import Journal
from edge.journal.records import Stored
from edge.journal.retime import Timeline, corrected, known_time

_Bounds = tuple[datetime | None, datetime | None]
AT_ONCE = 500
ASK_AGAIN = 60.0
"""Seconds before a destination that answered, but gave no usable time, is asked again."""


class Times:
    """What the journal and the clock together know of the times of stored events."""

    def __init__(self, journal: Journal, clock: BoxClock) -> None:
        self._journal = journal
        self._clock = clock
        self._bounds: dict[str, _Bounds] = {}
        self._timeline: Timeline | None = None

    async def right(self, events: Sequence[Stored]) -> list[Stored]:
        """The events with their true times, or with the bounds of those that nobody knows."""
        timeline = self._clock.timeline
        if timeline is not self._timeline:
            self._timeline, self._bounds = timeline, {}
        return [await self._right(event, timeline) for event in events]

    async def _right(self, event: Stored, timeline: Timeline) -> Stored:
        event = corrected(event, timeline)
        if event.timequality != "estimated":
            return event
        if event.boot not in self._bounds:
            self._bounds[event.boot] = await self._bounds_of(event, timeline)
        not_before, not_after = self._bounds[event.boot]
        return msgspec.structs.replace(event, not_before=not_before, not_after=not_after)

    async def _bounds_of(self, event: Stored, timeline: Timeline) -> _Bounds:
        """The same for all of its boot: where one event's time is known, all of its boot's are."""
        after = await self._next(event, timeline)
        if after is None and event.boot != self._clock.boot:
            after = timeline.true_time(self._clock.boot, 0.0)
        return await self._last(event, timeline), after

    async def _next(self, of: Stored, timeline: Timeline) -> datetime | None:
        """The time of the nearest later event whose time is known.

        What was taken in later from another box happened before or after, nobody knows.
        """
        sequence, origins = of.sequence, (None, self._journal.taken(of.sequence))
        while events := await self._journal.read(sequence, AT_ONCE):
            if self._journal.taken(events[0].sequence) in origins:
                for event in events:
                    if (time := known_time(event, timeline)) is not None:
                        return time
            sequence = events[-1].sequence
        return None

    async def _last(self, of: Stored, timeline: Timeline) -> datetime | None:
        """The time of the nearest earlier event whose time is known.

        What stands before events of another box may have happened later than they.
        """
        sequence, taken = of.sequence, self._journal.taken(of.sequence)
        begin = 0 if taken is None else taken.first - 1
        while events := await self._between(max(begin, sequence - 1 - AT_ONCE), sequence):
            for event in reversed(events):
                if (time := known_time(event, timeline)) is not None:
                    return time
            sequence = events[0].sequence
        return None

    async def _between(self, after: int, before: int) -> list[Stored]:
        found: list[Stored] = []
        while after < before - 1 and (events := await self._journal.read(after, AT_ONCE)):
            found += [event for event in events if event.sequence < before]
            after = events[-1].sequence
        return found


class Retimed:
    """A destination whose events have the times that are known when they leave, and their ids."""

    def __init__(self, destination: Destination, times: Times, clock: BoxClock) -> None:
        self._destination = destination
        self._times = times
        self._clock = clock
        self._asked: float | None = None
        self._turn = asyncio.Lock()

    @property
    def wire_bytes(self) -> int:
        """See Destination."""
        return self._destination.wire_bytes

    async def start(self) -> None:
        """See Destination."""
        await self._destination.start()

    def pack(self, batch: Batch) -> bytes:
        """See Destination; nothing yet for a batch whose times may still become known."""
        if any(event.timequality == "estimated" for event in batch.events):
            return b""
        return self._destination.pack(as_sent(batch))

    async def deliver(self, batch: Batch, body: bytes) -> Delivered:
        """See Destination; one at a time, whoever asks for it."""
        async with self._turn:
            if not body:
                await self._ask_time(batch)
                batch = replace(batch, events=await self._times.right(batch.events))
                body = await asyncio.to_thread(self._destination.pack, as_sent(batch))
            delivered = await self._destination.deliver(as_sent(batch), body)
        if delivered.heard is not None:
            self._clock.hear(delivered.heard)
        return as_stored(delivered, batch)

    async def close(self) -> None:
        """See Destination."""
        await self._destination.close()

    async def _ask_time(self, batch: Batch) -> None:
        if self._clock.source is not None or not isinstance(self._destination, TellsTime):
            return
        if self._asked is not None and monotonic() - self._asked < ASK_AGAIN:
            return
        heard = await self._destination.ask_time(batch.journal)
        self._asked = monotonic()
        if heard is not None:
            self._clock.hear(heard)
