"""Tells when nobody has looked for a while: no request under way, none lately, no open stream."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic


class Idle:
    """Counts visitors. All from one loop."""

    def __init__(self) -> None:
        self._under_way = 0
        self._last = monotonic()

    @contextmanager
    def visit(self) -> Iterator[None]:
        """Somebody is served while the context lasts."""
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1
            self._last = monotonic()

    async def lasts(self, seconds: float) -> None:
        """Return when nobody was there for so long."""
        while True:
            left = seconds if self._under_way else self._last + seconds - monotonic()
            if left <= 0:
                return
            await asyncio.sleep(left)
