"""A simulated exchange's serial port: a real pty that carries the paper at the line's true speed.

    printed ──(time between lines / speed)──▶ baud/10 bytes a second ──▶ /dev/pts/N ◀── link

Plug and unplug it like a USB cable: the pty goes away and comes back under another name, and the
link, a path of your choice, follows it. The exchange keeps the handshake: it waits while the cable
is out or nobody takes the bytes, and loses nothing.
"""

import asyncio
import fcntl
import os
import pty
import struct
import termios
import tty
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from drivers.panasonic.printout import Printed

_BITS_PER_BYTE = 10
_CHUNKS_PER_SECOND = 50


@dataclass(frozen=True, slots=True)
class Pace:
    """How the day passes: `speed` times as fast; no wait between lines over `longest_wait` s."""

    speed: float = 1.0
    longest_wait: float | None = None

    def seconds(self, between: float) -> float:
        """The wait for so many seconds of the exchange's day."""
        wait = between / self.speed
        return wait if self.longest_wait is None else min(wait, self.longest_wait)


async def paced(printed: Iterable[Printed], pace: Pace) -> AsyncIterator[Printed]:
    """Each line when its time has come, the first at once; what is late follows without a wait."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    before = None
    for line in printed:
        if before is not None:
            due += pace.seconds((line.at - before).total_seconds())
        before = line.at
        await asyncio.sleep(max(0.0, due - loop.time()))
        yield line


class SerialPort:
    """The exchange's end of a serial cable, plugged in between `with` and its end.

    path: what to open: `link` if one is given, otherwise the pty. Raises OSError when the link
    cannot be made.
    """

    def __init__(self, link: Path | None = None) -> None:
        self._link = link
        self._ends: tuple[int, int] | None = None
        self._changed = asyncio.Event()

    def __enter__(self) -> Self:
        self.plug()
        return self

    def __exit__(self, *_reason: object) -> None:
        self.unplug()

    @property
    def path(self) -> Path:
        """Where the port is now. Raises FileNotFoundError while it is unplugged."""
        return self._link or self._pty()

    @property
    def unread(self) -> int:
        """How many bytes have come over the line and nobody has taken."""
        if self._ends is None:
            return 0
        told = fcntl.ioctl(self._ends[1], termios.FIONREAD, struct.pack("i", 0))
        count: int = struct.unpack("i", told)[0]
        return count

    def plug(self) -> None:
        """Put the cable in: a new pty, most likely under another name. Harmless twice."""
        if self._ends is not None:
            return
        exchange, box = pty.openpty()
        tty.setraw(box)
        os.set_blocking(exchange, False)
        # Our own hold on the box's end keeps it raw and alive while nobody has it open.
        self._ends = exchange, box
        if self._link is not None:
            self._link.unlink(missing_ok=True)
            self._link.symlink_to(self._pty())
        self._changed.set()

    def unplug(self) -> None:
        """Pull the cable: who has the port open sees it hang up. Harmless twice."""
        if self._ends is None:
            return
        for end in self._ends:
            os.close(end)
        self._ends = None
        if self._link is not None:
            self._link.unlink(missing_ok=True)
        self._changed.set()

    async def write(self, data: bytes) -> None:
        """Return when the line has taken all of it, however long the cable is out."""
        while data:
            if self._ends is None:
                await self._change()
                continue
            try:
                data = data[os.write(self._ends[0], data) :]
            except BlockingIOError:
                await self._room(self._ends[0])

    def _pty(self) -> Path:
        if self._ends is None:
            raise FileNotFoundError("the cable is out: plug it in first")
        return Path(os.ttyname(self._ends[1]))

    async def _room(self, exchange: int) -> None:
        loop = asyncio.get_running_loop()
        loop.add_writer(exchange, self._changed.set)
        try:
            await self._change()
        finally:
            loop.remove_writer(exchange)

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()


async def serve_pty(
    printed: Iterable[Printed], port: SerialPort, baud: int, pace: Pace | None = None
) -> None:
    """Print everything on the port at `baud`; returns when the last byte has gone.

    Leave the cable in until the far end has read it: unplugging loses what it has not.
    """
    async for line in paced(printed, pace or Pace()):
        await _carry(line.text, port, baud)


async def _carry(text: bytes, port: SerialPort, baud: int) -> None:
    rate = baud / _BITS_PER_BYTE
    size = max(1, int(rate / _CHUNKS_PER_SECOND))
    loop = asyncio.get_running_loop()
    begun = loop.time()
    for start in range(0, len(text), size):
        chunk = text[start : start + size]
        # A byte is there when its last bit is: wait first, then hand it over.
        await asyncio.sleep(max(0.0, begun + (start + len(chunk)) / rate - loop.time()))
        await port.write(chunk)
