"""What no browser sends gets a short no, and leaves nothing in the log.

Found by sending such things to a running page: mend, and add what was found.
"""

import gzip
from pathlib import Path

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from edge.local.client import Client
from tests.webui.house import House
from tests.webui.test_admission import routes
from tests.webui.wire import answer, connect, request, status, whole
from webui.app import house
from webui.errors import error_pages
from webui.guard import HEADERS
from webui.pages.setup import TICKET_COOKIE
from webui.visit import HOUSE, SESSION_COOKIE

FORM = b"application/x-www-form-urlencoded"
PARTS = b"multipart/form-data; boundary=x"
LOG_IN = b"name=sara&password=x"
LANGUAGE = b'Content-Disposition: form-data; name="language"\r\n'
NAMED = b'Content-Disposition: form-data; name="name"\r\n'


def part(text: bytes, end: bytes = b"\r\n--x--\r\n") -> bytes:
    return b"--x\r\n" + text + end


def told(branch: House, sent: bytes) -> tuple[int, str]:
    """The status, and what the page's log got."""
    before = len(branch.log("web"))
    got = answer(branch, sent)
    return status(got), branch.log("web")[before:]


BODIES = {
    "charset nobody knows": (LOG_IN, FORM + b"; charset=bogus"),
    "charset that is no text": (LOG_IN, FORM + b"; charset=base64"),
    "utf-16": (LOG_IN, FORM + b"; charset=utf-16"),
    "utf-16, half a letter": (LOG_IN + b"x", FORM + b"; charset=utf-16"),
    "no text": (b"name=\xff&password=\xfe", FORM),
    "no boundary": (LOG_IN, b"multipart/form-data"),
    "an empty boundary": (LOG_IN, b"multipart/form-data; boundary="),
    "a long boundary": (LOG_IN, b"multipart/form-data; boundary=" + b"a" * 100),
    "a boundary that is no text": (LOG_IN, b'multipart/form-data; boundary="a\xff"'),
    "another boundary": (LOG_IN, PARTS),
    "a part without name": (part(b"Content-Disposition: form-data\r\n\r\nv"), PARTS),
    "a part without header": (part(b"\r\nv"), PARTS),
    "a part that stops": (part(NAMED + b"\r\nv", b""), PARTS),
    "a part's header that stops": (part(b"Content-Disposition: form-da", b""), PARTS),
    "a part's header without colon": (part(b"Content-Disposition form-data\r\n\r\nv"), PARTS),
    "a part's header of 300 lines": (part(b"A: b\r\n" * 300 + b"\r\nv"), PARTS),
    "a part's header of 20 KB": (part(b"A: " + b"b" * 20_000 + b"\r\n\r\nv"), PARTS),
    "a part in an unknown coding": (
        part(NAMED + b"Content-Transfer-Encoding: bogus\r\n\r\nv"),
        PARTS,
    ),
    "a part that is no base64": (
        part(NAMED + b"Content-Transfer-Encoding: base64\r\n\r\nv"),
        PARTS,
    ),
    "a part in an unknown charset": (
        part(NAMED + b"Content-Type: text/plain; charset=bogus\r\n\r\nv"),
        PARTS,
    ),
    "a part that is no text": (part(NAMED + b"\r\n\xff"), PARTS),
    "parts in a part": (
        part(NAMED + b"Content-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n\r\nv\r\n--y--"),
        PARTS,
    ),
    "a default charset of 50 letters": (
        part(b'Content-Disposition: form-data; name="_charset_"\r\n\r\n' + b"v" * 50),
        PARTS,
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_no_form_is_refused_in_silence(branch: House, name: str) -> None:
    body, kind = BODIES[name]
    assert told(branch, request(branch, b"POST /login", body, kind)) == (400, "")


@pytest.mark.parametrize("coding", [b"gzip", b"deflate", b"br", b"zstd"])
def test_a_packed_body_is_refused(branch: House, coding: bytes) -> None:
    """No browser packs a form; unpacked, a small one may be of any size."""
    more = b"Content-Encoding: " + coding + b"\r\n"
    for body in (LOG_IN, gzip.compress(bytes(50_000_000))):
        assert told(branch, request(branch, b"POST /login", body, more=more)) == (400, "")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"language=fa", FORM + b"; charset=UTF-8"),
        (b"language=fa&back=%ff%00%0a", FORM),
        (b"language=fa&back=%ed%a0%80", FORM),
        (part(LANGUAGE + b"\r\nfa"), PARTS),
        (part(LANGUAGE + b"Content-Type: text/plain; charset=utf-8\r\n\r\nfa"), PARTS),
    ],
)
def test_what_can_be_read_is_taken(branch: House, body: bytes, kind: bytes) -> None:
    assert told(branch, request(branch, b"POST /language", body, kind)) == (303, "")


