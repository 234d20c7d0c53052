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
from time import monotonic

from edge.delivery.cloudevents import encode_batch
from edge.delivery.connection import Connection
from edge.delivery.destination import Batch, Branch, Delivered, DestinationSpec, TryLater
from edge.delivery.destinations.link.answer import is_link, read
from edge.delivery.destinations.link.commands import LinkCommands
from edge.delivery.destinations.link.decision import known_refusal, problem
from edge.delivery.destinations.link.enrolment import Enrolment
from edge.delivery.destinations.link.receipts import LinkReceipts
from edge.delivery.destinations.link.settings import LinkSettings
from edge.delivery.http_answer import Answer
from edge.delivery.http_client import PATIENCE, HttpClient, Now
from edge.intake.peer_time import PeerTime

_PACKED = {"Content-Type": "application/cloudevents-batch+json", "Content-Encoding": "gzip"}
_GZIP_WINDOW = zlib.MAX_WBITS | 16
_NO_TIME = (
    "The box's clock is not set, and what answers at the CRM's address does not prove that it is"
    " the CRM that accepted this box: let the box reach a time server."
)
_NOTHING = zlib.compress(b"[]", 1, _GZIP_WINDOW)


class LinkDestination:
    """Speaks the link to one CRM. Settings must be free of problems."""

    def __init__(
        self,
        settings: LinkSettings,
        enrolment: Enrolment | None = None,
        *,
        patience: float = PATIENCE,
        connection: Connection = Connection(),  # noqa: B008 - it is frozen
        now: Now = lambda: None,
    ) -> None:
        self._settings = settings
        self._enrolment = enrolment
        headers = {"Authorization": f"Bearer {settings.token}"} if settings.token else {}
        sign = enrolment.sign if enrolment else None
        self._http = HttpClient(headers, patience, connection=connection, now=now, sign=sign)

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
        """Post, as often as it takes to be known there. Raises DeliveryError."""
        if self._enrolment is not None:
            await self._enrolment.start()
            if self._enrolment.must_ask_time:
                await self.ask_time(batch.journal)
                if self._enrolment.must_ask_time:
                    raise TryLater("no time", _NO_TIME)
        answer = await self._post(f"{batch.journal} {batch.first}-{batch.last}", body)
        heard = answer.heard
        delivered = read(answer, batch, heard.said if heard else datetime.now(UTC))
        return replace(delivered, heard=self._vetted(heard))

    async def ask_time(self, journal: str) -> PeerTime | None:
        """See TellsTime. It posts an empty list, for a sequence that no event ever has."""
        answer = await self._post(f"{journal} 0-0", _NOTHING)
        return self._vetted(answer.heard) if is_link(answer) else None

    async def close(self) -> None:
        """See Destination."""
        await self._http.close()

    async def _post(self, covered: str, body: bytes) -> Answer:
        if self._enrolment is None:
            return await self._post_once(covered, body)
        await self._enrolment.start()
        if self._enrolment.is_due:
            await self._enrolment.enrol(self._http)
        sent = monotonic()
        answer = await self._post_once(covered, body)
        if problem(answer).code == "not-enrolled":
            await self._enrolment.enrol(self._http)
            sent = monotonic()
            answer = await self._post_once(covered, body)
        if self._enrolment.believed_time(answer, sent) is not None:
            answer = await self._post_once(covered, body)
        if refused := known_refusal(answer):
            raise refused
        return answer

    def _vetted(self, heard: PeerTime | None) -> PeerTime | None:
        return self._enrolment.vetted(heard) if self._enrolment else heard

    async def _post_once(self, covered: str, body: bytes) -> Answer:
        url = self._settings.events_url
        return await self._http.request("POST", url, body, {**_PACKED, "Payvand-Range": covered})


def _destination(settings: LinkSettings, branch: Branch) -> LinkDestination:
    known_by = Enrolment(settings, branch, branch.identity) if branch.identity else None
    return LinkDestination(settings, known_by, connection=branch.connection, now=branch.now)


SPEC = DestinationSpec(
    name="link",
    titles={"en": "CRM link", "fa": "پیوند با CRM"},
    settings=LinkSettings,
    destination=_destination,
    commands=lambda settings, branch: (
        LinkCommands(settings, branch) if branch.identity or settings.command_keys else None
    ),
    receipts=LinkReceipts,
)
