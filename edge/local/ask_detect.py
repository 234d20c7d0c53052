"""What the client asks about unknown ports: see edge.local.detect_records."""

from collections.abc import AsyncGenerator

import msgspec

from edge.local.asking import Asking
from edge.local.detect_records import Sensed


class DetectCalls(Asking):
    """A part of edge.local.client.Client."""

    async def detect(self, seconds: float = 120.0, port: str = "") -> AsyncGenerator[Sensed, None]:
        """Every port as it is, then what is heard there; ends when all are known or time is over.

        port: listen to this one alone, which need not be found by itself. Raises Conflict while
        somebody else listens.
        """
        decode = msgspec.json.Decoder(Sensed).decode
        async for line in self._lines({"seconds": f"{seconds:g}", "port": port}, "/detect"):
            yield decode(line)
