"""What can be asked of a journal beside what the delivery reads: all in the reader's thread."""

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import TypeVar

import msgspec
from peewee import SqliteDatabase

from edge.journal import queries
from edge.journal.connecting import plain
from edge.journal.history import figures, may_drop
from edge.journal.records import Figures, Parked, Stored

T = TypeVar("T")


class Questions:
    """A part of edge.journal.journal.Journal. Every method raises JournalFailed."""

    last: int

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

    async def _query(self, query: Callable[[SqliteDatabase], T]) -> T:
        raise NotImplementedError
