"""Carries one journal to one destination until everything is stored there or parked.

    journal ──read, pack (loading.py)──▶ next lane's batch ──deliver──▶ advance | park

The position moves only over what the destination said it stored, over an event parked with its
reason, or over one that is not wanted there. Whatever else happens, the same events are sent
again. lanes.py tells what goes first.

The forwarder and the supervisor of a device are the two places that catch everything: a fault of
our own in one of them must not end the others. Here it is logged, and all begins anew from the
position. Only the journal's failure ends a forwarder, since without it nothing is kept.
"""

import asyncio
import logging
from asyncio import TaskGroup
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic

from edge.delivery.batch_size import BatchSize
from edge.delivery.choosing import Choice
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
from edge.delivery.lanes import joined, moved, parted, plan
from edge.delivery.loading import Load, Loading, Parcel, Passed
from edge.delivery.progress import Progress, State
from edge.delivery.repeats import Repeats
from edge.delivery.terms import Terms
from edge.journal.journal import Journal, Position
from edge.own_fault import is_cancelled, is_of_journal

_LOG = logging.getLogger(__name__)
_OWN_FAULT = "A fault of Payvand's own while delivering; it is tried again; tell support."


class Forwarder:
    """Serves the destination of the settings' `name` until cancelled.

    repeats: what it is to send once more.
    """

    def __init__(
        self,
        name: str,
        journal: Journal,
        destination: Destination,
        terms: Terms | None = None,
    ) -> None:
        self._name = name
        self._journal = journal
        self._destination = destination
        terms = terms or Terms()
        self._restraint = terms.restraint
        self._pace = terms.pace
        self._size = BatchSize(terms.most_events)
        self.repeats = Repeats()
        choice = Choice(name, terms.wanted, journal)
        self._loading = Loading(
            journal, destination, self._size, self._restraint, choice, self.repeats
        )
        self._parked: set[int] = set()
        self._delivered = 0
        self._since = datetime.now(UTC)
        self._after_outage = True
        self._failures = 0
        self._trouble: DeliveryError | None = None
        self._faulty = False
        self._next_try: float | None = None
        self._last_answer = ""
        self._last_ok_at: datetime | None = None

    @property
    def progress(self) -> Progress:
        """Where it stands now."""
        position = self._position
        backlog = position.pending(self._journal.last)
        at_ease: State = "working" if backlog else "idle"
        behind = position.live[0] - 1 - position.cursor if position.live else 0
        return Progress(
            name=self._name,
            cursor=position.cursor,
            backlog=backlog,
            behind=behind,
            behind_waits=(self._loading.backlog_waits() or None) if behind else None,
            state=_state(self._trouble) if self._trouble else at_ease,
            since=self._since,
            last_answer=self._last_answer,
            last_ok_at=self._last_ok_at,
            parked=len(self._parked),
            advice=self._trouble.advice if self._trouble else "",
            next_try_in=None if self._next_try is None else max(0.0, self._next_try - monotonic()),
            delivered=self._delivered,
            wire_bytes=self._destination.wire_bytes,
            repeats=self.repeats.waiting,
        )

    def unparked(self, sequences: Iterable[int]) -> None:
        """These are no longer parked: stored after all, or given up."""
        self._parked.difference_update(sequences)

    @property
    def _position(self) -> Position:
        return self._journal.position(self._name)

    async def run(self) -> None:
        """Deliver until cancelled. Raises JournalFailed, alone or in a group, and nothing else."""
        self._parked = {event.sequence for event in await self._journal.parked(self._name)}
        while True:
            try:
                await self._serve()
            except Exception as fault:
                if is_of_journal(fault):
                    raise
                if is_cancelled():
                    # In Python 3.11 the fault of a task hides that its group was cancelled.
                    _LOG.exception("%s: a fault of our own at the end", self._name)
                    raise asyncio.CancelledError from fault
                failure = TryLater("fault", _OWN_FAULT)
                await self._wait(failure, self._delay(failure), fault)

    async def _serve(self) -> None:
        """Deliver from the position on, until cancelled or something fails."""
        try:
            await self._destination.start()
            async with TaskGroup() as group:
                # Not a second task: a group that fails while it only waits leaves its task
                # counted as cancelled (Python 3.11), and run() could not tell.
                while True:
                    await self._follow(group)
        finally:
            await self._destination.close()

    async def _follow(self, group: TaskGroup) -> None:
        """Deliver as long as the lanes stay what they are."""
        begun = self._position
        self._loading.begin(begun)
        try:
            while plan(self._position) == plan(begun):
                load = await self._loading.next(group)
                if not load.pending:  # the backlog's last numbers were never given to an event
                    self._move(joined(self._position))
                elif isinstance(part := load.pending[-1], Passed):
                    load.pending.pop()
                    if load.repeats is not None:
                        load.repeats.sent(part.last)
                    else:
                        self._move(moved(self._position, load.lane, part.last))
                else:
                    load.pending[-1:] = await self._attempt(load, part)
        finally:
            self._loading.stop()

    async def _attempt(self, load: Load, parcel: Parcel) -> list[Parcel]:
        """Send once; returns what is still to be sent of it, the first part last."""
        if not parcel.ahead and parcel.batch.after != load.confirmed:
            parcel = replace(parcel, batch=replace(parcel.batch, after=load.confirmed))
        batch = parcel.batch
        if len(batch.events) > self._size.most:
            return await self._halve(batch, ahead=parcel.ahead)
        begun, cost = monotonic(), self._destination.wire_bytes
        try:
            delivered = await self._destination.deliver(batch, parcel.body)
        except BadBatch as refusal:
            return await self._refused(load, parcel, refusal)
        except NotAllowed as refusal:
            await self._wait(refusal, self._pace.after_refusal())
            return [parcel]
        except TryLater as failure:
            await self._wait(failure, self._delay(failure))
            if isinstance(failure, TooSlow) and len(batch.events) > 1:
                self._size.too_much(len(batch.events))
                return await self._halve(batch, ahead=parcel.ahead)
            return [parcel]
        finally:
            if load.lane.is_backlog:
                self._restraint.backlog_sent(self._destination.wire_bytes - cost, monotonic())
        self._size.stored(len(batch.events), monotonic() - begun)
        return await self._settle(load, parcel, delivered)

    async def _refused(self, load: Load, parcel: Parcel, refusal: BadBatch) -> list[Parcel]:
        """Look for what is to blame: halve the batch, or park its one event in its turn."""
        self._reached(refusal.answer)
        batch = parcel.batch
        too_big = isinstance(refusal, TooBig)
        if len(batch.events) > 1:
            if too_big:
                self._size.too_much(len(batch.events))
            return await self._halve(batch, ahead=parcel.ahead)
        if too_big:
            self._size.innocent()
        if not parcel.ahead:
            await self._park(load, batch.last, [(batch.last, refusal.reason)])
        return []

    async def _settle(self, load: Load, parcel: Parcel, delivered: Delivered) -> list[Parcel]:
        """Move over what was stored or rejected; returns the rest, if any."""
        batch = parcel.batch
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
        self._reached(delivered.answer)
        self._last_ok_at = datetime.now(UTC)
        if parcel.ahead:
            again = replace(batch, events=rest)
            return [await self._loading.pack(again, ahead=True)] if rest else []
        self._delivered += len(batch.events) - len(rest) - len(rejected)
        load.confirmed = max(load.confirmed, delivered.through)
        to = rest[0].sequence - 1 if rest else batch.last
        if rejected:
            refusals = [(each.sequence, each.reason) for each in delivered.rejected]
            await self._park(load, to, refusals)
        else:
            self._move(moved(self._position, load.lane, to))
        self._part()
        return [await self._loading.pack(replace(batch, events=rest))] if rest else []

    def _part(self) -> None:
        """Let new events go ahead, where an outage left too many before them."""
        position = self._position
        after_outage, self._after_outage = self._after_outage, False
        due = parted(position, self._journal.last, after_outage=after_outage)
        if due is not position:
            self._move(due)

    async def _halve(self, batch: Batch, *, ahead: bool) -> list[Parcel]:
        left, right = batch.halves()
        pack = self._loading.pack
        return [await pack(right, ahead=ahead), await pack(left, ahead=ahead)]

    def _move(self, position: Position) -> None:
        self._journal.advance(self._name, position)

    async def _park(self, load: Load, to: int, events: list[tuple[int, str]]) -> None:
        position = moved(self._position, load.lane, to)
        await self._journal.park(self._name, events, position)
        self._parked.update(sequence for sequence, _ in events)

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
        self._after_outage = True
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
