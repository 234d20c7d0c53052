"""Carries one journal to one destination, in order, until everything is stored there or parked.

    journal ──read──▶ pack ──▶ queue of one ──▶ deliver ──▶ advance | park
             read ahead                    send

Two tasks: while a batch is under way, the next one is read and packed, so that the destination
never waits for the box. The cursor moves only over what the destination said it stored, or over an
event parked with its reason. Whatever else happens, the same events are sent again.

The forwarder and the supervisor of a device are the two places that catch everything: a fault of
our own in one of them must not end the others. Here it is logged, and both tasks begin anew from
the cursor. Only the journal's failure ends a forwarder, since without it nothing is kept.
"""

import asyncio
import logging
from asyncio import Queue, TaskGroup
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import monotonic
from typing import Literal

from msgspec import Struct

from edge.delivery.backoff import Pace
from edge.delivery.cloudevents import MAX_DATA, MAX_EVENTS
from edge.delivery.destination import (
    BadBatch,
    Batch,
    Delivered,
    DeliveryError,
    Destination,
    NotAllowed,
    TooBig,
    TooSlow,
    TryLater,
)
from edge.journal.journal import Journal, JournalFailed

_LOG = logging.getLogger(__name__)
_LOOK_SECONDS = 60.0
_OWN_FAULT = "A fault of Payvand's own while delivering; it is tried again; tell support."
# After so many batches taken at a smaller size, the next larger size is tried again.
_GROW_AFTER = 16

State = Literal["working", "retrying", "refused", "idle"]


class Progress(Struct, frozen=True, kw_only=True):
    """Where a destination stands; for `payvand status` and the page.

    cursor: all up to it is stored there or parked. backlog: events behind it. since: when it began
    or ceased to deliver. last_answer: what came back last, short. advice: what is wrong and what to
    do, empty when nothing is.
    next_try_in: seconds, None when no attempt is being waited for.
    """

    name: str
    kind: str
    cursor: int
    backlog: int
    state: State
    since: datetime
    last_answer: str
    last_ok_at: datetime | None
    parked: int
    advice: str
    next_try_in: float | None


@dataclass(frozen=True, slots=True)
class _Parcel:
    batch: Batch
    body: bytes


