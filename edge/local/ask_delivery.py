"""What the client asks by hand of what is stored: see delivery_routes.py and forget_routes.py."""

from collections.abc import AsyncGenerator

import msgspec

from edge.local.asking import Asking
from edge.local.forgotten import Forget, Forgotten
from edge.local.resent import Resent

_LONG_SECONDS = 300.0
"""For what looks at each of many events."""


class DeliveryCalls(Asking):
    """A part of edge.local.client.Client."""

    async def resend(self, first: int, last: int, to: str | None = None) -> Resent:
        """Let stored events go once more, to one destination or to all. Raises Unknown."""
        query = {"first": str(first), "last": str(last)} | _to(to)
        decode = msgspec.json.Decoder(Resent).decode
        return await self._one("POST", "/resend", decode, query=query, seconds=_LONG_SECONDS)

    async def forget(self, number: str) -> Forgotten:
        """Erase a person's number. Raises Mistakes and Unable."""
        decode = msgspec.json.Decoder(Forgotten).decode
        return await self._one("POST", "/forget", decode, Forget(number), seconds=_LONG_SECONDS)

    async def undelivered(self, to: str | None = None) -> AsyncGenerator[bytes, None]:
        """The lines of an export, see edge.delivery.export. Raises Unknown."""
        async for line in self._lines(_to(to), "/undelivered"):
            yield line


def _to(name: str | None) -> dict[str, str]:
    return {} if name is None else {"to": name}
