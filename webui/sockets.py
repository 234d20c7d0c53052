"""Where the pages are served: a place that was named, or the sockets that systemd passes.

systemd's agreement (sd_listen_fds(3)): LISTEN_PID is this process, LISTEN_FDS counts descriptors
from 3 up, LISTEN_FDNAMES has their names, `:` between them. `http` names the plain one.
"""

import os
import socket
from dataclasses import dataclass

from edge.errors import BadInput, CommandFailed
from webui.digits import whole

PLAIN = "http"
HIGHEST_PORT = 65535
_FIRST_DESCRIPTOR = 3


@dataclass(frozen=True, slots=True)
class Place:
    """Where to listen. Port 0 is any free one."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Listeners:
    """Sockets that listen. passed: they are systemd's, which goes on listening without us."""

    secure: tuple[socket.socket, ...]
    plain: tuple[socket.socket, ...]
    passed: bool


def place(text: str) -> Place:
    """Read `HOST:PORT` or `[v6]:PORT`. Raises ValueError with what to write instead."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or (number := whole(port)) is None or number > HIGHEST_PORT:
        raise ValueError(f"{text} is no place to listen: write HOST:PORT, such as 0.0.0.0:8443")
    return Place(host.strip("[]"), number)


def listeners(listen: Place | None, plain: Place | None) -> Listeners:
    """Open what was named, or take what systemd passed.

    Raises BadInput where there is neither, CommandFailed where a place cannot be had.
    """
    if listen is not None:
        return Listeners((_open(listen),), (_open(plain),) if plain else (), passed=False)
    passed = _passed()
    if not passed:
        raise BadInput("nothing to listen on: give --listen HOST:PORT, or start it by its socket")
    return Listeners(
        tuple(each for name, each in passed if name != PLAIN),
        tuple(each for name, each in passed if name == PLAIN),
        passed=True,
    )


def _open(where: Place) -> socket.socket:
    try:
        family = socket.getaddrinfo(where.host, where.port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((where.host, where.port), family=family, backlog=128)
    except OSError as error:
        raise CommandFailed(
            f"cannot listen on {where.host}:{where.port} ({error}): "
            "name another port, or end the program that has it"
        ) from error


def _passed() -> list[tuple[str, socket.socket]]:
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    count = int(os.environ.get("LISTEN_FDS", "0"))
    names = os.environ.get("LISTEN_FDNAMES", "").split(":") + [""] * count
    found = []
    for offset in range(count):
        descriptor = _FIRST_DESCRIPTOR + offset
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - no name for it in os
        found.append((names[offset], socket.socket(fileno=descriptor)))
    return found
