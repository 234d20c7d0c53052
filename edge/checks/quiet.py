"""A device that is connected, but has been silent for longer than its habit explains.

What its habit is, and when a silence is no chance, says edge/checks/habit.py; a call ends it.
"""

from collections.abc import Iterable, Iterator

from msgspec import structs

from edge.checks.check import UP, Finding, Raised, Seen, Unsure, Words
from edge.checks.words import span
from edge.local.issue import Issue
from edge.local.persian import ltr, persian
from edge.local.status import DeviceStatus

CODE = "device-quiet"


def look(seen: Seen, _raised: Raised) -> Iterator[Finding | Unsure]:
    for device in seen.devices:
        key, silence = device.status.key, device.silence
        if device.status.state not in UP:
            yield Unsure(key, Words("it is not connected", "وصل نیست"))
            continue
        if silence is None:
            continue
        if silence.since is None:
            cause = Words(
                f"{key} is connected, but not one call has come from it.",
                f"«{ltr(key)}» وصل است اما هیچ تماسی از آن نرسیده است.",
            )
        else:
            lasts = span((seen.now.utc - silence.since).total_seconds())
            usual = _usual(silence.expected)
            cause = Words(
                f"{key} is connected, but has had no call for {lasts.en}{usual.en}.",
                f"«{ltr(key)}» وصل است اما {lasts.fa} است که تماسی از آن نرسیده{usual.fa}.",
            )
        yield Finding(
            code=CODE,
            concerns=key,
            cause=cause,
            advice=Words(
                "Make a test call; if it is not shown, check the cable, and that the exchange's"
                " call log (SMDR) is switched on.",
                "یک تماس آزمایشی بگیرید؛ اگر دیده نشد، کابل و روشن بودن گزارش تماس (SMDR) سانترال"
                " را بررسی کنید.",
            ),
        )


def shown(device: DeviceStatus, issues: Iterable[Issue]) -> DeviceStatus:
    """The device as `quiet` where it is connected and the issue of it is raised."""
    for issue in issues:
        if (issue.code, issue.concerns, device.state) == (CODE, device.key, "online"):
            return structs.replace(
                device, state="quiet", code=CODE, advice=issue.advice.en, since=issue.since
            )
    return device


def _usual(expected: float | None) -> Words:
    if expected is None:
        return Words("", "")
    calls = max(1, round(expected))
    return Words(
        f", where about {calls} are usual",
        f"، در حالی که معمولاً حدود {persian(calls)} تماس می‌رسد",
    )
