"""A device behind host and port.

Nights are silent for hours, so the kernel asks whether the far end still lives: after 60 s of
silence, then every 10 s; six questions without an answer end the link.
"""

import asyncio
import errno
import socket
from typing import Any

from drivers.contract import Link
from drivers.errors import LinkMissing
from drivers.wire.address import TcpAddress
from drivers.wire.stream import Stream

CONNECT_SECONDS = 10.0
_KEEPALIVE = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 6),
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
)


async def open_tcp(address: TcpAddress) -> Link:
    """Connect within CONNECT_SECONDS, name look-up included. Raises LinkMissing."""
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            return await _connect(address)
    except TimeoutError:
        advice = f"{address.name} does not answer; check its address, its power and the cable"
        raise LinkMissing("host-silent", advice) from None
    except (socket.gaierror, UnicodeError):
        advice = (
            f"the host name {address.host} is not known; check its spelling, or give the address"
        )
        raise LinkMissing("host-unknown", advice) from None
    except OSError as error:
        raise _missing(address, error) from None


async def _connect(address: TcpAddress) -> Stream:
    """Try each address of the host in turn; the last one's error goes up."""
    loop = asyncio.get_running_loop()
    infos = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    failure = OSError(errno.EHOSTUNREACH, "no address")
    for family, _, _, _, place in infos:
        try:
            return await _connect_to(address, family, place)
        except OSError as error:
            failure = error
    raise failure


async def _connect_to(address: TcpAddress, family: int, place: tuple[Any, ...]) -> Stream:
    loop = asyncio.get_running_loop()
    stream = Stream(address.name, lambda error: _lost(address, error))
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(0)
        for level, option, value in _KEEPALIVE:
            sock.setsockopt(level, option, value)
        await loop.sock_connect(sock, place)
        await loop.create_connection(lambda: stream, sock=sock)
    except BaseException:
        sock.close()
        raise
    return stream


def _missing(address: TcpAddress, error: OSError) -> LinkMissing:
    if error.errno == errno.ECONNREFUSED:
        advice = (
            f"nothing listens on port {address.port} of {address.host}; check the port number, and"
            " that the device's network output is switched on"
        )
        return LinkMissing("host-refuses", advice)
    if error.errno in {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTDOWN}:
        advice = f"no way leads to {address.name}; check this box's network cable and address"
        return LinkMissing("host-unreachable", advice)
    advice = f"cannot connect to {address.name} ({error.strerror or error}); check its address"
    return LinkMissing("host-failed", advice)


def _lost(address: TcpAddress, error: Exception | None) -> str:
    if error is None:
        return f"{address.name} closed the connection; see whether another program took it over"
    if isinstance(error, TimeoutError):
        return f"{address.name} no longer answers; check its power and the network"
    return f"the connection to {address.name} broke ({error}); check the device and the network"
