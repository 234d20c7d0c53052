"""An open byte stream below asyncio, as a Link: what serial ports and TCP have in common.

    transport ──data_received──▶ buffer ──read──▶ driver
        ▲                          │
        └──pause_reading── more than HIGH bytes wait; the kernel and the far end hold the rest

Bytes that came before the end are given out before LinkLost is raised.
"""

import asyncio
from collections.abc import Callable

from drivers.errors import LinkLost
from drivers.wire.hold import Hold

HIGH = 64 * 1024
WRITE_SECONDS = 10.0
CLOSE_SECONDS = 5.0


class Stream(asyncio.Protocol):
    """A Link over one transport. One task reads at a time.

    name: what a technician calls it. bytes_in: bytes given to the reader since it was opened.
    hold: holds the far end back, where it can be.
    """

    def __init__(self, name: str, reason: Callable[[Exception | None], str]) -> None:
        """`reason` turns the last error, None at the stream's end, into the advice of LinkLost."""
        self.name = name
        self.bytes_in = 0
        self.hold: Hold | None = None
        self._reason = reason
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._news = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._paused = False
        self._closed = False
        self._error: Exception | None = None
        self._ended = asyncio.Event()

    async def read(self) -> bytes:
        """Wait for bytes, at least one. Raises LinkLost when the far end is gone."""
        while not self._buffer:
            if self._ended.is_set() or self._closed:
                raise self._lost()
            self._news.clear()
            await self._news.wait()
        data = bytes(self._buffer)
        self._buffer.clear()
        if self.hold is not None:
            self.hold.taken()
        if self._paused and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()
        self.bytes_in += len(data)
        return data

    async def write(self, data: bytes) -> None:
        """Send; returns when the kernel has it. Raises LinkLost, also after WRITE_SECONDS."""
        if self._transport is None or self._ended.is_set() or self._closed:
            raise self._lost()
        self._transport.write(data)
        try:
            async with asyncio.timeout(WRITE_SECONDS):
                await self._writable.wait()
        except TimeoutError:
            advice = f"{self.name} takes no bytes; check the cable and the device"
            raise LinkLost("link-stuck", advice) from None
        if self._ended.is_set():
            raise self._lost()

    async def close(self) -> None:
        """Give the port back; harmless twice. Waits until it is free, at most CLOSE_SECONDS."""
        self._closed = True
        self._news.set()
        if self.hold is not None:
            self.hold.end()
        if self._transport is None or self._ended.is_set():
            return
        self._transport.abort()
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._ended.wait()
        except TimeoutError:
            return  # the kernel still sends what waited; the port frees itself afterwards

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  a type the base class hides
        self._transport = transport
        transport.set_write_buffer_limits(high=0)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._news.set()
        if self.hold is not None:
            self.hold.waiting()
        if len(self._buffer) > HIGH and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._error = exc
        if self.hold is not None:
            self.hold.end()
        self._ended.set()
        self._news.set()
        self._writable.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def _lost(self) -> LinkLost:
        if self._closed:
            return LinkLost("link-closed", f"{self.name} was closed here")
        return LinkLost("link-lost", self._reason(self._error))
