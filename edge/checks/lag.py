"""How late the event loop is: a thing that blocks it keeps every port and every CRM waiting."""

import asyncio
from collections import deque
from time import monotonic
from typing import NoReturn

EVERY = 5.0
KEPT = 12


class Lag:
    """Sleeps, and sees how much later it wakes."""

    def __init__(self) -> None:
        self._late: deque[float] = deque(maxlen=KEPT)

    @property
    def worst(self) -> float:
        """Seconds, of the last minute."""
        return max(self._late, default=0.0)

    async def watch(self) -> NoReturn:
        """Watch until cancelled."""
        while True:
            due = monotonic() + EVERY
            await asyncio.sleep(EVERY)
            self._late.append(max(0.0, monotonic() - due))
