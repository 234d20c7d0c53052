"""A CRM that cannot be reached, that lets the box not in, that refused events, or misses some.

The forwarder knows within seconds and shows what came back; here it becomes an issue that lasts.
A CRM that says no needs a person at once, one that is only away may be back before anybody looks.
"""

from collections.abc import Iterator

from edge.checks.check import Finding, Raised, Seen, Unsure, Words
from edge.checks.check import SeenDestination as Destination
from edge.checks.words import halves
from edge.local import persian_advice
from edge.local.persian import ltr, persian
from edge.local.status import DestinationStatus

AWAY = 600.0
"""Seconds without delivery before it is told."""
BACK = 120.0
"""Seconds of delivery before it is over: a line that comes and goes is told once."""

_UNHEARD = Words(
    "it has not answered since the start yet", "از هنگام آغاز برنامه هنوز پاسخی نداده است"
)


def look(seen: Seen, raised: Raised) -> Iterator[Finding | Unsure]:
    for destination in seen.destinations:
        if destination.status.state == "stopped":
            yield _refuses(destination)
        elif _is_unheard(destination):
            yield Unsure(destination.status.name, _UNHEARD)
        elif _is_away(destination, raised):
            yield _unreachable(destination)
        elif destination.status.state == "retrying":
            yield _not_yet(destination)
        if destination.status.parked:
            yield _parked(destination)
        receipts = destination.status.receipts
        if receipts is not None and receipts.lost:
            yield _misses(destination.status.name, receipts.lost)


def _is_unheard(destination: Destination) -> bool:
    """After a restart: what was wrong before is neither over nor still so."""
    status = destination.status
    waits = status.backlog > 0 and status.last_ok_at is None
    return status.state in ("starting", "delivering") and waits


def _is_away(destination: Destination, raised: Raised) -> bool:
    if ("crm-unreachable", destination.status.name) in raised:
        return destination.status.state != "delivering" or destination.steady < BACK
    return destination.status.state == "retrying" and destination.steady >= AWAY


def _refuses(destination: Destination) -> Finding:
    status = destination.status
    return Finding(
        code="crm-refuses",
        concerns=status.name,
        cause=Words(
            f"{status.name} takes nothing from this box ({status.code}); events wait, and none is"
            " lost.",
            f"«{ltr(status.name)}» چیزی از دستگاه نمی‌پذیرد ({ltr(status.code)})؛ رویدادها"
            " می‌مانند و چیزی از دست نمی‌رود.",
        ),
        advice=_advice(status),
    )


def _unreachable(destination: Destination) -> Finding:
    status = destination.status
    answer = status.code or "no connection"
    cause = Words(
        f"Nothing reaches {status.name} ({answer}); events wait, none is lost.",
        f"چیزی به «{ltr(status.name)}» نمی‌رسد ({ltr(answer)})؛ رویدادها می‌مانند و چیزی از دست"
        " نمی‌رود.",
    )
    advice = _advice(status)
    if status.state == "delivering":
        cause = Words(
            f"Until a moment ago nothing reached {status.name}.",
            f"تا چند لحظه پیش چیزی به «{ltr(status.name)}» نمی‌رسید.",
        )
        advice = Words("Wait whether it lasts.", "صبر کنید تا معلوم شود که پایدار است.")
    return Finding(code="crm-unreachable", concerns=status.name, cause=cause, advice=advice)


def _not_yet(destination: Destination) -> Unsure:
    status = destination.status
    return Unsure(
        status.name,
        Words(
            f"nothing has reached it for a moment ({status.code}): {status.advice}",
            f"چند لحظه است که چیزی به آن نمی‌رسد ({ltr(status.code)}): {_advice(status).fa}",
        ),
    )


def _advice(status: DestinationStatus) -> Words:
    """In English the forwarder's own, which knows more of what came back."""
    wrong, todo = halves(status.advice)
    return Words(todo or wrong, persian_advice.of_crm(status.code))


def _parked(destination: Destination) -> Finding:
    name, parked = destination.status.name, destination.status.parked
    return Finding(
        code="crm-parked",
        concerns=name,
        severity="warning",
        cause=Words(
            f"{name} refused {parked} event{'' if parked == 1 else 's'} for good; the box keeps"
            f" {'it' if parked == 1 else 'them'} aside.",
            f"«{ltr(name)}» {persian(parked)} رویداد را برای همیشه رد کرده است؛ دستگاه آن‌ها را کنار"
            " گذاشته و نگه می‌دارد.",
        ),
        advice=Words(
            "Tell who runs the CRM: its log says why.",
            "به مسئول CRM خبر دهید: دلیل در گزارش CRM آمده است.",
        ),
    )


def _misses(name: str, lost: int) -> Finding:
    return Finding(
        code="crm-misses",
        concerns=name,
        severity="warning",
        cause=Words(
            f"{name} misses {lost} event{'' if lost == 1 else 's'} that this box no longer holds,"
            f" or that did not stay there although {'it was' if lost == 1 else 'they were'} sent"
            " again and again.",
            f"«{ltr(name)}» {persian(lost)} رویداد کم دارد که یا دیگر در دستگاه نیست، یا با وجود"
            " چند بار فرستادن در آنجا نمانده است.",
        ),
        advice=Words(
            "Tell who runs the CRM: its database may have been brought back from an old backup. An"
            " old backup of this box may hold them.",
            "به مسئول CRM خبر دهید: شاید پایگاه داده آن از پشتیبان قدیمی بازگردانده شده است. شاید"
            " پشتیبان قدیمی این دستگاه آن‌ها را داشته باشد.",
        ),
    )
