"""HTTP to a CRM, as every destination that speaks it needs it.

    request ──▶ one connection ──▶ Answer        whatever the CRM says
                        └────────▶ DeliveryError  where nobody answers, or somebody else (tls.py)

One connection, one request on it. aiohttp, a heavy one, is imported at `start`, in a thread. On a
box that does not know the time, the first thing asked is `HEAD /`, for its Date, with nothing of
ours in it: no token, no signature, no event.
"""

import asyncio
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import datetime
from importlib import import_module
from time import monotonic
from typing import TYPE_CHECKING

from edge.delivery.connection import Connection
from edge.delivery.destination import DeliveryError, TryLater
from edge.delivery.http_answer import Answer, http_date
from edge.delivery.http_failure import certificate_failure, failure
from edge.delivery.portal import is_portal, portal
from edge.delivery.tls import Trust, WrongDates
from edge.delivery.wire_bytes import WireBytes
from edge.intake.peer_time import PeerTime

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession
    from yarl import URL

PATIENCE = 60.0
Sign = Callable[[str, str, bytes], Mapping[str, str]]
"""(method, url as it goes out, body): the headers that prove who asks."""
Now = Callable[[], datetime | None]
_CONNECT_SECONDS = 15.0
# Shorter than the idle time after which a NAT or a CRM drops a connection without a word.
_IDLE_SECONDS = 30.0
_LONGEST_ANSWER = 1024 * 1024
_MAY_BE_PORTAL = frozenset(
    {"certificate of another name", "certificate of an unknown authority", "no TLS"}
)
_NO_TIME = (
    "The box's clock is not set, and the CRM's server does not tell the time: let the box reach a"
    " time server, or pin the CRM's certificate."
)


class HttpClient:
    """Speaks to one CRM.

    headers: of every request. patience: seconds for a whole one. connection: whom to trust, and
    which way to go. now: the time of day, None while nobody knows it. sign: for a CRM that wants
    it.
    """

    def __init__(
        self,
        headers: Mapping[str, str],
        patience: float = PATIENCE,
        *,
        connection: Connection = Connection(),  # noqa: B008 - it is frozen
        now: Now = lambda: None,
        sign: Sign | None = None,
    ) -> None:
        self._headers = headers
        self._patience = patience
        self._sign = sign
        self._connection = connection
        self._trust = Trust(connection, now)
        self._session: ClientSession | None = None
        self._wire = WireBytes()

    @property
    def wire_bytes(self) -> int:
        """See Destination."""
        return self._wire.total

    async def start(self) -> None:
        """Import aiohttp and make the session; connects to nobody."""
        await asyncio.to_thread(import_module, "aiohttp")
        import aiohttp

        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=1, keepalive_timeout=_IDLE_SECONDS, socket_factory=self._wire.socket
            ),
            timeout=aiohttp.ClientTimeout(total=self._patience, connect=_CONNECT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                "User-Agent": "payvand",
            },
        )

    async def request(
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask once; a redirect is not followed. Raises TryLater, TooSlow and NotAllowed."""
        import aiohttp

        try:
            target = _target(url)
            if target.scheme == "https" and self._trust.must_ask:
                await self._ask_time(target)
            proof = self._sign(method, str(target), body or b"") if self._sign else {}
            given = {**self._headers, **(headers or {}), **proof}
            return await self._once(method, target, body, given)
        # UnicodeError: a name that cannot even be asked for, such as one with "..".
        except (aiohttp.ClientError, OSError, UnicodeError) as error:
            raise await self._explained(error, url) from error
        finally:
            self._wire.note()

    async def _once(
        self, method: str, target: "URL", body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        if self._session is None:
            raise RuntimeError("start() comes before request()")
        sent = monotonic()
        async with self._session.request(
            method,
            target,
            data=body,
            headers=headers,
            allow_redirects=False,
            ssl=await self._trust.context() if target.scheme == "https" else True,
            proxy=self._connection.proxy,
            proxy_headers=_proxy_login(self._connection),
        ) as response:
            return await _answer(response, _their_time(response, sent))

    async def _ask_time(self, crm: "URL") -> None:
        """Learn the time from who shows a certificate that is good but perhaps for its dates."""
        # Closed, so that the next handshake checks the dates before anything else is sent.
        answer = await self._once("HEAD", crm.origin(), None, {"Connection": "close"})
        if answer.heard is None:
            raise TryLater("no time", _NO_TIME)
        try:
            self._trust.hear(answer.heard)
        except WrongDates as error:
            raise certificate_failure(error) from error

    async def _explained(self, error: Exception, url: str) -> DeliveryError:
        """The failure; told as a captive portal where it is one."""
        found = failure(error)
        target = _target(url) if found.answer in _MAY_BE_PORTAL else None
        if self._session is None or target is None or self._connection.proxy is not None:
            return found
        return portal() if await is_portal(self._session, target) else found

    async def close(self) -> None:
        """Give the connection back; harmless twice. Another `start` may follow."""
        if self._session is not None:
            await self._session.close()
            self._session = None


def _target(url: str) -> "URL":
    """The address as it goes out, so that what is signed is what is sent. Raises InvalidURL."""
    from aiohttp import InvalidURL
    from yarl import URL

    try:
        return URL(url)
    except ValueError as error:
        raise InvalidURL(url) from error


def _proxy_login(connection: Connection) -> dict[str, str] | None:
    if not connection.proxy_user:
        return None
    login = f"{connection.proxy_user}:{connection.proxy_password}"
    return {"Proxy-Authorization": f"Basic {b64encode(login.encode()).decode()}"}


async def _answer(response: "ClientResponse", heard: PeerTime | None) -> Answer:
    body = bytearray()
    async for chunk in response.content.iter_chunked(65536):
        body += chunk
        if len(body) > _LONGEST_ANSWER:
            response.close()
            break
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    retry_after = response.headers.get("Retry-After")
    signed_time = response.headers.get("Payvand-Time", "")
    return Answer(response.status, kind, retry_after, bytes(body), heard, signed_time)


def _their_time(response: "ClientResponse", sent: float) -> PeerTime | None:
    """The CRM's clock, if it sent one."""
    received = monotonic()
    their = http_date(response.headers.get("Date", ""))
    return None if their is None else PeerTime(their, sent, received)
