"""Argon2id one at a time, in a thread: 19 MiB once, whoever knocks, and never on the loop.

Only a few may wait for their turn. The others are told to come again, before anything was computed.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from edge.access import passwords
from edge.access.refusals import TooOften

T = TypeVar("T")
MOST_WAITING = 8
_COME_AGAIN = 2.0


class Hashing:
    """Belongs to one loop."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._nobody = ""

    async def hashed(self, secret: str) -> str:
        """What is kept of a password or code. Raises TooOften."""
        return await self._alone(lambda: passwords.hashed(secret))

    async def fits(self, kept: str | None, secret: str) -> bool:
        """Whether it is the kept one. None, for nobody's, takes as long. Raises TooOften."""
        if kept is None and not self._nobody:
            self._nobody = await self.hashed("nobody")
        fits = await self._alone(lambda: passwords.fits(kept or self._nobody, secret))
        return fits and kept is not None

    async def _alone(self, work: Callable[[], T]) -> T:
        if self._waiting >= MOST_WAITING:
            raise TooOften(_COME_AGAIN)
        self._waiting += 1
        try:
            async with self._turn:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1
