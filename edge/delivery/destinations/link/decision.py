"""What a CRM says to a box that wants in, and to one that it does not know.

200 {"state": "accepted", "command_key": {"keyid": "1a2b3c4d", "public_key": "…"}}
200 {"state": "pending"}      {"state": "refused", "code": "bad-claim"}
401 {"code": "not-enrolled"}  {"code": "clock-skew", "time": {…}}   409 {"code": "two-boxes"}
"""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Literal

import msgspec
from msgspec import Struct

from edge.delivery.destination import DeliveryError, NotAllowed, TryLater
from edge.delivery.http_answer import Answer, refusal
from edge.delivery.signatures import Signed

PENDING_SECONDS = 30.0
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_NO_ENROLMENT = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED})


class CommandKey(Struct, frozen=True):
    """The key by which a CRM signs. keyid: its own name of it, which proves nothing."""

    keyid: str
    public_key: bytes

    def key(self, _: str) -> bytes:
        """See edge.commands.source.CommandKeys. There is one, whatever it is called."""
        return self.public_key


class Decision(Struct, frozen=True):
    """What the CRM made of an application. code: `bad-claim` where the claim code is wrong."""

    state: Literal["pending", "accepted", "refused", "revoked"]
    code: str = ""
    command_key: CommandKey | None = None


class Problem(Struct, frozen=True):
    """Body of an answer that is not 200. time: the CRM's, with `clock-skew`."""

    code: str = ""
    time: Signed | None = None


_NOTHING = Problem()


def problem(answer: Answer) -> Problem:
    """What the answer says in a program's words; nothing where it has none."""
    if answer.status == HTTPStatus.OK or answer.content_type != "application/json":
        return _NOTHING
    try:
        return msgspec.json.decode(answer.body, type=Problem)
    except UNREADABLE:
        return _NOTHING


def command_key(answer: Answer, device: str) -> CommandKey:
    """The key of a CRM that accepts the box. Raises DeliveryError where it does not, or not yet."""
    if answer.status in _NO_ENROLMENT:
        raise NotAllowed(
            f"HTTP {answer.status}",
            "This CRM knows no claim codes: take `claim` out of the settings, and write the token"
            " that the CRM gave.",
        )
    if answer.status != HTTPStatus.OK:
        raise known_refusal(answer) or _refusal(answer)
    try:
        decision = msgspec.json.decode(answer.body, type=Decision)
    except UNREADABLE as error:
        raise TryLater(
            "HTTP 200 without a decision",
            "Something else than the CRM answers at its address: log in to the network if it asks"
            " for that, or check the address.",
        ) from error
    if decision.state == "accepted" and decision.command_key is not None:
        return decision.command_key
    raise _not_let_in(decision, device)


def known_refusal(answer: Answer) -> DeliveryError | None:
    """What a CRM that knows enrolment refuses for; None where it says nothing of that kind."""
    code = problem(answer).code
    if code == "two-boxes":
        return NotAllowed(
            code,
            "Another box works with the key of this one, or has taken its place: take one of the"
            " two out of service. If this one stays, delete identity.json in its data directory,"
            " restart it, and have the CRM's operator accept it.",
        )
    if code == "clock-skew":
        return NotAllowed(
            code,
            "The box's clock is wrong, and the CRM does not prove that it knows the time: set the"
            " box's clock, or let it reach a time server.",
        )
    if code == "replay":
        return TryLater(code, "The CRM saw this request before; the events are sent in a new one.")
    return None


def _refusal(answer: Answer) -> DeliveryError:
    found = refusal(answer, answer.heard.said if answer.heard else datetime.now(UTC))
    if isinstance(found, (NotAllowed, TryLater)):
        return found
    return NotAllowed(
        found.answer, "The CRM does not understand this box's enrolment: tell who runs the CRM."
    )


def _not_let_in(decision: Decision, device: str) -> DeliveryError:
    if decision.state == "pending":
        return TryLater(
            "pending",
            f"The CRM's operator must accept this box: its device id is {device}.",
            PENDING_SECONDS,
        )
    if decision.code == "bad-claim":
        return NotAllowed(
            decision.code,
            "The claim code is not known, used by another box, or too old: ask the CRM's operator"
            " for a new one and write it into `claim`.",
        )
    if decision.state == "revoked":
        return NotAllowed(
            decision.state,
            "The CRM's operator has taken this box out of service: to bring it back, ask for a new"
            f" claim code, or to accept the device id {device} again.",
        )
    return NotAllowed(
        decision.state,
        f"The CRM's operator has refused this box: ask why, and name its device id {device}.",
    )
