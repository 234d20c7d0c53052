"""Webhooks: each event as one signed request.

    POST <url>                                                          2xx
    Content-Type: application/cloudevents+json; charset=UTF-8
    webhook-id: 5f3a9c01-42               the event's id: the same each time
    webhook-timestamp: 1795251600         of this attempt
    webhook-signature: v1,<by the secret> v1,<by the old secret>   ──▶

Receivers refuse a signature whose time is off by minutes. The time is the box's where it is known.
Where it is not, or where the receiver's clock differs, the refusal's Date header tells the
receiver's time, and the event is signed anew by that, once; later ones follow that clock at once.
So a wrong clock holds nothing up, and a refusal that remains is one of the secret.

A repeat is harmless: receivers know an event again by its id.
"""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import monotonic

from standardwebhooks import Webhook

from edge.delivery.cloudevents import encode_event, event_id
from edge.delivery.destination import BadBatch, Batch, Branch, Delivered, DestinationSpec
from edge.delivery.destinations.webhook.answer import (
    GONE,
    closed,
    differs,
    is_stored,
    refused,
    stored,
)
from edge.delivery.destinations.webhook.settings import WebhookSettings
from edge.delivery.http_answer import Answer
from edge.delivery.http_client import HttpClient
from edge.intake.peer_time import PeerTime

PATIENCE = 20.0
"""Seconds; the standard asks senders for 15 to 30."""
_PROVEN = "proven"


def _wall_clock() -> datetime:
    return datetime.now(UTC)


class WebhookDestination:
    """Signs for one receiver. Settings must be free of problems. wall: as wrong as it may be."""

    def __init__(
        self,
        settings: WebhookSettings,
        branch: Branch,
        *,
        patience: float = PATIENCE,
        wall: Callable[[], datetime] = _wall_clock,
    ) -> None:
        self._url = settings.url
        self._signers = [Webhook(secret) for secret in settings.secrets]
        self._branch = branch
        self._wall = wall
        self._theirs: PeerTime | None = None
        self._mark = hashlib.sha256(f"{settings.url} {settings.secret}".encode()).digest()
        self._proven = False
        self._closed = False
        headers = {"Content-Type": "application/cloudevents+json; charset=UTF-8"}
        self._http = HttpClient(headers, patience, connection=branch.connection, now=branch.now)

    @property
    def wire_bytes(self) -> int:
        """See Destination."""
        return self._http.wire_bytes

    async def start(self) -> None:
        """See Destination."""
        self._proven = (await self._branch.notebook.read()).get(_PROVEN) == self._mark
        await self._http.start()

    def pack(self, batch: Batch) -> bytes:
        """The one event as a CloudEvent; signed when it leaves."""
        return encode_event(batch.journal, batch.box, batch.events[0])

    async def deliver(self, batch: Batch, body: bytes) -> Delivered:
        """Post once, or twice where the first told the receiver's time. Raises DeliveryError."""
        if self._closed:
            raise closed()
        signed_at = self._now()
        answer = await self._post(batch, body, signed_at)
        if differs(answer, signed_at):
            self._theirs = answer.heard
            answer = await self._post(batch, body, self._now())
        if not is_stored(answer):
            self._closed = answer.status == GONE
            now = answer.heard.said if answer.heard else signed_at
            raise refused(answer, now, proven=self._proven)
        if not self._proven:
            await self._branch.notebook.write((_PROVEN, self._mark))
            self._proven = True
        return stored(answer, batch)

    async def ask_time(self, journal: str) -> PeerTime | None:  # noqa: ARG002 - see TellsTime
        """See TellsTime. Whatever the receiver makes of a HEAD, it dates its answer."""
        return (await self._http.request("HEAD", self._url)).heard

    async def close(self) -> None:
        """See Destination."""
        await self._http.close()

    async def _post(self, batch: Batch, body: bytes, at: datetime) -> Answer:
        name = event_id(batch.journal, batch.events[0].sequence)
        try:
            text = body.decode()
        except UnicodeDecodeError as error:
            raise BadBatch("not sent", "the event is no UTF-8 text and cannot be signed") from error
        headers = {
            "webhook-id": name,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": " ".join(each.sign(name, at, text) for each in self._signers),
        }
        return await self._http.request("POST", self._url, body, headers)

    def _now(self) -> datetime:
        """The receiver's time where it refused ours, else the box's, else what its clock shows."""
        if self._theirs is not None:
            return self._theirs.said + timedelta(seconds=monotonic() - self._theirs.received)
        return self._branch.now() or self._wall()


SPEC = DestinationSpec(
    name="webhook",
    titles={"en": "Signed webhook", "fa": "وب‌هوک امضاشده"},
    settings=WebhookSettings,
    destination=WebhookDestination,
    most_events=1,
)
