"""Counts what a destination's connections cost on the wire, as a provider bills it.

    tcp(7) TCP_INFO of each socket: bytes sent and received, TLS and repeats among them, and the
    number of segments, each with 40 bytes of IP and TCP header (60 over IPv6) and 12 of timestamp

What the kernel counted of a socket can be asked for until it is closed; so call `note` whenever an
answer is there, and what an idle connection says when it ends (a few segments) is not counted.
"""

import socket
import struct

_INFO_BYTES = 232
_U64 = struct.Struct("=Q")
_U32 = struct.Struct("=I")
# Offsets in struct tcp_info of <linux/tcp.h>; bytes_sent came with Linux 4.19.
_RECEIVED, _SEGMENTS_OUT, _SEGMENTS_IN, _SENT = 128, 136, 140, 200
_HEADERS = {socket.AF_INET: 40 + 12, socket.AF_INET6: 60 + 12}

AddressInfo = tuple[int, int, int, str, tuple[object, ...]]


class WireBytes:
    """`socket` is for what opens the connections; `total` is bytes since this was made."""

    def __init__(self) -> None:
        self._open: dict[socket.socket, int] = {}
        self._closed = 0

    def watch(self, opened: socket.socket) -> None:
        """Count a socket that somebody else opened, from its first byte on."""
        self._open[opened] = 0

    def socket(self, address: AddressInfo) -> socket.socket:
        """A socket for an address as getaddrinfo(3) gives it. Raises OSError."""
        family, kind, protocol, _, _ = address
        made = socket.socket(family, kind, protocol)
        self._open[made] = 0
        return made

    def note(self) -> None:
        """Ask the kernel for what the sockets have cost until now."""
        for each in list(self._open):
            if each.fileno() < 0:
                self._closed += self._open.pop(each)
            else:
                self._open[each] = _cost(each)

    @property
    def total(self) -> int:
        """As of the last `note`."""
        return self._closed + sum(self._open.values())


def _cost(connection: socket.socket) -> int:
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_BYTES)
    if len(info) < _SENT + _U64.size:
        return 0
    sent, received = _U64.unpack_from(info, _SENT)[0], _U64.unpack_from(info, _RECEIVED)[0]
    segments = _U32.unpack_from(info, _SEGMENTS_OUT)[0] + _U32.unpack_from(info, _SEGMENTS_IN)[0]
    return int(sent + received + segments * _HEADERS[connection.family])
