"""TLS servers of every kind on real ports: whom a destination believes, and what it says if not."""

import asyncio
import base64
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from aiohttp import web

from edge.delivery import tls
from edge.delivery.connection import Connection
from edge.delivery.destination import NotAllowed, TooSlow, TryLater
from edge.delivery.http_client import HttpClient, Now
from tests.certificates import DAY, YEARS, Authority, Shown

LOGIN = ("branch", "made:up")
TOKEN = {"Authorization": "Bearer made-up"}


class Crm:
    """asked: method, headers and connection of each request. date: what it says of the time."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str], int]] = []
        self.date = datetime.now(UTC)
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append((request.method, dict(request.headers), id(request.transport)))
        return web.Response(headers={"Date": format_datetime(self.date, usegmt=True)})

    @property
    def methods(self) -> list[str]:
        return [method for method, _, _ in self.asked]


@asynccontextmanager
async def https(
    shown: Shown, host: str = "127.0.0.1", name: str = "localhost"
) -> AsyncIterator[Crm]:
    crm = Crm()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", crm.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, host, 0, ssl_context=shown.context).start()
    shown_as = f"[{name}]" if ":" in name else name
    crm.url = f"https://{shown_as}:{runner.addresses[0][1]}/v1/events"
    try:
        yield crm
    finally:
        await runner.cleanup()


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(serve: Serve, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server of bare bytes, on the port given; all it serves has ended when the context has."""

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, EOFError):
            await serve(reader, writer)
        writer.close()
        with suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()

    async with asyncio.TaskGroup() as group:

        def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            group.create_task(served(reader, writer))

        server = await asyncio.start_server(begin, "127.0.0.1", ssl=context)
        async with server:
            yield server.sockets[0].getsockname()[1]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def disciplined(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel's word for its clock, which no test can bring about on every machine."""
    monkeypatch.setattr(tls, "is_synchronized", lambda: True)


@pytest.fixture
def undisciplined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls, "is_synchronized", lambda: False)


async def ask(url: str, connection: Connection, now: Now = lambda: None, count: int = 1) -> int:
    """The status of the last of so many requests."""
    assert connection.problems() == []
    client = HttpClient(TOKEN, 5.0, connection=connection, now=now)
    await client.start()
    try:
        for _ in range(count):
            answer = await client.request("POST", url, b"an event")
    finally:
        await client.close()
    return answer.status


async def refusal(url: str, connection: Connection, now: Now = lambda: None) -> str:
    with pytest.raises((TryLater, NotAllowed)) as raised:
        await ask(url, connection, now)
    assert len(raised.value.advice) > 40
    return raised.value.answer


@pytest.mark.usefixtures("disciplined")
async def test_the_offices_own_authority(authority: Authority) -> None:
    async with https(authority.shows()) as crm:
        assert await ask(crm.url, Connection(ca_file=str(authority.file)), count=3) == 200
    assert crm.methods == ["POST"] * 3
    assert len({connection for _, _, connection in crm.asked}) == 1


@pytest.mark.usefixtures("disciplined")
@pytest.mark.parametrize(
    ("name", "begin", "end", "told"),
    [
        ("localhost", -30 * DAY, -DAY, "certificate not in force"),
        ("localhost", DAY, 30 * DAY, "certificate not in force"),
        ("crm.example.com", -DAY, DAY, "certificate of another name"),
        ("127.0.0.9", -DAY, DAY, "certificate of another name"),
    ],
)
async def test_a_bad_certificate_is_told_by_what_is_bad(
    authority: Authority, name: str, begin: timedelta, end: timedelta, told: str
) -> None:
    async with https(authority.shows(name, begin, end)) as crm:
        assert await refusal(crm.url, Connection(ca_file=str(authority.file))) == told
    assert crm.asked == []


@pytest.mark.usefixtures("disciplined")
async def test_an_unknown_authority(authority: Authority, tmp_path: Path) -> None:
    other = Authority(tmp_path, "another")
    async with https(authority.shows()) as crm:
        for connection in (Connection(), Connection(ca_file=str(other.file))):
            told = await refusal(crm.url, connection)
            assert told == "certificate of an unknown authority"
    assert crm.asked == []


