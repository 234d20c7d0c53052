"""Keeps below Bitrix24's limit of requests, which it counts as a bucket that leaks.

    X 50 in the bucket: refused (503 QUERY_LIMIT_EXCEEDED)      Y 2 leak out each second

The limit is on an address of the Internet and a portal, so other boxes of the branch pour into the
same bucket: of its depth we use less than all. The larger plans allow more; nobody needs it.
"""

import asyncio
from time import monotonic


class Bucket:
    """leak: requests a second for long. depth: how many may go at once."""

    def __init__(self, leak: float = 2.0, depth: float = 30.0) -> None:
        self._leak = leak
        self._depth = depth
        self._level = 0.0
        self._at = monotonic()

    async def pour(self) -> None:
        """Wait until a request may go."""
        self._settle()
        if self._level + 1 > self._depth:
            await asyncio.sleep((self._level + 1 - self._depth) / self._leak)
            self._settle()
        self._level += 1

    def _settle(self) -> None:
        now = monotonic()
        self._level = max(0.0, self._level - (now - self._at) * self._leak)
        self._at = now
