"""What a receiver's answer means.

    2xx              stored: the standard asks for no more. But not where it brings a web page
    400 401 403      the signature: its time, or its secret. The answer's Date tells which.
    410              the receiver wants no more events
    other            as http_answer.py has it

Many receivers answer 400 to a bad signature. So a 400 counts as a refused event only at an address
that has taken one under these secrets; before that nobody's events are parked for a wrong secret.

A captive portal answers 200 with its page, where there is no TLS. What begins as a page is one,
whatever its type: a receiver in PHP may well call its `ok` text/html.
"""

from datetime import datetime, timedelta

from edge.delivery.destination import Batch, Delivered, DeliveryError, NotAllowed, TryLater
from edge.delivery.http_answer import Answer, refusal

GONE = 410
SKEW = timedelta(minutes=1)
"""A clock that differs by less is not what a receiver refuses: the standard's tolerance is 5."""
_GOOD = range(200, 300)
_BAD_REQUEST = 400
_PAGE = (b"<!doctype html", b"<html")
_OF_SIGNATURE = frozenset({_BAD_REQUEST, 401, 403})
_NOBODY = frozenset({404, 405, 407, 421, 426})
_WRONG_SECRET = (
    "The CRM does not accept the signature, and its clock agrees with the box's: the secret is not"
    " the one of this webhook; copy it again from the CRM into the settings."
)
_SECRET_OR_CLOCK = (
    "The CRM does not accept the signature, and does not tell its time: check the box's clock, then"
    " copy the secret of this webhook again from the CRM into the settings."
)
_OTHER_PAGE = (
    "A web page comes in place of an answer, and nothing counts as delivered: log in to the network"
    " if it asks for that, check the address, or let the webhook answer without a page."
)
_CLOSED = (
    "The CRM has closed this address for good (410), and nothing more is sent to it: write the new"
    " address into the settings, or have this one opened again and restart the box."
)
_WRONG_ADDRESS = (
    "Nobody takes webhooks at this address: check the address in the settings, and that the webhook"
    " still exists in the CRM."
)


def is_stored(answer: Answer) -> bool:
    return answer.status in _GOOD and not _is_page(answer)


def _is_page(answer: Answer) -> bool:
    return answer.body.lstrip()[:14].lower().startswith(_PAGE)


def differs(answer: Answer, signed_at: datetime) -> bool:
    """Whether the receiver may have refused the time of the signature."""
    if answer.status not in _OF_SIGNATURE or answer.heard is None:
        return False
    return abs(answer.heard.said - signed_at) > SKEW


def stored(answer: Answer, batch: Batch) -> Delivered:
    """Of an answer that says so."""
    return Delivered(batch.last, (), f"HTTP {answer.status}", answer.heard)


def refused(answer: Answer, now: datetime, *, proven: bool) -> DeliveryError:
    """What an answer that stores nothing asks for. proven: this address took an event before."""
    name = f"HTTP {answer.status}"
    if answer.status in _GOOD:
        return TryLater(f"{name} with a web page", _OTHER_PAGE)
    if answer.status in _OF_SIGNATURE and not (answer.status == _BAD_REQUEST and proven):
        return NotAllowed(name, _WRONG_SECRET if answer.heard else _SECRET_OR_CLOCK)
    if answer.status == GONE:
        return closed()
    if answer.status in _NOBODY:
        return NotAllowed(name, _WRONG_ADDRESS)
    return refusal(answer, now)


def closed() -> NotAllowed:
    """Of an address that answered 410 once."""
    return NotAllowed(f"HTTP {GONE}", _CLOSED)
