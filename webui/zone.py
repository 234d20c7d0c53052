"""The branch's time zone, asked of the edge now and then: it changes once in a box's life."""

from datetime import tzinfo
from time import monotonic
from zoneinfo import ZoneInfo

from edge.local.client import Client

ASK_SECONDS = 20.0


class Zone:
    """What was told last, for twenty seconds."""

    def __init__(self) -> None:
        self._told: tzinfo | None = None
        self._until = 0.0

    async def of(self, edge: Client) -> tzinfo:
        """Ask as somebody with a session."""
        if self._told is None or monotonic() > self._until:
            self._told = ZoneInfo((await edge.settings()).timezone)
            self._until = monotonic() + ASK_SECONDS
        return self._told

    def forget(self) -> None:
        """It was just changed."""
        self._told = None
