"""What can be asked of a journal beside what the delivery reads: all in the reader's thread."""

import asyncio
import sqlite3
from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec
from peewee import SqliteDatabase

from edge.forgetting.person import Person
from edge.journal import queries
from edge.journal.connecting import plain
from edge.journal.erasing import Erased, erase
from edge.journal.history import figures, may_drop
from edge.journal.records import Figures, Parked, Stored

T = TypeVar("T")
_AT_ONCE = 500
_ERASE_SECONDS = 600.0
"""For rewriting the whole file, on a slow card."""


def _those_of(person: Person, events: Sequence[Stored]) -> list[Stored]:
    return [event for event in events if person.is_in(event.data)]


class Questions:
    """A part of edge.journal.journal.Journal. Every method raises JournalFailed."""

    last: int
    _path: Path
    _memories: dict[str, bytes]

    async def figures(self) -> Figures:
        """How the file is filled."""
        return await self._query(lambda database: figures(plain(database)))

    async def may_drop(self, destinations: Sequence[str]) -> bool:
        """Whether there is history, settled by all of them, that a full disk may have."""
        ask = partial(may_drop, destinations=destinations, last=self.last)
        return await self._query(lambda database: ask(plain(database)))

    async def notes(self, destination: str) -> dict[str, bytes]:
        """All that the destination noted, by key."""
        return await self._query(partial(queries.notes, destination=destination))

    async def find(self, subjects: Collection[str], after: int, through: int) -> list[Stored]:
        """The events with one of these subjects, in order; looks at every one in between."""
        wanted = msgspec.json.encode(list(subjects)).decode()
        return await self._query(partial(queries.find, bounds=(after, through), wanted=wanted))

    async def count(self, first: int, last: int) -> int:
        """How many events of these sequences are there."""
        return await self._query(partial(queries.count, first=first, last=last))

    async def recent(self, kind: str, after: int, before: int, limit: int) -> list[Stored]:
        """Events whose type begins so, the newest first, with after < sequence < before."""
        ask = partial(queries.recent, kind=kind, bounds=(after, before), limit=limit)
        return await self._query(ask)

    async def parked(
        self, destination: str, after: int = 0, through: int | None = None, limit: int = -1
    ) -> list[Parked]:
        """What the destination refused for good, by sequence; a limit of -1 is none."""
        bounds = (after, self.last if through is None else through)
        ask = partial(queries.parked, destination=destination, bounds=bounds, limit=limit)
        return await self._query(ask)

    async def erase(self, person: Person) -> Erased:
        """Write a person's number over, wherever the file has it.

        Also in events that are still to be delivered. Raises sqlite3.Error and OSError where that
        is not possible now.
        """
        sequences, reached = await self._events_of(person)
        do = partial(erase, path=self._path, person=person, sequences=sequences, last=reached)
        async with asyncio.timeout(_ERASE_SECONDS):
            erased = await self._alone(do)
        for device in erased.memories:
            self._memories[device] = person.scrubbed(self._memories[device])
        return erased

    async def _events_of(self, person: Person) -> tuple[set[int], int]:
        """The sequences of all events of this person's calls, and up to where was looked."""
        found: set[int] = set()
        subjects: set[str] = set()
        reached = 0
        while events := await self._query(
            partial(queries.read, after=reached, limit=_AT_ONCE, max_bytes=1 << 20)
        ):
            reached = events[-1].sequence
            for event in await asyncio.to_thread(_those_of, person, events):
                found.add(event.sequence)
                subjects.update({event.subject} if event.subject else ())
        if subjects:
            found.update(event.sequence for event in await self.find(subjects, 0, reached))
        return found, reached

    async def _alone(self, do: Callable[[sqlite3.Connection], T]) -> T:
        raise NotImplementedError

    async def _query(self, query: Callable[[SqliteDatabase], T]) -> T:
        raise NotImplementedError
