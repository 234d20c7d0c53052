"""Receipts to a CRM that speaks the link: `POST {url}/v1/receipts`, once a night.

    POST /v1/receipts                                          200 application/json
    {"journal": "1a2b3c4d", "through": 912, …}          ──▶
    signed, or with the token, as /v1/events            ◀──    {"missing": [[110, 112], [200, 200]]}

Its own connection, like that of commands. 404, 405 and 501 say that the CRM compares no receipts.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from time import monotonic

import msgspec
from msgspec import Struct

from edge.delivery.destination import Branch, TryLater
from edge.delivery.destinations.link.decision import UNREADABLE, known_refusal
from edge.delivery.destinations.link.enrolment import Enrolment
from edge.delivery.destinations.link.settings import LinkSettings
from edge.delivery.http_answer import Answer, refusal
from edge.delivery.http_client import PATIENCE, HttpClient
from edge.delivery.receipt import Receipts, Stretch

_NO_RECEIPTS = frozenset(
    {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED}
)


class _Missing(Struct, frozen=True):
    missing: list[tuple[int, int]]


class LinkReceipts:
    """One night's connection to one CRM. Settings must be free of problems."""

    def __init__(
        self, settings: LinkSettings, branch: Branch, *, patience: float = PATIENCE
    ) -> None:
        self._url = settings.receipts_url
        self._enrolment = Enrolment(settings, branch, branch.identity) if branch.identity else None
        headers = {"Content-Type": "application/json"}
        if settings.token:
            headers["Authorization"] = f"Bearer {settings.token}"
        sign = self._enrolment.sign if self._enrolment else None
        self._http = HttpClient(
            headers, patience, connection=branch.connection, now=branch.now, sign=sign
        )

    async def start(self) -> None:
        """See ReceiptTaker. Raises NotAllowed where the box can have no key."""
        await self._http.start()
        if self._enrolment is not None:
            await self._enrolment.start()

    async def compare(self, receipts: Receipts) -> Sequence[Stretch] | None:
        """See ReceiptTaker."""
        answer = await self._post(msgspec.json.encode(receipts))
        if answer.status in _NO_RECEIPTS:
            return None
        if refused := known_refusal(answer):
            raise refused
        if answer.status != HTTPStatus.OK:
            raise refusal(answer, answer.heard.said if answer.heard else datetime.now(UTC))
        try:
            return msgspec.json.decode(answer.body, type=_Missing).missing
        except UNREADABLE as error:
            raise TryLater(
                "HTTP 200 without a list of what is missing",
                "Something else than the CRM answers at its address, or the CRM's maker has to mend"
                " its answer to POST /v1/receipts.",
            ) from error

    async def _post(self, body: bytes) -> Answer:
        sent = monotonic()
        answer = await self._http.request("POST", self._url, body)
        if self._enrolment and self._enrolment.believed_time(answer, sent) is not None:
            answer = await self._http.request("POST", self._url, body)
        return answer

    async def close(self) -> None:
        """See ReceiptTaker."""
        await self._http.close()
