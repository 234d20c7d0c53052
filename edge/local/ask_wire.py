"""What the client asks about the bytes of a device: see edge.local.wire_records."""

from collections.abc import AsyncGenerator
from urllib.parse import quote

import msgspec

from edge.local.asking import Asking
from edge.local.wire_records import Played, Replay, WireChunk

_REPLAY_SECONDS = 24 * 3600.0


class WireCalls(Asking):
    """A part of edge.local.client.Client."""

    async def wire(
        self, device: str, *, follow: bool = False, test: bool = False
    ) -> AsyncGenerator[WireChunk, None]:
        """The last chunks of a device; with `follow` an empty one and each new one, without end.

        test: calls that are made meanwhile, for half an hour at most, are marked as a test. Raises
        Unknown.
        """
        decode = msgspec.json.Decoder(WireChunk).decode
        query = {name: "1" for name, wanted in (("follow", follow), ("test", test)) if wanted}
        async for line in self._lines(query, f"/devices/{quote(device, safe='')}/wire"):
            yield decode(line)

    async def capture(self, device: str) -> bytes:
        """The last bytes as a capture that may leave the box: its numbers are others. Unknown."""
        return await self._one("GET", f"/devices/{quote(device, safe='')}/capture", bytes)

    async def replay(self, device: str, capture: str, speed: float = 1.0) -> Played:
        """Play a capture into a device; returns when it is over. Raises Unknown, Mistakes."""
        return await self._one(
            "POST",
            f"/devices/{quote(device, safe='')}/replay",
            msgspec.json.Decoder(Played).decode,
            Replay(capture, speed),
            seconds=_REPLAY_SECONDS,
        )
