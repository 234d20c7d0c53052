"""Units on the network that send their records as UDP datagrams, as a rule to everybody.

    unit ──"^^<U>000001<S>123456$01 I S ..."──▶ 255.255.255.255:3520 ──▶ one line for each

Datagrams carry no line end, so each one gets one here. A network may deliver one twice: the same
bytes from the same address within TWICE_SECONDS count once. Nothing is ever sent. Nobody can see
from here whether the unit lives; silence looks the same.
"""

import asyncio
import errno
import socket
from collections import deque
from time import monotonic
from typing import cast

from drivers.contract import Link
from drivers.errors import DeviceRefused, LinkBusy, LinkLost, LinkMissing
from drivers.wire.address import UdpAddress

TWICE_SECONDS = 1.0
MOST_WAITING = 1000
"""Datagrams; beyond them the oldest is dropped, as the kernel does too."""
_LONGEST = 2048
_REMEMBERED = 32


class UdpLink(asyncio.DatagramProtocol):
    """A Link over one port of this box."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._waiting: deque[bytes] = deque(maxlen=MOST_WAITING)
        self._lately: deque[tuple[float, bytes, object]] = deque(maxlen=_REMEMBERED)
        self._news = asyncio.Event()
        self._closed = False
        self._transport: asyncio.DatagramTransport | None = None

    async def read(self) -> bytes:
        """Wait for datagrams, each as a line. Raises LinkLost once it was closed."""
        while not self._waiting:
            if self._closed:
                raise LinkLost("link-closed", f"{self.name} was closed here")
            self._news.clear()
            await self._news.wait()
        data = b"".join(self._waiting)
        self._waiting.clear()
        return data

    async def write(self, data: bytes) -> None:
        """Nobody to write to: see Link.write."""
        raise LinkLost("link-deaf", f"{self.name} only listens; {len(data)} bytes were not sent")

    async def close(self) -> None:
        """Give the port back; harmless twice."""
        self._closed = True
        self._news.set()
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: object) -> None:
        now = monotonic()
        line = data[:_LONGEST].rstrip(b"\r\n\0") + b"\r\n"
        while self._lately and now - self._lately[0][0] > TWICE_SECONDS:
            self._lately.popleft()
        if any((line, addr) == (seen, sender) for _, seen, sender in self._lately):
            return
        self._lately.append((now, line, addr))
        self._waiting.append(line)
        self._news.set()

    def error_received(self, exc: Exception) -> None:
        """Of what we never send."""


async def open_udp(address: UdpAddress) -> Link:
    """Listen on the port. Raises LinkBusy, LinkMissing, DeviceRefused."""
    loop = asyncio.get_running_loop()
    link = UdpLink(f"UDP port {address.udp}")
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)  # noqa: FBT003 - the name is the library's
        sock.bind(("0.0.0.0", address.udp))  # noqa: S104 - broadcasts come to no other address
        await loop.create_datagram_endpoint(lambda: link, sock=sock)
    except OSError as error:
        sock.close()
        raise _failed(address, error) from None
    return link


def _failed(address: UdpAddress, error: OSError) -> LinkBusy | LinkMissing | DeviceRefused:
    if error.errno == errno.EADDRINUSE:
        advice = (
            f"UDP port {address.udp} is in use by another program; find it with"
            f" `ss -ulpn sport = {address.udp}` and end it"
        )
        return LinkBusy("port-busy", advice)
    if error.errno == errno.EACCES:
        advice = f"UDP port {address.udp} may not be opened; use one above 1023"
        return DeviceRefused("port-denied", advice)
    advice = f"UDP port {address.udp} cannot be opened ({error.strerror}); check the network"
    return LinkMissing("port-failed", advice)
