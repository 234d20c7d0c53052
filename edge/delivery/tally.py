"""Adds up what one destination got, by device and day, in one pass over a stretch of the journal.

    event ─▶ its time, as known now ─▶ local day ─▶ row of its device ─▶ finished: the day is over

A row holds one day of one device, and where the journal's id changes it ends too. Where a clock was
set back, a day may come twice, as two rows: no sequence is in both. Memory: one open row a device,
and of each the calls as numbers of 64 bits.

Events that were taken in from another box are not counted: they are a part of that box's days.
"""

import hashlib
from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from datetime import date, tzinfo
from typing import Any

from edge.delivery.choosing import Choice
from edge.delivery.receipt import Receipt, Stretch
from edge.delivery.retimed import Times
from edge.journal.journal import Journal
from edge.journal.records import Stored

_EVERY = "*"


@dataclass(frozen=True, slots=True)
class Row:
    """A receipt, with its journal and its first and last event as they are numbered on this box."""

    journal: str
    stretch: Stretch
    receipt: Receipt

    def holds(self, event: Stored) -> bool:
        """Whether the event is counted in it."""
        first, last = self.stretch
        return event.device == self.receipt.device and first <= event.sequence <= last


@dataclass(frozen=True, slots=True)
class Missing:
    """What a CRM misses of a stretch.

    rows: in which that was counted. events: how many can be sent once more; what is not wanted
    there, or was refused for good, is not missing. gone: how many the journal no longer holds.
    """

    rows: set[Row]
    events: int
    gone: int


@dataclass(slots=True)
class _Open:
    """A row that is being added up."""

    journal: str
    device: str
    day: date
    first: int
    last: int = 0
    events: int = 0
    calls: set[int] = field(default_factory=set)
    digest: Any = field(default_factory=hashlib.sha256)

    def add(self, event: Stored) -> None:
        self.last = event.sequence
        self.events += 1
        self.digest.update(b"%d\n" % event.sequence)
        if event.type.startswith("call."):
            self.calls.add(hash(event.subject))

    def row(self) -> Row:
        told = Receipt(
            device=self.device,
            day=self.day,
            first=self.first,
            last=self.last,
            events=self.events,
            calls=len(self.calls),
            sha256=self.digest.hexdigest(),
        )
        return Row(self.journal, (self.first, self.last), told)


class Tally:
    """Of one destination. zone: in which its days are. Raises JournalFailed."""

    def __init__(self, name: str, journal: Journal, choice: Choice, times: Times) -> None:
        self._name = name
        self._journal = journal
        self._choice = choice
        self._times = times
        self._reached = 0

    @property
    def reached(self) -> int:
        """All up to here was looked at by the last `rows`."""
        return self._reached

    async def rows(
        self, stretch: Stretch, zone: tzinfo, device: str = _EVERY, until: date | None = None
    ) -> AsyncGenerator[Row, None]:
        """The rows of a stretch, finished ones as they come.

        device: of this one only. until: ends before the first event of this day.
        """
        first, last = stretch
        self._reached = first - 1
        parked = {each.sequence for each in await self._journal.parked(self._name)}
        open_: dict[str, _Open] = {}
        while self._reached < last and (found := await self._journal.read(self._reached)):
            due = [event for event in await self._times.right(found) if event.sequence <= last]
            wanted = {each.sequence for each in await self._choice.of(self._own(due))} - parked
            for event in due:
                day = event.time.astimezone(zone).date()
                if day == until:
                    last = 0
                    break
                self._reached = event.sequence
                if event.sequence in wanted and device in (_EVERY, event.device):
                    for row in self._add(open_, event, day):
                        yield row
            if len(due) < len(found):
                break
        self._reached = max(self._reached, last)
        for opened in open_.values():
            yield opened.row()

    def _own(self, events: Sequence[Stored]) -> list[Stored]:
        return [event for event in events if self._journal.taken(event.sequence) is None]

    def _add(self, open_: dict[str, _Open], event: Stored, day: date) -> list[Row]:
        """Count it; returns what is finished by that."""
        journal = self._journal.origin(event.sequence)
        finished = []
        known = open_.get(event.device)
        if known is not None and (known.journal, known.day) != (journal, day):
            finished.append(open_.pop(event.device).row())
        if event.device not in open_:
            open_[event.device] = _Open(journal, event.device, day, event.sequence)
        open_[event.device].add(event)
        return finished

    async def missing(self, stretch: Stretch, rows: Sequence[Row]) -> Missing:
        """What of a stretch that the CRM misses can be sent once more."""
        first, last = stretch
        parked = {each.sequence for each in await self._journal.parked(self._name)}
        reached, here, events = first - 1, 0, 0
        of_device: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            of_device[row.receipt.device].append(row)
        concerned: set[Row] = set()
        while reached < last and (found := await self._journal.read(reached)):
            due = [event for event in found if event.sequence <= last]
            here += len(due)
            for event in await self._choice.of(self._own(due)):
                counted = [row for row in of_device[event.device] if row.holds(event)]
                if counted and event.sequence not in parked:
                    events += 1
                    concerned.update(counted)
            if len(due) < len(found):
                break
            reached = due[-1].sequence
        return Missing(concerned, events, last - first + 1 - here)
