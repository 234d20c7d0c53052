"""Connections that say nothing, or never come to an end, keep nobody out."""

import select
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from time import monotonic
from urllib.parse import urlsplit

import pytest

from tests.webui.house import NO_CHECK, SECONDS, House, eventually
from tests.webui.wire import answer, connect, request, status, whole
from webui.room import MOST, MOST_EACH
from webui.visit import SESSION_COOKIE

MANY = 300
MOST_KILOBYTES = 40_000
"""By which the process may grow: 64 connections of 256 KB, and what serving costs."""
LEAST_SECONDS = 10.0
TRICKLE = 300
"""Bytes that come one by one: more than there are seconds to wait, or pieces of a live page."""
PASSPHRASE = b"nine+boats+at+sea"
PARTS = b"multipart/form-data; boundary=x"
FIELD = (
    *(
        b'--x\r\nContent-Disposition: form-data; name="passphrase"\r\n\r\n',
        PASSPHRASE.replace(b"+", b" "),
    ),
    b'\r\n--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n',
)
HALF = b"GET /login HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    """Connections, until the test is over."""
    with ExitStack() as stack:
        yield stack


def silent(house: House, opened: ExitStack, address: str = "127.0.0.1") -> socket.socket:
    """A connection from there that does not even begin with TLS."""
    place = urlsplit(house.url)
    wire = socket.create_connection((place.hostname, place.port), 30, (address, 0))
    return opened.enter_context(wire)


def half(house: House, opened: ExitStack, address: str = "127.0.0.1") -> socket.socket:
    """One with half a request."""
    plain = silent(house, opened, address)
    wire = opened.enter_context(NO_CHECK.wrap_socket(plain, server_hostname=address))
    wire.sendall(HALF)
    return wire


def heard(wire: socket.socket) -> bytes | None:
    """What came lately; None where that is nothing, empty where the other end hung up."""
    wire.settimeout(0)
    try:
        return wire.recv(65536)
    except (BlockingIOError, ssl.SSLWantReadError):
        return None
    except OSError:
        return b""
    finally:
        wire.settimeout(SECONDS)


def is_open(wire: socket.socket) -> bool:
    """Whether the other end has not hung up."""
    return heard(wire) != b""


@pytest.mark.parametrize("begin", [silent, half])
@pytest.mark.parametrize("addresses", [1, 5])
def test_a_crowd_that_says_nothing_keeps_nobody_out(
    branch: House, opened: ExitStack, addresses: int, begin: Callable[..., socket.socket]
) -> None:
    """One address has 24 places, all have 64; the owner comes from the first of them."""
    before = branch.rss("web")
    places = [f"127.0.0.{1 + number % addresses}" for number in range(MANY)]
    crowd = [begin(branch, opened, place) for place in places]
    most = MOST if addresses > 1 else MOST_EACH
    eventually(lambda: sum(map(is_open, crowd)) <= most, "the end of all others")
    assert all(map(is_open, crowd[-most:]))
    with connect(branch) as wire:
        wire.sendall(request(branch, b"GET /login"))
        assert status(whole(wire)) == 200
    assert branch.rss("web") - before < MOST_KILOBYTES


def test_a_live_page_stays_while_others_crowd_in(branch: House, opened: ExitStack) -> None:
    cookie = f"Cookie: {SESSION_COOKIE}={branch.log_in().token}\r\n".encode()
    with connect(branch) as live:
        live.sendall(request(branch, b"GET /status/live", more=cookie))
        assert b"text/event-stream" in live.recv(65536)
        crowd = [silent(branch, opened, f"127.0.0.{1 + n % 5}") for n in range(MANY)]
        eventually(lambda: sum(map(is_open, crowd)) <= MOST - 1, "the end of all others")
        branch.call("09121110009")
        found = b""
        while b"data: " not in found:
            piece = live.recv(65536)
            assert piece, found
            found += piece


def test_what_makes_no_progress_ends_and_what_does_goes_on(
    factory: House, opened: ExitStack
) -> None:
    """Twenty seconds for a header, thirty for a form or for the next piece of an upload."""
    factory.commission_user()
    cookie = f"Cookie: {SESSION_COOKIE}={factory.log_in().token}\r\n".encode()

    def begun(sent: bytes) -> socket.socket:
        wire = opened.enter_context(connect(factory))
        wire.sendall(sent)
        return wire

    backup = _backup(factory, cookie)
    body = b"".join((*FIELD, backup, b"\r\n--x--\r\n"))
    sent = request(factory, b"POST /backup/restore", body, PARTS, cookie)[:-TRICKLE]
    ends = {
        "no TLS": silent(factory, opened),
        "half a header": half(factory, opened),
        "half a form": begun(request(factory, b"POST /login", b"0" * 100)[:-90]),
        "an upload that stops": begun(sent),
        "nothing behind an answer": begun(
            request(factory, b"HEAD /login").replace(b"Connection: close\r\n", b"")
        ),
    }
    live, upload = begun(request(factory, b"GET /status/live", more=cookie)), begun(sent)
    began, news, rest = monotonic(), 0, body[-TRICKLE:]
    while ends:
        select.select([*ends.values(), live], [], [], 1.0)
        for name in [name for name, wire in ends.items() if not is_open(wire)]:
            assert monotonic() - began > LEAST_SECONDS, name
            del ends[name]
        piece = heard(live)
        assert piece != b"", "the live page was cut"
        news += bool(piece)
        assert is_open(upload), "the upload was cut"
        upload.sendall(rest[:1])
        rest = rest[1:]
        assert rest, list(ends)
    assert news
    upload.sendall(rest)
    assert status(upload.recv(65536)) == 200
    assert "Traceback" not in factory.log("web") + factory.log("edge")


def _backup(house: House, cookie: bytes) -> bytes:
    form = b"passphrase=%s&again=%s" % (PASSPHRASE, PASSPHRASE)
    asked = request(house, b"POST /backup", form, more=cookie)
    got = answer(house, asked.replace(b" HTTP/1.1", b" HTTP/1.0"))  # in one piece, not in chunks
    return got.partition(b"\r\n\r\n")[2]
