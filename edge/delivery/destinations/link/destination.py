"""The native link: batches of CloudEvents to `POST {url}/v1/events` (edge/crm/openapi.yaml).

    POST /v1/events                                            200
    Content-Type: application/cloudevents-batch+json           Content-Type: application/json
    Content-Encoding: gzip
    Payvand-Range: 5f3a9c01 13-512                      ──▶
    Authorization: Bearer …                             ◀──    {"through": 512, "rejected": []}

One connection, one request on it: order needs no more, and 500 events a request fill any line.
The box's clock may be wrong: a Retry-After date is read against the answer's own Date header, and
the Date of a good answer tells the box the time. It counts as the CRM's own word, since settings.py
allows http:// only within the office; everywhere else TLS has proved who answers.
"""

import asyncio
import zlib
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from time import monotonic
from typing import TYPE_CHECKING

from edge.delivery.cloudevents import encode_batch
from edge.delivery.destination import (
    Batch,
    Delivered,
    DestinationSpec,
    TooSlow,
    TryLater,
)
from edge.delivery.destinations.link.answer import Answer, http_date, is_link, read
from edge.delivery.destinations.link.settings import LinkSettings
from edge.delivery.wire_bytes import WireBytes
from edge.intake.peer_time import PeerTime

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

_CONNECT_SECONDS = 15.0
_TOTAL_SECONDS = 60.0
# Shorter than the idle time after which a NAT or a CRM drops a connection without a word.
_IDLE_SECONDS = 30.0
_LONGEST_ANSWER = 1024 * 1024
_GZIP_WINDOW = zlib.MAX_WBITS | 16
_NOTHING = zlib.compress(b"[]", 1, _GZIP_WINDOW)
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


class LinkDestination:
    """Speaks the link to one CRM. Settings must be free of problems."""

    def __init__(self, settings: LinkSettings, *, patience: float = _TOTAL_SECONDS) -> None:
        self._settings = settings
        self._patience = patience
        self._session: ClientSession | None = None
        self._wire = WireBytes()

    @property
    def wire_bytes(self) -> int:
        """See Destination."""
        return self._wire.total

    async def start(self) -> None:
        """Import aiohttp (a heavy one, hence in a thread) and make the session."""
        await asyncio.to_thread(import_module, "aiohttp")
        import aiohttp

        headers = {
            "Content-Type": "application/cloudevents-batch+json",
            "Content-Encoding": "gzip",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "payvand",
        }
        if self._settings.token:
            headers["Authorization"] = f"Bearer {self._settings.token}"
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=1, keepalive_timeout=_IDLE_SECONDS, socket_factory=self._wire.socket
            ),
            timeout=aiohttp.ClientTimeout(total=self._patience, connect=_CONNECT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=headers,
        )

    def pack(self, batch: Batch) -> bytes:
        """JSON batch, gzip level 1: level 6 takes twice the time for two points less."""
        body = encode_batch(batch.journal, batch.box, batch.events)
        return zlib.compress(body, 1, _GZIP_WINDOW)

    async def deliver(self, batch: Batch, body: bytes) -> Delivered:
        """Post once. Raises DeliveryError."""
        answer, heard = await self._post(f"{batch.journal} {batch.first}-{batch.last}", body)
        delivered = read(answer, batch, heard.said if heard else datetime.now(UTC))
        return replace(delivered, heard=heard)

    async def ask_time(self, journal: str) -> PeerTime | None:
        """See TellsTime. It posts an empty list, for a sequence that no event ever has."""
        answer, heard = await self._post(f"{journal} 0-0", _NOTHING)
        return heard if is_link(answer) else None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _post(self, covered: str, body: bytes) -> tuple[Answer, PeerTime | None]:
        import aiohttp

        if self._session is None:
            raise RuntimeError("start() comes before deliver()")
        reach = {"Payvand-Range": covered}
        sent = monotonic()
        try:
            async with self._session.post(
                self._settings.events_url, data=body, headers=reach, allow_redirects=False
            ) as response:
                heard = _their_time(response, sent)
                return await _answer(response), heard
        # UnicodeError: a name that cannot even be asked for, such as one with "..".
        except (aiohttp.ClientError, OSError, UnicodeError) as error:
            raise _failure(error) from error
        finally:
            self._wire.note()


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


async def _answer(response: "ClientResponse") -> Answer:
    body = bytearray()
    async for chunk in response.content.iter_chunked(65536):
        body += chunk
        if len(body) > _LONGEST_ANSWER:
            response.close()
            break
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return Answer(response.status, kind, response.headers.get("Retry-After"), bytes(body))


def _their_time(response: "ClientResponse", sent: float) -> PeerTime | None:
    """The CRM's clock, if it sent one."""
    received = monotonic()
    their = http_date(response.headers.get("Date", ""))
    return None if their is None else PeerTime(their, sent, received)


SPEC = DestinationSpec(
    name="link",
    titles={"en": "CRM link", "fa": "پیوند با CRM"},
    settings=LinkSettings,
    destination=lambda settings, _: LinkDestination(settings),
)