@pytest.mark.usefixtures("disciplined")
async def test_a_file_that_holds_no_authority(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    for name in ("ca.pem", "none.pem"):
        told = await refusal("https://localhost:1", Connection(ca_file=str(tmp_path / name)))
        assert told == "no authority"


@pytest.mark.usefixtures("undisciplined")
async def test_a_pinned_certificate_needs_no_name_no_date_and_no_authority(
    authority: Authority,
) -> None:
    shown = authority.shows("crm.example.com", -30 * DAY, -DAY)
    colons = ":".join(shown.fingerprint[at : at + 2] for at in range(0, 64, 2)).upper()
    async with https(shown) as crm:
        for pinned in (shown.fingerprint, f"SHA256:{colons}", shown.key_fingerprint):
            assert await ask(crm.url, Connection(pinned=pinned)) == 200
        asked = len(crm.asked)
        told = await refusal(crm.url, Connection(pinned=authority.shows().fingerprint))
        assert told == "certificate is not the pinned one"
    assert len(crm.asked) == asked == 3


@pytest.mark.usefixtures("undisciplined")
async def test_without_a_clock_the_time_is_asked_before_anything_is_sent(
    authority: Authority,
) -> None:
    async with https(authority.shows()) as crm:
        assert await ask(crm.url, Connection(ca_file=str(authority.file)), count=2) == 200
    assert crm.methods == ["HEAD", "POST", "POST"]
    (_, first, probe), (_, second, later), _ = crm.asked
    assert "Authorization" not in first
    assert second["Authorization"] == "Bearer made-up"
    assert probe != later, "the dates are checked in a handshake of its own"


@pytest.mark.usefixtures("undisciplined")
@pytest.mark.parametrize(("begin", "end"), [(-30 * DAY, -DAY), (DAY, 30 * DAY)])
async def test_without_a_clock_dates_count_by_the_time_that_is_told(
    authority: Authority, begin: timedelta, end: timedelta
) -> None:
    async with https(authority.shows("localhost", begin, end)) as crm:
        told = await refusal(crm.url, Connection(ca_file=str(authority.file)))
    assert told == "certificate not in force"
    assert crm.methods == ["HEAD"]


@pytest.mark.usefixtures("undisciplined")
async def test_a_time_before_this_program_was_made_is_not_believed(authority: Authority) -> None:
    async with https(authority.shows("localhost", -YEARS, DAY)) as crm:
        crm.date = datetime(2021, 3, 4, tzinfo=UTC)
        told = await refusal(crm.url, Connection(ca_file=str(authority.file)))
    assert told == "certificate not in force"
    assert crm.methods == ["HEAD"]


@pytest.mark.usefixtures("undisciplined")
async def test_a_server_that_tells_no_time_gets_nothing(authority: Authority) -> None:
    heard = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    async with listening(serve, authority.shows().context) as port:
        url = f"https://localhost:{port}/v1/events"
        assert await refusal(url, Connection(ca_file=str(authority.file))) == "no time"
    [request] = heard
    assert request.startswith(b"HEAD / ")
    assert b"made-up" not in request


@pytest.mark.usefixtures("undisciplined")
async def test_the_dates_of_the_whole_chain_count(authority: Authority) -> None:
    between = authority.below(-30 * DAY, -DAY)
    async with https(between.shows()) as crm:
        told = await refusal(crm.url, Connection(ca_file=str(authority.file)))
    assert told == "certificate not in force"
    assert crm.methods == ["HEAD"]


@pytest.mark.usefixtures("undisciplined")
async def test_a_time_that_is_known_is_what_dates_are_held_against(authority: Authority) -> None:
    connection = Connection(ca_file=str(authority.file))
    async with https(authority.shows()) as crm:
        assert await ask(crm.url, connection, lambda: datetime.now(UTC)) == 200
        told = await refusal(crm.url, connection, lambda: datetime.now(UTC) + 400 * DAY)
    assert told == "certificate not in force"
    assert crm.methods == ["POST"]


@pytest.mark.usefixtures("undisciplined")
@pytest.mark.parametrize("what", ["name", "authority"])
async def test_without_a_clock_name_and_authority_count_all_the_same(
    authority: Authority, tmp_path: Path, what: str
) -> None:
    other = Authority(tmp_path, "another")
    shown = authority.shows("crm.example.com") if what == "name" else other.shows()
    async with https(shown) as crm:
        told = await refusal(crm.url, Connection(ca_file=str(authority.file)))
    assert what in told
    assert crm.asked == []


@pytest.mark.usefixtures("disciplined")
async def test_ipv6(authority: Authority) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    async with https(authority.shows("::1"), "::1", "::1") as crm:
        assert await ask(crm.url, Connection(ca_file=str(authority.file))) == 200


class Proxy:
    """HTTP CONNECT with a log-in, as far as it takes. asked: the targets."""

    def __init__(self, status: int = 200) -> None:
        self.asked: list[str] = []
        self.url = ""
        self._status = status

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.asked.append(head.split()[1])
        login = base64.b64encode(":".join(LOGIN).encode()).decode()
        status = self._status if f"Proxy-Authorization: Basic {login}" in head else 407
        writer.write(f"HTTP/1.1 {status} made up\r\n\r\n".encode())
        if status == 200:
            host, _, port = head.split()[1].rpartition(":")
            there, back = await asyncio.open_connection(host, int(port))
            async with asyncio.TaskGroup() as group:
                group.create_task(_copy(reader, back))
                group.create_task(_copy(there, writer))
            with suppress(ConnectionError):
                await back.wait_closed()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def proxied(status: int = 200) -> AsyncIterator[Proxy]:
    proxy = Proxy(status)
    async with listening(proxy.serve) as port:
        proxy.url = f"http://127.0.0.1:{port}"
        yield proxy


def through(proxy: Proxy, authority: Authority, password: str = LOGIN[1]) -> Connection:
    return Connection(
        ca_file=str(authority.file), proxy=proxy.url, proxy_user="branch", proxy_password=password
    )


@pytest.mark.usefixtures("undisciplined")
async def test_through_a_proxy_with_a_login(authority: Authority) -> None:
    async with https(authority.shows()) as crm, proxied() as proxy:
        assert await ask(crm.url, through(proxy, authority), count=2) == 200
    host = crm.url.removeprefix("https://").partition("/")[0]
    assert proxy.asked == [host, host]
    assert all("Proxy-Authorization" not in headers for _, headers, _ in crm.asked)


@pytest.mark.usefixtures("disciplined")
async def test_what_a_proxy_refuses(authority: Authority) -> None:
    async with https(authority.shows()) as crm:
        async with proxied() as proxy:
            assert await refusal(crm.url, through(proxy, authority, "wrong")) == "proxy HTTP 407"
        assert await refusal(crm.url, through(proxy, authority)) == "no proxy"
        async with proxied(503) as proxy:
            assert await refusal(crm.url, through(proxy, authority)) == "proxy HTTP 503"
    assert crm.asked == []


@pytest.mark.usefixtures("disciplined")
async def test_a_certificate_counts_behind_a_proxy_too(authority: Authority) -> None:
    shown = authority.shows("crm.example.com")
    async with https(shown) as crm, proxied() as proxy:
        told = await refusal(crm.url, through(proxy, authority))
        assert told == "certificate of another name"
        pinned = Connection(
            pinned=authority.shows().fingerprint,
            proxy=proxy.url,
            proxy_user="branch",
            proxy_password="made:up",
        )
        assert await refusal(crm.url, pinned) == "certificate is not the pinned one"
    assert crm.asked == []


@pytest.mark.usefixtures("disciplined")
async def test_a_port_that_speaks_no_tls(authority: Authority) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with listening(serve) as port:
        url = f"https://localhost:{port}"
        assert await refusal(url, Connection(ca_file=str(authority.file))) == "no TLS"


@pytest.mark.usefixtures("disciplined")
async def test_a_handshake_that_stalls(authority: Authority) -> None:
    ended = asyncio.Event()

    async def serve(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await ended.wait()

    client = HttpClient({}, 0.3, connection=Connection(ca_file=str(authority.file)))
    await client.start()
    async with listening(serve) as port:
        with pytest.raises(TooSlow):
            await client.request("GET", f"https://localhost:{port}")
        ended.set()
        await client.close()


@pytest.mark.usefixtures("disciplined")
@pytest.mark.parametrize(
    ("status", "location", "told"),
    [
        (302, "http://login.example.net/?from=crm", "captive portal"),
        (511, "", "captive portal"),
        (301, "https://www.127.0.0.77/", "certificate of an unknown authority"),
        (404, "", "certificate of an unknown authority"),
    ],
)
async def test_a_captive_portal_is_told_as_one(
    authority: Authority, status: int, location: str, told: str
) -> None:
    asked = []

    async def serve(request: web.Request) -> web.Response:
        asked.append(dict(request.headers))
        return web.Response(status=status, headers={"Location": location} if location else {})

    app = web.Application()
    app.router.add_get("/", serve)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.77", 80).start()
    except OSError as error:
        await runner.cleanup()
        pytest.skip(f"port 80 cannot be had here: {error}")
    async with https(authority.shows(), "127.0.0.77", "127.0.0.77") as crm:
        assert await refusal(crm.url, Connection()) == told
    await runner.cleanup()
    [headers] = asked
    assert "Authorization" not in headers
