"""Ports on which a test's server may begin and end as often as it likes.

A number that was bound and let go belongs to whoever connects to something next: so the socket
stays, and never listens. Linux lets a server bind beside it, because both allow reuse; who connects
meets nobody, as long as the server is down.
"""

import atexit
import socket


def free_port() -> int:
    """A port of the loopback that nobody else is given as long as this process lives."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    atexit.register(held.close)
    port: int = held.getsockname()[1]
    return port
