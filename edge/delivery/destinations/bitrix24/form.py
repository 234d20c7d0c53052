"""What Bitrix24 is told of a call, in its own words.

    direction      TYPE            incoming 2 · outgoing 1
    number         PHONE_NUMBER    E.164, else the digits as printed; `anonymous` where nobody knows
    line           LINE_NUMBER
    extension      USER_PHONE_INNER, or USER_ID of the default user
    started_at     CALL_START_DATE with the site's offset
    call_id        EXTERNAL_CALL_ID, behind the box's id
    talk_seconds   DURATION
    outcome        STATUS_CODE     answered 200 · missed, unanswered 304 · busy 486 · failed OTHER

An outgoing call on an analogue line has the outcome `unknown`. Its STATUS_CODE is left out: then
Bitrix24 takes a call that lasted for answered and any other for missed.
"""

from datetime import tzinfo

from msgspec import Struct

from drivers.events import Direction, Outcome
from edge.intake.seal import CallData
from edge.journal.records import Stored

REGISTER = "telephony.externalCall.register"
FINISH = "telephony.externalCall.finish"
STATISTIC = "voximplant.statistic.get"
ANONYMOUS = "anonymous"

_TYPES: dict[Direction, int] = {"outgoing": 1, "incoming": 2}
_STATUS: dict[Outcome, str] = {
    "answered": "200",
    "missed": "304",
    "unanswered": "304",
    "busy": "486",
    "failed": "OTHER",
}
_PRINTED = frozenset({"short", "unparsed"})


class Body(Struct, frozen=True, kw_only=True, rename="upper", omit_defaults=True):
    """Of a request. Either of the two tells the user."""

    user_phone_inner: str | None = None
    user_id: int | None = None


class Register(Body, frozen=True, kw_only=True, rename="upper", omit_defaults=True):
    """Begin a call; where it goes on (`show` 1) the user's screen shows it."""

    phone_number: str
    type: int
    call_start_date: str
    crm_create: int
    show: int
    external_call_id: str
    line_number: str | None = None


class Finish(Body, frozen=True, kw_only=True, rename="upper", omit_defaults=True):
    """End a call: only now it stands in the statistics and with the client."""

    call_id: str
    duration: int
    status_code: str | None = None


class Filter(Struct, frozen=True, rename="upper"):
    call_id: str


class Statistic(Struct, frozen=True, rename="upper"):
    """Ask whether a call was finished."""

    filter: Filter


class User(Struct, frozen=True):
    """Whom a call is registered for: by extension, or by the number that Bitrix24 gave."""

    extension: str | None = None
    id: int | None = None


def is_over(event: Stored, call: CallData) -> bool:
    return event.type == "call.ended" or call.outcome is not None


def may_begin(event: Stored, call: CallData) -> bool:
    """Whether it can be registered: the number is told once, and may still come while it rings."""
    return is_over(event, call) or _number(call) != ANONYMOUS


def register(  # noqa: PLR0913 - the request has that many independent parts
    event: Stored, call: CallData, user: User, *, box: str, zone: tzinfo, live: bool, create: bool
) -> Register:
    began = call.started_at or call.answered_at or call.ended_at or event.time
    return Register(
        phone_number=_number(call),
        type=_TYPES[call.direction],
        call_start_date=began.astimezone(zone).isoformat(timespec="seconds"),
        crm_create=int(create),
        show=int(live and not is_over(event, call)),
        external_call_id=f"{box}-{call.call_id}",
        line_number=call.line,
        user_phone_inner=user.extension,
        user_id=user.id,
    )


def finish(call: CallData, named: str, user: User) -> Finish:
    """named: what Bitrix24 calls the call."""
    return Finish(
        call_id=named,
        duration=call.talk_seconds or 0,
        status_code=_STATUS.get(call.outcome) if call.outcome else None,
        user_phone_inner=user.extension,
        user_id=user.id,
    )


def _number(call: CallData) -> str:
    if call.number is not None:
        return call.number
    raw = call.number_raw if call.number_status in _PRINTED else None
    return "".join(sign for sign in raw or "" if "0" <= sign <= "9") or ANONYMOUS
