"""What came back over HTTP, and what it means where nobody has said otherwise.

401 403                     NotAllowed    who we are
404 405 407 410 421 426     NotAllowed    the address: nothing there, whatever the events
413                         TooBig
other 4xx                   BadBatch      an event that is refused for good
511                         TryLater      a captive portal says that it is one
408 425 429, 5xx, 3xx       TryLater, after Retry-After where there is one
1xx, 600 and more           TryLater: nobody has said what these mean
"""

from datetime import MAXYEAR, UTC, datetime
from email.utils import parsedate_to_datetime

from msgspec import Struct

from edge.delivery.destination import BadBatch, DeliveryError, NotAllowed, TooBig, TryLater
from edge.delivery.portal import portal
from edge.intake.peer_time import PeerTime

_LONGEST_REASON = 200
_NO_TOKEN = frozenset({401, 403})
_NO_CRM_HERE = frozenset({404, 405, 407, 410, 421, 426})
_PORTAL = 511
_NOT_NOW = frozenset({408, 425, 429})
_OK, _REDIRECT, _TOO_BIG, _CLIENT, _SERVER, _UNKNOWN = 200, 300, 413, 400, 500, 600


class Answer(Struct, frozen=True):
    """What came back, without the parts that nobody reads.

    content_type: in small letters, without parameters. heard: the clock of who answered.
    signed_time: its Payvand-Time header, as it came; see edge/commands/signed.py.
    """

    status: int
    content_type: str
    retry_after: str | None
    body: bytes
    heard: PeerTime | None = None
    signed_time: str = ""


def refusal(answer: Answer, now: datetime) -> DeliveryError:
    """What an answer other than 200 asks for. now: what Retry-After is read against."""
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
    if status == _PORTAL:
        return portal()
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
    said = words(answer.body.decode("utf-8", "replace"))
    return f"HTTP {answer.status}: {said}" if said else f"HTTP {answer.status}"


def words(text: str) -> str:
    """The far end's words, short and in one line; for the journal, never for a log."""
    printable = "".join(sign if sign.isprintable() else " " for sign in text[:4096])
    return " ".join(printable.split())[:_LONGEST_REASON]
