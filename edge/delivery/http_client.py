"""HTTP to a CRM, as every destination that speaks it needs it.

    request ──▶ one connection ──▶ Answer            whatever the CRM says
                        └────────▶ TryLater, TooSlow  where nobody answers

One connection, one request on it. aiohttp, a heavy one, is imported at `start`, in a thread.
"""

import asyncio
from collections.abc import Callable, Mapping
from importlib import import_module
from time import monotonic
from typing import TYPE_CHECKING

from edge.delivery.destination import TooSlow, TryLater
from edge.delivery.http_answer import Answer, http_date
from edge.delivery.wire_bytes import WireBytes
from edge.intake.peer_time import PeerTime

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession
    from yarl import URL

PATIENCE = 60.0
Sign = Callable[[str, str, bytes], Mapping[str, str]]
"""(method, url as it goes out, body): the headers that prove who asks."""
_CONNECT_SECONDS = 15.0
# Shorter than the idle time after which a NAT or a CRM drops a connection without a word.
_IDLE_SECONDS = 30.0
_LONGEST_ANSWER = 1024 * 1024
_UNREACHED = (
    "The CRM cannot be reached: check the Internet connection of the box, then that the CRM is"
    " running."
)
_SLOW = "The CRM does not answer in time; check the Internet connection of the box."
_CERTIFICATE = (
    "The CRM's certificate is not valid here: check the box's clock, then the certificate of the"
    " CRM."
)
_NO_NAME = (
    "The CRM's name is not found: check the Internet connection of the box, then the address in the"
    " settings."
)
_NO_HTTP = (
    "The CRM, or something between it and the box, gives an answer that is no proper HTTP: check"
    " the address and its port in the settings; if it stays so, tell who runs the CRM."
)
_BROKEN = "The connection to the CRM broke; if it stays so, check the box's Internet line."


class HttpClient:
    """Speaks to one CRM.

    headers: of every request. patience: seconds for a whole one. sign: for a CRM that wants it.
    """

    def __init__(
        self, headers: Mapping[str, str], patience: float = PATIENCE, sign: Sign | None = None
    ) -> None:
        self._headers = headers
        self._patience = patience
        self._sign = sign
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
                **self._headers,
            },
        )

    async def request(
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask once; a redirect is not followed. Raises TryLater and TooSlow."""
        import aiohttp

        if self._session is None:
            raise RuntimeError("start() comes before request()")
        sent = monotonic()
        try:
            target = _target(url)
            proof = self._sign(method, str(target), body or b"") if self._sign else {}
            async with self._session.request(
                method,
                target,
                data=body,
                headers={**(headers or {}), **proof},
                allow_redirects=False,
            ) as response:
                return await _answer(response, _their_time(response, sent))
        # UnicodeError: a name that cannot even be asked for, such as one with "..".
        except (aiohttp.ClientError, OSError, UnicodeError) as error:
            raise _failure(error) from error
        finally:
            self._wire.note()

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


def _failure(error: Exception) -> TryLater:
    """What kept the answer away. The order matters: some of these are kinds of others."""
    import aiohttp
    from aiohttp.http_exceptions import ContentEncodingError

    if isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ConnectionTimeoutError):
        return TooSlow("no answer in time", _SLOW)
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return TryLater("certificate not valid", _CERTIFICATE)
    if isinstance(error, (aiohttp.ClientConnectorDNSError, aiohttp.InvalidURL, UnicodeError)):
        return TryLater("name not found", _NO_NAME)
    if isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)):
        return TryLater("no connection", _UNREACHED)
    # Bad compression comes as a payload error, as a cut answer does; only its cause tells.
    cause = error.__cause__
    if isinstance(error, aiohttp.ClientResponseError) or isinstance(cause, ContentEncodingError):
        return TryLater("no proper HTTP", _NO_HTTP)
    return TryLater("connection broken", _BROKEN)


async def _answer(response: "ClientResponse", heard: PeerTime | None) -> Answer:
    body = bytearray()
    async for chunk in response.content.iter_chunked(65536):
        body += chunk
        if len(body) > _LONGEST_ANSWER:
            response.close()
            break
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    retry_after = response.headers.get("Retry-After")
    return Answer(response.status, kind, retry_after, bytes(body), heard)


def _their_time(response: "ClientResponse", sent: float) -> PeerTime | None:
    """The CRM's clock, if it sent one."""
    received = monotonic()
    their = http_date(response.headers.get("Date", ""))
    return None if their is None else PeerTime(their, sent, received)
