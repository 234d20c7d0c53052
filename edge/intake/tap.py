"""The tap on a device's link: everything read and written passes here and can be looked at.

It keeps the last bytes with their monotonic time. They hold telephone numbers and secret digits
and never leave the box (design section 9).
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Literal

from drivers.contract import Link

KEPT_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes as they passed: `<` from the device, `>` to it, at a monotonic time in seconds."""

    at: float
    way: Literal["<", ">"]
    data: bytes


Hearer = Callable[[Chunk], None]
"""Called with each chunk as it passes; must return at once."""


class Tap:
    """The last bytes of one device, over all links that it had since the start.

    last_bytes: the monotonic time of the last ones from it. hearers: who hears of each chunk.
    """

    def __init__(self) -> None:
        self.bytes_in = 0
        self.last_bytes: float | None = None
        self.hearers: list[Hearer] = []
        self._chunks: deque[Chunk] = deque()
        self._kept = 0

    @property
    def chunks(self) -> tuple[Chunk, ...]:
        """What is kept, oldest first."""
        return tuple(self._chunks)

    def let_go(self, is_in: Callable[[bytes], bool]) -> bool:
        """Forget everything if it is somewhere in there, also cut by the end of a chunk."""
        ways = (b"".join(each.data for each in self._chunks if each.way == way) for way in "<>")
        if not any(is_in(data) for data in ways):
            return False
        self._chunks.clear()
        self._kept = 0
        return True

    def note(self, way: Literal["<", ">"], data: bytes) -> None:
        """Keep bytes that passed; forget the oldest."""
        chunk = Chunk(monotonic(), way, data)
        self._chunks.append(chunk)
        self._kept += len(data)
        while self._kept > KEPT_BYTES:
            self._kept -= len(self._chunks.popleft().data)
        if way == "<":
            self.bytes_in += len(data)
            self.last_bytes = chunk.at
        for hear in self.hearers:
            hear(chunk)


class TappedLink:
    """A link whose bytes are noted on the way."""

    def __init__(self, link: Link, tap: Tap) -> None:
        self._link = link
        self._tap = tap
        self.name = link.name

    async def read(self) -> bytes:
        """See Link.read."""
        data = await self._link.read()
        self._tap.note("<", data)
        return data

    async def write(self, data: bytes) -> None:
        """See Link.write."""
        self._tap.note(">", data)
        await self._link.write(data)

    async def close(self) -> None:
        """See Link.close."""
        await self._link.close()
