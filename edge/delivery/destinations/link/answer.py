"""What the CRM's answer to a batch means.

    200 application/json {"through": 512, "rejected": [{"id": "5f3a9c01-507", "reason": "…"}]}

Only this moves the progress, and only when `through` lies in what was asked. Everything else is an
error named by the reaction: nothing that a proxy, a captive portal or a half-installed CRM says
may lose an event. 200 that is not ours means TryLater; for the rest see http_answer.py.
"""

from datetime import datetime
from http import HTTPStatus

import msgspec
from msgspec import Struct

from edge.delivery.cloudevents import event_id
from edge.delivery.destination import Batch, Delivered, Rejected, TryLater
from edge.delivery.http_answer import Answer, refusal, words

# JSON of another kind, text that is no UTF-8, and lists in lists without end.
_NOT_OURS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _Rejection(Struct, frozen=True):
    id: str
    reason: str = ""


class _Stored(Struct, frozen=True):
    through: int
    rejected: list[_Rejection] = []


_DECODER = msgspec.json.Decoder(_Stored)


def is_link(answer: Answer) -> bool:
    """Whether a CRM that has the link gave its good answer, whatever it stored."""
    if answer.status != HTTPStatus.OK or answer.content_type != "application/json":
        return False
    try:
        _DECODER.decode(answer.body)
    except _NOT_OURS:
        return False
    return True


def read(answer: Answer, batch: Batch, now: datetime) -> Delivered:
    """What was stored of the batch. Raises DeliveryError for any answer but the good one."""
    if answer.status != HTTPStatus.OK:
        raise refusal(answer, now)
    if answer.content_type != "application/json":
        raise TryLater(
            "HTTP 200 with a web page",
            "Something else than the CRM answers at its address: log in to the network if it asks"
            " for that, or check the address.",
        )
    try:
        stored = _DECODER.decode(answer.body)
    except _NOT_OURS as error:
        raise _unbelievable("HTTP 200 with JSON of another kind") from error
    if not batch.after <= stored.through <= batch.last:
        raise _unbelievable("HTTP 200 with a `through` outside of what was sent")
    return Delivered(stored.through, _rejected(stored, batch), "HTTP 200")


def _unbelievable(answer: str) -> TryLater:
    return TryLater(
        answer,
        "The CRM's answer does not tell what it stored; nothing counts as delivered until the"
        " CRM's maker has mended its answer to POST /v1/events.",
    )


def _rejected(stored: _Stored, batch: Batch) -> tuple[Rejected, ...]:
    reasons = {rejection.id: rejection.reason for rejection in stored.rejected}
    if not reasons:
        return ()
    found = []
    for event in batch.events:
        reason = reasons.get(event_id(batch.journal, event.sequence))
        if reason is not None:
            found.append(Rejected(event.sequence, words(reason) or "no reason given"))
    return tuple(found)