async def test_a_path_cannot_write_lines_of_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Of a page that fails as nobody foresaw."""

    async def fail(_request: web.Request) -> web.Response:
        raise ZeroDivisionError

    app = web.Application(middlewares=[error_pages])
    app[HOUSE] = house(Client(tmp_path, token=""), "")
    app.router.add_post("/users/{name}/change", fail)
    async with TestServer(app) as server, ClientSession() as browser:
        path = "/users/%0aWARNING FAKE LINE\u2028\u202e/change"
        async with browser.post(server.make_url(path)) as got:
            assert got.status == 500
    (record,) = caplog.records
    assert record.exc_info
    assert record.getMessage().isascii()
    assert record.getMessage().isprintable()
    assert "FAKE LINE" in record.getMessage()


TOKENS = [
    b'"a\\012b"',
    b'"a\\000b"',
    b"\xff",
    b'"\\377"',
    b"\xed\xa0\x80",
    b"a" * 6000,
    b"",
    b"%0a",
]


@pytest.mark.parametrize("token", TOKENS)
def test_a_cookie_that_cannot_be_a_token_is_nobody(branch: House, token: bytes) -> None:
    cookie = b"Cookie: " + SESSION_COOKIE.encode() + b"=" + token + b"\r\n"
    for first, expected in {
        b"GET /": 303,
        b"GET /login": 200,
        b"GET /status": 303,
        b"POST /logout": 303,
        b"GET /nowhere": 404,
    }.items():
        assert told(branch, request(branch, first, more=cookie)) == (expected, ""), first
    ticket = b"Cookie: " + TICKET_COOKIE.encode() + b"=" + token + b"\r\n"
    asked = request(branch, b"POST /setup/password", b"name=a&password=b&again=b", more=ticket)
    assert told(branch, asked) == (409, "")  # it is set up


RAW = {
    "no host": b"GET /a HTTP/1.1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "a long path": b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "a header's name with NUL": b"GET / HTTP/1.1\r\nHost: a\r\nX\0: a\r\n\r\n",
    "a blank behind a header's name": b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
    "500 headers": b"GET / HTTP/1.1\r\nHost: a\r\n" + b"A: b\r\n" * 500 + b"\r\n",
    "a path that is no text": b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
    "no path": b"GET login HTTP/1.1\r\nHost: a\r\n\r\n",
    "no method": b"get / http/1.1\r\n\r\n",
    "another version": b"GET / HTTP/9.9\r\nHost: a\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS in TLS": b"\x16\x03\x01\r\n\r\n",
    "a negative length": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    "a chunk that is none": (
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
    ),
    "an expectation that is no text": b"GET /login HTTP/1.1\r\nHost: a\r\nExpect: \xff\r\n\r\n",
}


@pytest.mark.parametrize("name", RAW)
def test_what_is_no_request_is_refused_in_silence(branch: House, name: str) -> None:
    before = branch.log("web")
    head, _, body = answer(branch, RAW[name]).partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    told = dict(line.split(": ", 1) for line in lines)
    assert (first, body) == ("HTTP/1.1 400 Bad Request", b"")
    assert told == {
        **HEADERS,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-store",
        "Connection": "close",
        "Content-Length": "0",
    }
    assert branch.log("web") == before


def test_what_is_no_request_may_come_behind_one_that_is(branch: House) -> None:
    with connect(branch) as wire:
        wire.sendall(request(branch, b"HEAD /login").replace(b"Connection: close\r\n", b""))
        assert status(wire.recv(65536)) == 200
        wire.sendall(RAW["no host"])
        assert status(whole(wire)) == 400


def test_the_largest_form_fits_through_the_edges_door(branch: House) -> None:
    """JSON writes six bytes for a control character."""
    cookie = f"Cookie: {SESSION_COOKIE}={branch.log_in().token}\r\n".encode()
    for size, expected in ((160_000, 422), (170_000, 413)):
        form = b"timezone=Asia/Tehran&name=" + b"\1" * size
        asked = request(branch, b"POST /setup/branch", form, more=cookie)
        assert told(branch, asked) == (expected, "")


def test_a_form_without_its_fields_is_told_so(factory: House) -> None:
    """Or does what it does: this box is nobody else's."""
    factory.commission()
    cookie = f"Cookie: {SESSION_COOKIE}={factory.log_in().token}\r\n".encode()
    told_of = {
        path: told(factory, request(factory, f"POST {path}".encode(), b"a=b", more=cookie))
        for method, _, path in routes(factory)
        if method == "POST" and path != "/logout"
    }
    assert len(told_of) > 20
    assert {path for path, (_, log) in told_of.items() if log} == set()
    assert {number for number, _ in told_of.values()} <= {200, 303, 400, 404, 409, 422}


def test_to_try_no_crm_tries_none(branch: House) -> None:
    cookie = f"Cookie: {SESSION_COOKIE}={branch.log_in().token}\r\n".encode()
    assert told(branch, request(branch, b"GET /setup/crm?try=", more=cookie)) == (200, "")


def test_an_unknown_expectation_is_told_so(branch: House) -> None:
    got = answer(branch, request(branch, b"GET /login", more=b"Expect: bogus\r\n"))
    assert status(got) == 417
    assert b"\r\nServer:" not in got
