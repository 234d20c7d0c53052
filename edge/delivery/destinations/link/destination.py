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

import zlib
from dataclasses import replace
from datetime import UTC, datetime

from edge.delivery.cloudevents import encode_batch
from edge.delivery.destination import Batch, Delivered, DestinationSpec
from edge.delivery.destinations.link.answer import is_link, read
from edge.delivery.destinations.link.commands import LinkCommands
from edge.delivery.destinations.link.settings import LinkSettings
from edge.delivery.http_answer import Answer
from edge.delivery.http_client import PATIENCE, HttpClient
from edge.intake.peer_time import PeerTime

_GZIP_WINDOW = zlib.MAX_WBITS | 16
_NOTHING = zlib.compress(b"[]", 1, _GZIP_WINDOW)


class LinkDestination:
    """Speaks the link to one CRM. Settings must be free of problems."""

    def __init__(self, settings: LinkSettings, *, patience: float = PATIENCE) -> None:
        self._settings = settings
        headers = {
            "Content-Type": "application/cloudevents-batch+json",
            "Content-Encoding": "gzip",
        }
        if settings.token:
            headers["Authorization"] = f"Bearer {settings.token}"
        self._http = HttpClient(headers, patience)

    @property
    def wire_bytes(self) -> int:
        """See Destination."""
        return self._http.wire_bytes

    async def start(self) -> None:
        """See Destination."""
        await self._http.start()

    def pack(self, batch: Batch) -> bytes:
        """JSON batch, gzip level 1: level 6 takes twice the time for two points less."""
        body = encode_batch(batch.journal, batch.box, batch.events)
        return zlib.compress(body, 1, _GZIP_WINDOW)

    async def deliver(self, batch: Batch, body: bytes) -> Delivered:
        """Post once. Raises DeliveryError."""
        answer = await self._post(f"{batch.journal} {batch.first}-{batch.last}", body)
        heard = answer.heard
        delivered = read(answer, batch, heard.said if heard else datetime.now(UTC))
        return replace(delivered, heard=heard)

    async def ask_time(self, journal: str) -> PeerTime | None:
        """See TellsTime. It posts an empty list, for a sequence that no event ever has."""
        answer = await self._post(f"{journal} 0-0", _NOTHING)
        return answer.heard if is_link(answer) else None

    async def close(self) -> None:
        """See Destination."""
        await self._http.close()

    async def _post(self, covered: str, body: bytes) -> Answer:
        url = self._settings.events_url
        return await self._http.request("POST", url, body, {"Payvand-Range": covered})


SPEC = DestinationSpec(
    name="link",
    titles={"en": "CRM link", "fa": "پیوند با CRM"},
    settings=LinkSettings,
    destination=lambda settings, _: LinkDestination(settings),
    commands=lambda settings, box: LinkCommands(settings, box) if settings.command_keys else None,
)
