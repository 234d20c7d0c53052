"""What the CRM's answer to a batch means.

    200 application/json {"through": 512, "rejected": [{"id": "5f3a9c01-507", "reason": "…"}]}

Only this moves the progress, and only when `through` lies in what was asked. Everything else is an
error named by the reaction: nothing that a proxy, a captive portal or a half-installed CRM says
may lose an event.

    401 403                   NotAllowed    the token
    404 405 407 410 421 426   NotAllowed    the address: no CRM there, whatever the events
    413                       TooBig
    other 4xx                 BadBatch      an event that is refused for good
    408 425 429, 5xx, 3xx, 200 that is not ours     TryLater, after Retry-After where there is one
    1xx, 600 and more           TryLater: nobody has said what these mean
"""

from datetime import MAXYEAR, UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec
from msgspec import Struct

from edge.delivery.cloudevents import event_id
from edge.delivery.destination import (
    BadBatch,
    Batch,
    Delivered,
    DeliveryError,
    NotAllowed,
    Rejected,
    TooBig,
    TryLater,
)

_LONGEST_REASON = 200
_NO_TOKEN = frozenset({401, 403})
_NO_CRM_HERE = frozenset({404, 405, 407, 410, 421, 426})
_NOT_NOW = frozenset({408, 425, 429})
_OK, _REDIRECT, _TOO_BIG, _CLIENT, _SERVER, _UNKNOWN = 200, 300, 413, 400, 500, 600
# JSON of another kind, text that is no UTF-8, and lists in lists without end.
_NOT_OURS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Answer(Struct, frozen=True):
    """What came back, without the parts that nobody reads. `content_type` has no parameters."""

    status: int
    content_type: str
    retry_after: str | None
    body: bytes


class _Rejection(Struct, frozen=True):
    id: str
    reason: str = ""


class _Stored(Struct, frozen=True):
    through: int
    rejected: list[_Rejection] = []


_DECODER = msgspec.json.Decoder(_Stored)


def is_link(answer: Answer) -> bool:
    """Whether a CRM that has the link gave its good answer, whatever it stored."""
    if answer.status != _OK or answer.content_type != "application/json":
        return False
    try:
        _DECODER.decode(answer.body)
    except _NOT_OURS:
        return False
    return True


def read(answer: Answer, batch: Batch, now: datetime) -> Delivered:
    """What was stored of the batch. Raises DeliveryError for any answer but the good one."""
    if answer.status != _OK:
        raise _refusal(answer, now)
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
            found.append(Rejected(event.sequence, _words(reason) or "no reason given"))
    return tuple(found)


def _refusal(answer: Answer, now: datetime) -> DeliveryError:
    status = answer.status
    name = f"HTTP {status}"
    if status in _NO_TOKEN:
        return NotAllowed(
            name,
            "The CRM does not let this box in: the token is wrong, missing or revoked; copy a new"
            " token from the CRM into the settings.",
        )
    if status in _NO_CRM_HERE:
        return NotAllowed(
            name,
            "No CRM takes events at this address: check the address in the settings, and that the"
            " CRM has the link installed.",
        )
    if status == _TOO_BIG:
        return TooBig(name, _reason(answer))
    if _CLIENT <= status < _SERVER and status not in _NOT_NOW:
        return BadBatch(name, _reason(answer))
    return TryLater(name, _advice(status), retry_after(answer.retry_after, now))


def _advice(status: int) -> str:
    if _OK < status < _REDIRECT:
        return "The CRM took the events without saying what it stored; they are sent again."
    if _REDIRECT <= status < _CLIENT:
        return (
            "The address leads elsewhere: log in to the network if it asks for that, or write the"
            " address where the CRM is now into the settings."
        )
    if status in _NOT_NOW:
        return "The CRM asked to slow down; the events wait and are sent again."
    if _SERVER <= status < _UNKNOWN:
        return "The CRM has a fault of its own; if it stays so, tell who runs the CRM."
    return (
        "The CRM gives an answer that this version does not know; the events are sent again. If it"
        " stays so, tell who runs the CRM."
    )


def http_date(text: str) -> datetime | None:
    """The time of a Date or Retry-After header, in UTC. None where it is not to be reckoned with.

    In the last year that a datetime holds, a second later may be no time at all.
    """
    try:
        at = parsedate_to_datetime(text)
        at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None
    return at if at.year < MAXYEAR else None


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds from a Retry-After header: a count or an HTTP date. None where it says nothing."""
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value)
    at = http_date(value)
    return None if at is None else max(0.0, (at - now).total_seconds())


def _reason(answer: Answer) -> str:
    """Status and the server's words, as kept with a parked event."""
    said = _words(answer.body.decode("utf-8", "replace"))
    return f"HTTP {answer.status}: {said}" if said else f"HTTP {answer.status}"


def _words(text: str) -> str:
    printable = "".join(sign if sign.isprintable() else " " for sign in text[:4096])
    return " ".join(printable.split())[:_LONGEST_REASON]
