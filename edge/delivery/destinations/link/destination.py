"""The native link: batches of CloudEvents to `POST {url}/v1/events` (edge/crm/openapi.yaml).

    POST /v1/events                                            200
    Content-Type: application/cloudevents-batch+json           Content-Type: application/json
    Content-Encoding: gzip
    Payvand-Range: 5f3a9c01 13-512                      ──▶
    Authorization: Bearer …                             ◀──    {"through": 512, "rejected": []}

One connection, one request on it: order needs no more, and 500 events a request fill any line.
The box's clock may be wrong: a Retry-After date is read against the answer's own Date header.
"""

import asyncio
import zlib
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib import import_module
from typing import TYPE_CHECKING

from edge.delivery.cloudevents import encode_batch
from edge.delivery.destination import (
    Batch,
    Delivered,
    DestinationSpec,
    TooSlow,
    TryLater,
)
from edge.delivery.destinations.link.answer import Answer, read
from edge.delivery.destinations.link.settings import LinkSettings

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

_CONNECT_SECONDS = 15.0
_TOTAL_SECONDS = 60.0
# Shorter than the idle time after which a NAT or a CRM drops a connection without a word.
_IDLE_SECONDS = 30.0
_LONGEST_ANSWER = 1024 * 1024
_GZIP_WINDOW = zlib.MAX_WBITS | 16
_UNREACHED = (
    "The CRM cannot be reached: check the Internet connection of the box, then that the CRM is"
    " running."
)


class LinkDestination:
    """Speaks the link to one CRM. Settings must be free of problems."""

    def __init__(self, settings: LinkSettings, *, patience: float = _TOTAL_SECONDS) -> None:
        self._settings = settings
        self._patience = patience
        self._session: ClientSession | None = None

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
            connector=aiohttp.TCPConnector(limit=1, keepalive_timeout=_IDLE_SECONDS),
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
        answer, now = await self._post(batch, body)
        return read(answer, batch, now)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _post(self, batch: Batch, body: bytes) -> tuple[Answer, datetime]:
        import aiohttp

        if self._session is None:
            raise RuntimeError("start() comes before deliver()")
        reach = {"Payvand-Range": f"{batch.journal} {batch.first}-{batch.last}"}
        try:
            async with self._session.post(
                self._settings.events_url, data=body, headers=reach, allow_redirects=False
            ) as response:
                return await _answer(response), _their_time(response)
        except aiohttp.ConnectionTimeoutError as error:
            raise TryLater("no connection", _UNREACHED) from error
        except TimeoutError as error:
            raise TooSlow(
                "no answer in time",
                "The CRM does not answer in time; check the Internet connection of the box.",
            ) from error
        except aiohttp.ClientConnectorCertificateError as error:
            raise TryLater(
                "certificate not valid",
                "The CRM's certificate is not valid here: check the box's clock, then the"
                " certificate of the CRM.",
            ) from error
        except aiohttp.ClientConnectorDNSError as error:
            raise TryLater(
                "name not found",
                "The CRM's name is not found: check the Internet connection of the box, then the"
                " address in the settings.",
            ) from error
        except aiohttp.ClientConnectorError as error:
            raise TryLater("no connection", _UNREACHED) from error
        except (aiohttp.ClientError, OSError) as error:
            raise TryLater(
                "connection broken",
                "The connection to the CRM broke; if it stays so, check the box's Internet line.",
            ) from error


async def _answer(response: "ClientResponse") -> Answer:
    body = bytearray()
    async for chunk in response.content.iter_chunked(65536):
        body += chunk
        if len(body) > _LONGEST_ANSWER:
            response.close()
            break
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return Answer(response.status, kind, response.headers.get("Retry-After"), bytes(body))


def _their_time(response: "ClientResponse") -> datetime:
    """The CRM's clock, if it sent one: its Retry-After date is to be read by that clock."""
    try:
        their = parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError:
        return datetime.now(UTC)
    return their if their.tzinfo else their.replace(tzinfo=UTC)


SPEC = DestinationSpec(
    name="link",
    titles={"en": "CRM link", "fa": "پیوند با CRM"},
    settings=LinkSettings,
    destination=LinkDestination,
)
