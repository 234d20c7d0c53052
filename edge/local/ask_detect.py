"""What the client asks about unknown ports: see edge.local.detect_records."""

from collections.abc import AsyncGenerator

import msgspec

from edge.local.asking import Asking
from edge.local.detect_records import Sensed


class DetectCalls(Asking):
    """A part of edge.local.client.Client."""

    async def detect(self, seconds: float = 120.0) -> AsyncGenerator[Sensed, None]:
        """Every port as it is, then what is heard there; ends when all are known or time is over.

        Raises Conflict while somebody else listens.
        """
        decode = msgspec.json.Decoder(Sensed).decode
        async for line in self._lines({"seconds": f"{seconds:g}"}, "/detect"):
            yield decode(line)
