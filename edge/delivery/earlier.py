"""Keeps the order of each call when new events go ahead of the backlog.

    backlog … ringing(a) … ringing(b) answered(b) │ live: ended(a) …
                 └──────── sent first ────────────────▲

A call that began in the outage may go on in the live range. Then its events in the backlog go ahead
of that one, each in a request of its own; in their turn they go again, and their ids make that
harmless. Only the newest WINDOW events of the backlog are looked at: more than a busy day of them
lies between no two events of a call. They are looked through for each batch of the live range, so
that no memory grows with the backlog.
"""

from collections.abc import Sequence

from edge.journal.journal import Journal
from edge.journal.records import Position, Stored

WINDOW = 10_000


class Earlier:
    """What of one position's backlog has to go ahead of its turn."""

    def __init__(self, journal: Journal, position: Position) -> None:
        self._journal = journal
        self._end = 0 if position.live is None else position.live[0] - 1
        self._gone: set[str] = set()

    async def of(self, events: Sequence[Stored], settled: int) -> list[Stored]:
        """What has to go ahead of these events, in order and once; nothing up to `settled`."""
        begin = max(settled, self._end - WINDOW)
        subjects = {event.subject for event in events if event.subject} - self._gone
        if begin >= self._end or not subjects:
            return []
        found = await self._journal.find(subjects, begin, self._end)
        self._gone.update(event.subject for event in found if event.subject)
        return found