class Forwarder:
    """Serves the destination `name` of the given kind until cancelled."""

    def __init__(
        self,
        name: str,
        kind: str,
        journal: Journal,
        destination: Destination,
        pace: Pace | None = None,
    ) -> None:
        self._name = name
        self._kind = kind
        self._journal = journal
        self._destination = destination
        self._pace = pace or Pace()
        # What the destination stored itself, as far as known: a range that starts here covers what
        # was parked since.
        self._confirmed = journal.cursor(name)
        self._parked: set[int] = set()
        self._since = datetime.now(UTC)
        self._limit = MAX_EVENTS
        self._accepted = 0
        self._failures = 0
        self._trouble: DeliveryError | None = None
        self._faulty = False
        self._next_try: float | None = None
        self._last_answer = ""
        self._last_ok_at: datetime | None = None

    @property
    def progress(self) -> Progress:
        """Where it stands now."""
        backlog = self._journal.pending(self._name)
        at_ease: State = "working" if backlog else "idle"
        return Progress(
            name=self._name,
            kind=self._kind,
            cursor=self._journal.cursor(self._name),
            backlog=backlog,
            state=_state(self._trouble) if self._trouble else at_ease,
            since=self._since,
            last_answer=self._last_answer,
            last_ok_at=self._last_ok_at,
            parked=len(self._parked),
            advice=self._trouble.advice if self._trouble else "",
            next_try_in=None if self._next_try is None else max(0.0, self._next_try - monotonic()),
        )

    async def run(self) -> None:
        """Deliver until cancelled. Raises JournalFailed, alone or in a group, and nothing else."""
        self._parked = {event.sequence for event in await self._journal.parked(self._name)}
        while True:
            try:
                await self._serve()
            except Exception as fault:
                if _is_of_journal(fault):
                    raise
                if _is_cancelled():
                    # In Python 3.11 the fault of a task hides that its group was cancelled.
                    _LOG.exception("%s: a fault of our own at the end", self._name)
                    raise asyncio.CancelledError from fault
                failure = TryLater("fault", _OWN_FAULT)
                await self._wait(failure, self._delay(failure), fault)

    async def _serve(self) -> None:
        """Deliver from the cursor on, until cancelled or something fails."""
        parcels: Queue[_Parcel] = Queue(1)
        try:
            await self._destination.start()
            async with TaskGroup() as group:
                group.create_task(self._read_ahead(parcels))
                # Not a second task: a group that fails while it only waits leaves its task
                # counted as cancelled (Python 3.11), and run() could not tell.
                await self._send(parcels)
        finally:
            await self._destination.close()

    async def _read_ahead(self, parcels: "Queue[_Parcel]") -> None:
        position = self._journal.cursor(self._name)
        while True:
            await self._journal.changed(position, _LOOK_SECONDS)
            events = await self._journal.read(position, self._limit, MAX_DATA)
            if events:
                origin = self._journal.origin(events[0].sequence)
                batch = Batch(origin, self._journal.box, position, events)
                await parcels.put(await self._pack(batch))
                position = batch.last

    async def _send(self, parcels: "Queue[_Parcel]") -> None:
        while True:
            pending = [await parcels.get()]
            while pending:
                pending[-1:] = await self._attempt(pending[-1])

    async def _pack(self, batch: Batch) -> _Parcel:
        return _Parcel(batch, await asyncio.to_thread(self._destination.pack, batch))

    async def _attempt(self, parcel: _Parcel) -> list[_Parcel]:
        """Send once; returns what is still to be sent of it, the first part last."""
        batch = replace(parcel.batch, after=self._confirmed)
        if len(batch.events) > self._limit:
            return await self._halve(batch)
        try:
            delivered = await self._destination.deliver(batch, parcel.body)
        except BadBatch as refusal:
            return await self._refused(batch, refusal)
        except NotAllowed as refusal:
            await self._wait(refusal, self._pace.after_refusal())
            return [parcel]
        except TryLater as failure:
            await self._wait(failure, self._delay(failure))
            if isinstance(failure, TooSlow) and len(batch.events) > 1:
                self._shrink(len(batch.events))
                return await self._halve(batch)
            return [parcel]
        return await self._settle(batch, delivered, parcel)

    async def _refused(self, batch: Batch, refusal: BadBatch) -> list[_Parcel]:
        """Look for what is to blame: halve the batch, or park its one event."""
        self._reached(refusal.answer)
        too_big = isinstance(refusal, TooBig)
        if len(batch.events) > 1:
            if too_big:
                self._shrink(len(batch.events))
            return await self._halve(batch)
        if too_big:
            # This event alone was to blame, not the size of the batches.
            self._limit = MAX_EVENTS
        await self._park(batch.last, [(batch.last, refusal.reason)])
        return []

    async def _settle(self, batch: Batch, delivered: Delivered, parcel: _Parcel) -> list[_Parcel]:
        """Move over what was stored or rejected; returns the rest, if any."""
        rejected = {rejection.sequence for rejection in delivered.rejected}
        rest = [
            event
            for event in batch.events
            if event.sequence > delivered.through and event.sequence not in rejected
        ]
        if len(rest) == len(batch.events):
            nothing = TryLater(
                delivered.answer,
                "The CRM answers, but stores nothing; if it stays so, tell who runs the CRM.",
            )
            await self._wait(nothing, self._delay(nothing))
            return [parcel]
        self._confirmed = max(self._confirmed, delivered.through)
        self._reached(delivered.answer)
        self._last_ok_at = datetime.now(UTC)
        self._grow(len(batch.events))
        cursor = rest[0].sequence - 1 if rest else batch.last
        if rejected:
            await self._park(cursor, [(each.sequence, each.reason) for each in delivered.rejected])
        else:
            self._journal.advance(self._name, cursor)
        return [await self._pack(replace(batch, events=rest))] if rest else []

    async def _halve(self, batch: Batch) -> list[_Parcel]:
        left, right = batch.halves()
        return [await self._pack(right), await self._pack(left)]

    async def _park(self, cursor: int, events: list[tuple[int, str]]) -> None:
        await self._journal.park(self._name, events, cursor)
        self._parked.update(sequence for sequence, _ in events)

    def _shrink(self, size: int) -> None:
        self._limit = max(1, min(self._limit, size // 2))
        self._accepted = 0

    def _grow(self, size: int) -> None:
        if size < self._limit or self._limit == MAX_EVENTS:
            return
        self._accepted += 1
        if self._accepted >= _GROW_AFTER:
            self._limit = min(MAX_EVENTS, self._limit * 2)
            self._accepted = 0

    def _delay(self, failure: TryLater) -> float:
        if failure.seconds is not None:
            return self._pace.after_order(failure.seconds, self._failures + 1)
        return self._pace.after_failure(self._failures + 1)

    async def _wait(
        self, trouble: DeliveryError, seconds: float, fault: Exception | None = None
    ) -> None:
        """Show the trouble until the next attempt; log it where it is news, a fault with traces."""
        new = self._trouble is None or _state(trouble) != _state(self._trouble)
        if new:
            self._since = datetime.now(UTC)
        if new or (fault is not None and not self._faulty):
            words = "%s: nothing is delivered (%s). %s"
            _LOG.warning(words, self._name, trouble.answer, trouble.advice, exc_info=fault)
        self._faulty = self._faulty or fault is not None
        self._failures += 1
        self._trouble = trouble
        self._last_answer = trouble.answer
        self._next_try = monotonic() + seconds
        await asyncio.sleep(seconds)
        self._next_try = None

    def _reached(self, answer: str) -> None:
        if self._trouble is not None:
            self._since = datetime.now(UTC)
            _LOG.info("%s: delivering again, %d events wait", self._name, self.progress.backlog)
        self._failures = 0
        self._trouble = None
        self._faulty = False
        self._last_answer = answer


def _state(trouble: DeliveryError) -> State:
    return "refused" if isinstance(trouble, NotAllowed) else "retrying"


def _is_of_journal(fault: Exception) -> bool:
    if isinstance(fault, ExceptionGroup):
        return fault.subgroup(JournalFailed) is not None
    return isinstance(fault, JournalFailed)


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
