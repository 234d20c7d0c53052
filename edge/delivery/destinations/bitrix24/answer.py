"""What Bitrix24's answer means.

    {"result": …, "time": {…}}                             done
    {"error": "CODE", "error_description": "in words"}     not, whatever the HTTP status is

The words come in the language of the portal and may change, and the code of what a method refuses
is `ERROR_CORE` or empty, so only the codes of the system are told apart. An answer without JSON is
somebody else's; http_answer.py has those.
"""

from datetime import datetime
from typing import TypeVar

import msgspec
from msgspec import Raw, Struct

from edge.delivery.destination import BadBatch, DeliveryError, NotAllowed, TryLater
from edge.delivery.http_answer import Answer, refusal, retry_after, words

T = TypeVar("T")

_NOT_OURS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_LATER = frozenset(
    {
        "QUERY_LIMIT_EXCEEDED",
        "OPERATION_TIME_LIMIT",
        "INTERNAL_SERVER_ERROR",
        "ERROR_UNEXPECTED_ANSWER",
    }
)
_ANOTHER_WEBHOOK = (
    "Bitrix24 does not know this webhook: it was deleted, or its address was copied wrongly; make a"
    " new inbound webhook with the permissions telephony and crm, and write its address into the"
    " settings."
)
_PERMISSIONS = (
    "The webhook has not all permissions: in Bitrix24 give it telephony and crm; then all goes on"
    " by itself."
)
_ADVICE = {
    "INVALID_CREDENTIALS": _ANOTHER_WEBHOOK,
    "NO_AUTH_FOUND": _ANOTHER_WEBHOOK,
    "EXPIRED_TOKEN": _ANOTHER_WEBHOOK,
    "INSUFFICIENT_SCOPE": _PERMISSIONS,
    "ERROR_METHOD_NOT_FOUND": _PERMISSIONS,
    "INVALID_REQUEST": "Bitrix24 asks for https://: correct the address in the settings.",
    "OVERLOAD_LIMIT": (
        "Bitrix24 has blocked its REST interface for this portal because of too many requests, not"
        " only of this box: ask Bitrix24's support to open it again."
    ),
    "ACCESS_DENIED": (
        "Bitrix24 does not allow the REST interface here: its plan does not include it, or the"
        " user of the webhook lacks rights; ask who runs the portal."
    ),
    "WRONG_AUTH_TYPE": (
        "This Bitrix24 lets only applications register calls, no webhooks: ask who runs the portal"
        " for a version or plan that allows it."
    ),
    "PORTAL_DELETED": "This Bitrix24 portal is closed or deleted: ask who runs it.",
}
_REFUSED = "Bitrix24 does not let this box in: check the webhook and the rights of its user there."
_UNAUTHORIZED = frozenset({401, 403})
_SERVER = 500
_OK = 200


class _Said(Struct, frozen=True):
    result: Raw = Raw()
    error: str | int | None = None
    error_description: str = ""


class Registered(Struct, frozen=True, rename="upper"):
    """Answer to register."""

    call_id: str


_SAID = msgspec.json.Decoder(_Said)


def read(answer: Answer, kind: type[T], now: datetime) -> T:
    """The result. Raises DeliveryError for every other answer; BadBatch where it was refused."""
    try:
        said = _SAID.decode(answer.body)
    except _NOT_OURS:
        raise _from_nobody(answer, now) from None
    if said.error is not None:
        raise _error(answer, str(said.error), said.error_description, now)
    if answer.status != _OK:
        raise refusal(answer, now)
    try:
        return msgspec.json.decode(said.result, type=kind)
    except _NOT_OURS as error:
        raise TryLater(
            "HTTP 200 with JSON of another kind",
            "Bitrix24's answer does not tell what it stored; it is asked again. If it stays so,"
            " tell who runs the portal.",
        ) from error


def is_about_user(refused: BadBatch) -> bool:
    """Whether it says so in the words of its documentation; other words are told to nobody."""
    return "user is not found" in refused.reason.lower()


def _from_nobody(answer: Answer, now: datetime) -> DeliveryError:
    if answer.status != _OK:
        return refusal(answer, now)
    return TryLater(
        "HTTP 200 with a web page",
        "Something else than Bitrix24 answers at its address: log in to the network if it asks for"
        " that, or check the address.",
    )


def _error(answer: Answer, code: str, said: str, now: datetime) -> DeliveryError:
    # It is shown and logged, so it is a code and nothing that names anybody.
    plain = code if code.replace("_", "").isalnum() and code.isascii() else ""
    name = f"HTTP {answer.status} {plain[:40]}".rstrip()
    if code in _LATER or answer.status >= _SERVER:
        return TryLater(
            name,
            "Bitrix24 is too busy or has a fault; the calls wait and are sent again.",
            retry_after(answer.retry_after, now),
        )
    if code.upper() in _ADVICE:
        return NotAllowed(name, _ADVICE[code.upper()])
    if answer.status in _UNAUTHORIZED:
        return NotAllowed(name, _REFUSED)
    return BadBatch(name, f"{name}: {words(said)}" if said else name)
