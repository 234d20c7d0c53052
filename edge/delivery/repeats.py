"""What a destination is to get once more, though it is settled: oldest first, behind all new.

    receipts: the CRM misses it ─┐
    `payvand events --resend` ───┴▶ stretches ──▶ loading.py reads them when nothing else waits

They are in memory only. A restart forgets them, and nothing is lost by that: the next receipts tell
of the same gap, and who gave the command sees that it is not done. Kept on disk they would cost a
write for each batch, to save a repeat that is harmless.
"""

import asyncio
from collections.abc import Sequence

from edge.delivery.receipt import Stretch, merged


class Repeats:
    """Of one destination."""

    def __init__(self) -> None:
        self._waiting: list[Stretch] = []
        self._news = asyncio.Event()

    @property
    def waiting(self) -> int:
        """How many sequences are still to be looked at."""
        return sum(last - first + 1 for first, last in self._waiting)

    def add(self, stretches: Sequence[Stretch]) -> None:
        """Send these too; what waits already is not doubled."""
        self._waiting = merged([*self._waiting, *stretches])
        if self._waiting:
            self._news.set()

    async def next(self) -> Stretch:
        """Wait for the first that waits; it stays until `sent`."""
        await self._news.wait()
        return self._waiting[0]

    def sent(self, through: int) -> None:
        """All up to this sequence was looked at, and sent where it is to be."""
        left = [each for each in self._waiting if each[1] > through]
        self._waiting = [(max(first, through + 1), last) for first, last in left]
        if not self._waiting:
            self._news.clear()
