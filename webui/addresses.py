"""What this machine is called: its own addresses and names, as they are now.

IPv4 addresses come from the kernel by SIOCGIFCONF and IPv6 ones from /proc/net/if_inet6, since
both need no netlink socket, which the service may not open.
"""

import ctypes
import fcntl
import ipaddress
import socket
import struct
from pathlib import Path

_SIOCGIFCONF = 0x8912
_ENTRY = struct.Struct("16sH2s4s16x")
"""struct ifreq on 64-bit Linux: a name, then sockaddr_in as family, port, address."""
_ROOM = 64 * _ENTRY.size


def addresses() -> list[str]:
    """Every address of this machine, loopback and link-local ones last."""
    found = {*_v4(), *_v6()}
    return [str(each) for each in sorted(found, key=_least_useful_last)]


def names() -> list[str]:
    """The host's name, alone and as mDNS knows it."""
    name = socket.gethostname().lower().partition(".")[0]
    return [name, f"{name}.local", "localhost"]


_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def _least_useful_last(address: _Address) -> tuple[bool, bool, int, int]:
    return address.is_loopback, address.is_link_local, address.version, int(address)


def _v4() -> set[_Address]:
    room = ctypes.create_string_buffer(_ROOM)
    asked = struct.pack("iP", _ROOM, ctypes.addressof(room))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        size, _ = struct.unpack("iP", fcntl.ioctl(asker, _SIOCGIFCONF, asked))
    return {
        ipaddress.IPv4Address(address)
        for _name, family, _port, address in _ENTRY.iter_unpack(room.raw[:size])
        if family == socket.AF_INET
    }


def _v6() -> set[_Address]:
    try:
        lines = Path("/proc/self/net/if_inet6").read_text(encoding="ascii").splitlines()
    except OSError:
        return set()
    return {ipaddress.IPv6Address(bytes.fromhex(line.split()[0])) for line in lines}
