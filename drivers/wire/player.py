"""Plays what a device sent in a capture: into any callback, or into a pty as if it were the device.

    capture ──play──▶ FarEnd.write ──▶ pty ──▶ open_serial ──▶ driver

`speed` 1.0 keeps the recorded times, 10.0 is ten times as fast, math.inf does not wait at all.
"""

import asyncio
import os
import tty
from collections.abc import Awaitable, Callable

from drivers.wire.capture import Capture, Received

WRITE_SECONDS = 10.0


async def play(
    capture: Capture, write: Callable[[bytes], Awaitable[None]], speed: float = 1.0
) -> None:
    """Write every chunk that came from the device at its time; returns after the last one.

    Times count from the start of the playing, so that a slow writer does not shift what follows.
    """
    loop = asyncio.get_running_loop()
    start = loop.time()
    for entry in capture.entries:
        if isinstance(entry, Received):
            await asyncio.sleep(max(0.0, start + entry.at / speed - loop.time()))
            await write(entry.data)


class FarEnd:
    """The device's end of a raw pty. `port` is the name to open at the other end."""

    def __init__(self) -> None:
        """Open the pty; it holds the port open too, so that readers may come and go."""
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.port = os.ttyname(self._slave)

    async def write(self, data: bytes) -> None:
        """Send. Raises TimeoutError when nobody reads for WRITE_SECONDS."""
        left = memoryview(data)
        while left:
            try:
                left = left[os.write(self._master, left) :]
            except BlockingIOError:
                async with asyncio.timeout(WRITE_SECONDS):
                    await self._until_writable()

    def close(self) -> None:
        """Unplug: whoever reads the port learns that it is gone. Harmless twice."""
        for handle in (self._master, self._slave):
            if handle >= 0:
                os.close(handle)
        self._master = self._slave = -1

    async def _until_writable(self) -> None:
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        loop.add_writer(self._master, ready.set)
        try:
            await ready.wait()
        finally:
            loop.remove_writer(self._master)
