"""Keeps the order of each call when new events go ahead of the backlog.

    backlog … ringing(a) … ringing(b) answered(b) │ live: ended(a) …
                 └──────── sent first ────────────────▲

A call that began in the outage may go on in the live range. Then its events in the backlog go ahead
of that one, each in a request of its own; in their turn they go again, and their ids make that
harmless. Only the newest WINDOW events of the backlog are looked at: more than a busy day of them
lies between no two events of a call.
"""

from collections import defaultdict
from collections.abc import Sequence

from edge.journal.journal import Journal
from edge.journal.records import Position, Stored

WINDOW = 10_000


class Earlier:
    """The sequences in the backlog of each subject (a call, a message), found once."""

    def __init__(self, journal: Journal, found: Sequence[tuple[int, str]]) -> None:
        self._journal = journal
        self._sequences: dict[str, list[int]] = defaultdict(list)
        for sequence, subject in found:
            self._sequences[subject].append(sequence)

    @classmethod
    async def find(cls, journal: Journal, position: Position) -> "Earlier":
        """Those of a position; none where it has no live range."""
        if position.live is None:
            return cls(journal, ())
        end = position.live[0] - 1
        begin = max(position.cursor, end - WINDOW)
        return cls(journal, await journal.subjects(begin, end) if begin < end else ())

    async def of(self, events: Sequence[Stored], cursor: int) -> list[Stored]:
        """What has to go ahead of these events, in order and once; settled ones do not."""
        due = sorted(
            sequence
            for subject in {event.subject for event in events if event.subject}
            for sequence in self._sequences.pop(subject, ())
            if sequence > cursor
        )
        return [(await self._journal.read(sequence - 1, 1))[0] for sequence in due]
