"""What was stored a moment ago, still in memory, for who follows the journal closely.

    commit ──▶ Recent ──▶ follow()        the disk is asked only by who is further behind

It saves a forwarder on a quiet box a step into another thread and back, and unpacking.
"""

from collections import deque
from collections.abc import Sequence
from itertools import islice

from edge.journal.records import Stored
from edge.journal.rows import Row, event

_MOST = 64 * 1024
"""Bytes of data: of 100 events and more, and half a megabyte less than of a full request."""


class Recent:
    """The newest rows of the journal, all of one `origin`. last: the highest sequence given out."""

    def __init__(self, last: int) -> None:
        self._last = last
        self._rows: deque[Row] = deque()
        self._size = 0

    def add(self, rows: Sequence[Row]) -> None:
        """Take the rows of a commit, as they were before they were packed."""
        self._last += len(rows)
        self._rows += rows
        self._size += sum(len(row[-1]) for row in rows)
        while self._size > _MOST:
            self._size -= len(self._rows.popleft()[-1])

    def above(self, after: int, limit: int, max_bytes: int) -> list[Stored] | None:
        """What Journal.read gives, None where not all of it is here."""
        skipped = len(self._rows) - (self._last - after)
        if skipped < 0:
            return None
        events: list[Stored] = []
        size = 0
        for number, row in enumerate(islice(self._rows, skipped, skipped + limit), after + 1):
            size += len(row[-1])
            if events and size > max_bytes:
                break
            events.append(event(number, row))
        return events
