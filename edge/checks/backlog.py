"""Events wait too long for a CRM, for whatever reason.

A box that was off over the weekend starts with old events and delivers them within seconds. So it
is given some minutes before it is told that they wait; a CRM that is away then is told at once.
"""

from collections.abc import Iterator

from drivers.contract import Moment
from edge.checks.check import Finding, Raised, Seen, SeenDestination, Unsure, Words
from edge.journal.records import Stored
from edge.local.persian import ltr, persian

LONG = 6 * 3600.0
"""Seconds: a call of the morning that the CRM does not have in the afternoon."""
NO_LONGER = 3 * 3600.0
"""Seconds under which it is over, so that it does not come and go while a backlog drains."""
DELIVERING = 120.0
"""Seconds of delivery after which what still waits is no rest of the time before."""

_FRESH = Words(
    "events of some hours ago have begun to leave only now",
    "چند لحظه است که رویدادهای قدیمی تحویل داده می‌شوند",
)


def waited(event: Stored, now: Moment, boot: str) -> float:
    """At least so many seconds ago the event was stored; wall time counts only where it is known.

    `event` has its corrected time, where it is known; `boot` is this boot of the box.
    """
    if event.boot == boot:
        return now.monotonic - event.monotonic
    since_boot = now.monotonic
    if not now.trusted or event.timequality == "estimated":
        return since_boot
    return max(since_boot, (now.utc - event.time).total_seconds())


def look(seen: Seen, raised: Raised) -> Iterator[Finding | Unsure]:
    for destination in seen.destinations:
        name = destination.status.name
        told = ("backlog-old", name) in raised
        waits = destination.oldest_waits
        if waits is None or waits < (NO_LONGER if told else LONG):
            continue
        if not told and _delivers_since_a_moment(destination):
            yield Unsure(name, _FRESH)
            continue
        hours, count = int(waits // 3600), destination.status.backlog
        yield Finding(
            code="backlog-old",
            concerns=name,
            cause=Words(
                f"{count} events wait for {name}, the oldest for {hours} hours.",
                f"{persian(count)} رویداد در انتظار تحویل به «{ltr(name)}» است و قدیمی‌ترین آن‌ها"
                f" {persian(hours)} ساعت مانده است.",
            ),
            advice=Words(
                "Nothing is lost; see that the branch's internet line is up and the CRM runs, and"
                " leave the box switched on until the number falls.",
                "چیزی از دست نرفته است؛ اینترنت شعبه و کارکرد CRM را بررسی کنید و دستگاه را روشن"
                " بگذارید تا این عدد کم شود.",
            ),
        )


def _delivers_since_a_moment(destination: SeenDestination) -> bool:
    status = destination.status
    return status.state in ("starting", "delivering") and destination.steady < DELIVERING
