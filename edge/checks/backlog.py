"""Events wait too long for a CRM, for whatever reason."""

from collections.abc import Iterator

from drivers.contract import Moment
from edge.checks.check import Finding, Raised, Seen, Words
from edge.checks.words import ltr, persian
from edge.journal.records import Stored

LONG = 6 * 3600.0
"""Seconds: a call of the morning that the CRM does not have in the afternoon."""
NO_LONGER = 3 * 3600.0
"""Seconds under which it is over, so that it does not come and go while a backlog drains."""


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


def look(seen: Seen, raised: Raised) -> Iterator[Finding]:
    for destination in seen.destinations:
        name = destination.status.name
        limit = NO_LONGER if ("backlog-old", name) in raised else LONG
        waits = destination.oldest_waits
        if waits is None or waits < limit:
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
