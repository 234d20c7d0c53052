"""The last 1,000 calls, in memory: read backwards from the journal once, then kept up to date.

    journal ◀── backwards, until 1,000 calls are known ── first question
            ──▶ what is new since ──────────────────────▶ each next one

A table of calls in the journal would cost a page of flash per call, for a page that is looked at
now and then. After ten minutes without a question all of it is let go.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from time import monotonic

from edge.calls.row import KIND, AllNames, row
from edge.intake.clock import BoxClock
from edge.journal.journal import Journal
from edge.journal.records import Stored
from edge.journal.retime import corrected
from edge.local.calls_records import CallRow

REACH = 1000
FURTHEST = 200_000
"""Sequences back to which calls are looked for: on a box that stores other events only."""
_AT_ONCE = 100
_MANY = 5000
"""New events above which it is quicker to begin anew."""
KEEP_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Known:
    """A call with the sequence of the first of its events that was seen."""

    first: int
    call: CallRow


class CallIndex:
    """Of one journal. Belongs to the loop's thread."""

    def __init__(self, journal: Journal, clock: BoxClock) -> None:
        self._journal = journal
        self._clock = clock
        self._calls: dict[str, Known] = {}
        self._through = 0
        self._names: AllNames = {}
        self._asked = 0.0
        self._turn = asyncio.Lock()

    async def calls(self, names: AllNames) -> list[Known]:
        """The newest first. Raises JournalFailed."""
        async with self._turn:
            self._asked = monotonic()
            behind = self._journal.last - self._through
            if names != self._names or not self._through or behind > _MANY:
                self._names = names
                await self._fill()
            else:
                await self._catch_up()
            return sorted(self._calls.values(), key=lambda known: -known.first)

    async def find(self, call_id: str, names: AllNames) -> Known | None:
        """One of them."""
        await self.calls(names)
        return self._calls.get(call_id)

    async def keep(self) -> None:
        """Until cancelled: let go what nobody has asked for in a while."""
        while True:
            await asyncio.sleep(KEEP_SECONDS / 4)
            if self._calls and monotonic() - self._asked > KEEP_SECONDS:
                async with self._turn:
                    self._calls, self._through = {}, 0

    def forget(self) -> None:
        """What was read is no longer what is stored."""
        self._calls, self._through = {}, 0

    async def _fill(self) -> None:
        self._calls = {}
        self._through = self._journal.last
        before = self._through + 1
        lowest = max(0, before - FURTHEST)
        # Once full, one part more: of the oldest calls it brings the events that came before.
        full = False
        while not full:
            full = len(self._calls) >= REACH
            events = await self._journal.recent(KIND, lowest, before, _AT_ONCE)
            if not events:
                return
            before = events[-1].sequence
            for known in await asyncio.to_thread(self._read, events):
                self._take_older(known)

    async def _catch_up(self) -> None:
        while self._through < self._journal.last:
            events = await self._journal.read(self._through, _AT_ONCE)
            if not events:
                self._through = self._journal.last
                return
            self._through = events[-1].sequence
            for known in self._read(events):
                old = self._calls.pop(known.call.call_id, None)
                self._calls[known.call.call_id] = Known(
                    old.first if old else known.first, known.call
                )
        while len(self._calls) > REACH:
            oldest = min(self._calls.values(), key=lambda known: known.call.last)
            del self._calls[oldest.call.call_id]

    def _read(self, events: Iterable[Stored]) -> list[Known]:
        timeline = self._clock.timeline
        rows = (row(corrected(event, timeline), self._names) for event in events)
        return [Known(call.last, call) for call in rows if call]

    def _take_older(self, known: Known) -> None:
        id_ = known.call.call_id
        if id_ in self._calls:
            self._calls[id_] = Known(known.first, self._calls[id_].call)
        elif len(self._calls) < REACH:
            self._calls[id_] = known
