"""Bytes to the page and back, over TLS, as a browser would never send them."""

import socket
from urllib.parse import urlsplit

from tests.webui.house import NO_CHECK, SECONDS, House


def connect(house: House) -> socket.socket:
    """A connection on which the page waits for a request."""
    place = urlsplit(house.url)
    plain = socket.create_connection((place.hostname, place.port), SECONDS)
    return NO_CHECK.wrap_socket(plain, server_hostname=place.hostname)


def answer(house: House, sent: bytes) -> bytes:
    """All that comes back until the page hangs up; let the request ask for that."""
    with connect(house) as wire:
        wire.sendall(sent)
        return whole(wire)


def whole(wire: socket.socket) -> bytes:
    """What comes until the other end hangs up."""
    found = b""
    while piece := wire.recv(65536):
        found += piece
    return found


def request(
    house: House,
    first: bytes,
    body: bytes = b"",
    kind: bytes = b"application/x-www-form-urlencoded",
    more: bytes = b"",
    *,
    sized: bool = True,
) -> bytes:
    """One from the page's own form. more: lines of the header, each with its end."""
    place = urlsplit(house.url).netloc.encode()
    lines = [
        first + b" HTTP/1.1",
        b"Host: " + place,
        b"Origin: https://" + place,
        b"Accept: text/html",
        b"Connection: close",
    ]
    if body:
        lines += [b"Content-Type: " + kind]
    if body and sized:
        lines += [b"Content-Length: %d" % len(body)]
    return b"\r\n".join(lines) + b"\r\n" + more + b"\r\n" + body


def status(got: bytes) -> int:
    """Of an answer; 0 where there is none."""
    return int(got.split(b" ", 2)[1]) if got.startswith(b"HTTP/1.") else 0
