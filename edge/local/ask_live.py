"""What the client asks about what happens now: the feed of changes, tests and their report."""

from collections.abc import AsyncGenerator
from urllib.parse import quote

import msgspec

from edge.local.asking import Asking
from edge.local.commissioning_records import Commissioning, ProvedBy, Testing
from edge.local.feed_records import Change
from edge.local.trial_records import Trial, TrialOrder

_LONGER = 15.0
"""Seconds that a test may take beyond what it was told to wait."""


class LiveCalls(Asking):
    """A part of edge.local.client.Client."""

    async def changes(self, after: int | None = None) -> AsyncGenerator[Change, None]:
        """Each change behind the sequence `after`, or from now on; one every 15 s at least.

        Ends with the session, and by NotAnswering. Raises TooOften where many listen already.
        """
        query = {} if after is None else {"after": str(after)}
        decode = msgspec.json.Decoder(Change).decode
        async for line in self._lines(query, "/feed"):
            yield decode(line)

    async def test_device(self, key: str, seconds: float = 10.0) -> Trial:
        """Wait for bytes, and tell what works. Raises Unknown."""
        return await self._try(f"/devices/{quote(key, safe='')}/test", seconds)

    async def test_destination(self, name: str, seconds: float = 10.0) -> Trial:
        """Raises Unknown."""
        return await self._try(f"/destinations/{quote(name, safe='')}/test", seconds)

    async def commissioning(self) -> Commissioning:
        """Which lines were proved, and whether the setup is complete."""
        return await self._get("/commissioning", Commissioning)

    async def prove_line(self, call_id: str) -> Commissioning:
        """Say that this call was seen as it should be: its line works. Raises Unknown."""
        path = "/commissioning/lines"
        return await self._send("POST", path, Commissioning, ProvedBy(call_id))

    async def finish_commissioning(self) -> Commissioning:
        """The setup is complete."""
        return await self._send("POST", "/commissioning/finish", Commissioning)

    async def testing(self, seconds: float) -> AsyncGenerator[Testing, None]:
        """Mark calls that begin as a test, of all devices, until this is closed or time is over.

        Yields once, when it has begun.
        """
        decode = msgspec.json.Decoder(Testing).decode
        async for line in self._lines({"seconds": f"{seconds:.1f}"}, "/commissioning/test"):
            yield decode(line)

    async def _try(self, path: str, seconds: float) -> Trial:
        decode = msgspec.json.Decoder(Trial).decode
        order = TrialOrder(seconds)
        return await self._one("POST", path, decode, order, seconds=seconds + _LONGER)
