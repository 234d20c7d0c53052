"""What the client asks about the box as a whole: backup, logs, what leaves it."""

import base64
from collections.abc import AsyncGenerator, AsyncIterable

import msgspec

from edge.local.asking import Asking
from edge.local.upkeep_records import (
    PASSPHRASE_HEADER,
    LogLine,
    Passphrase,
    Privacy,
    ResetOrder,
    Restored,
)

_LONG_SECONDS = 600.0


class UpkeepCalls(Asking):
    """A part of edge.local.client.Client."""

    async def privacy(self) -> Privacy:
        """All that leaves the box."""
        return await self._get("/privacy", Privacy)

    async def log(self, most: int = 200) -> tuple[LogLine, ...]:
        """The newest lines of the edge's own log, the newest first."""
        return await self._get("/log", tuple[LogLine, ...], {"most": str(most)})

    async def support_bundle(self) -> bytes:
        """A ZIP without secrets and numbers of people."""
        return await self._one("GET", "/bundle", bytes, seconds=60.0)

    async def backup(
        self, passphrase: str, again: str | None = None
    ) -> AsyncGenerator[bytes, None]:
        """The file, piece by piece. Raises Mistakes, Conflict and Unable before the first one."""
        pieces = self._pieces("/backup", body=Passphrase(passphrase, again), begins=_LONG_SECONDS)
        async for piece in pieces:
            yield piece

    async def restore(self, file: AsyncIterable[bytes], passphrase: str) -> Restored:
        """Put a backup in place of all that the box has; the edge begins anew in a second.

        Sessions end. Raises Mistakes with the field `file` or `passphrase`, Conflict and Unable.
        """
        given = base64.b64encode(passphrase.encode()).decode()
        read = msgspec.json.Decoder(Restored).decode
        return await self._stream("PUT", "/restore", file, {PASSPHRASE_HEADER: given}, read)

    async def reset(self, name: str) -> None:
        """Erase all; `name`: of the branch. The edge begins anew in a second, as new."""
        await self._do("POST", "/reset", ResetOrder(name))
