"""Nobody has vouched for the box's clock for long. Trust ends the issue at once."""

from collections.abc import Iterator

from edge.checks.check import BOX, Finding, Raised, Seen, Unsure, Words

LONG = 3600.0
"""Seconds: a time server that is reachable answers within minutes of the start."""

_NOT_YET = Unsure(
    BOX,
    Words(
        "nobody has told it the time yet",
        "هنوز هیچ منبعی ساعت را تأیید نکرده است",
    ),
)


def look(seen: Seen, _raised: Raised) -> Iterator[Finding | Unsure]:
    clock = seen.status.clock
    if clock is None or clock.source is not None:
        return
    if (clock.now - clock.since).total_seconds() < LONG:
        yield _NOT_YET
        return
    yield Finding(
        code="clock-untrusted",
        concerns=BOX,
        cause=Words(
            "For more than an hour nobody has told the box what time it is; the times of calls are"
            " estimated.",
            "بیش از یک ساعت است که هیچ منبعی ساعت دستگاه را تأیید نکرده؛ زمان تماس‌ها تخمینی است.",
        ),
        advice=Words(
            "Let the box reach a time server (NTP, UDP port 123) or its CRM; the times are"
            " corrected by themselves then.",
            "راه دستگاه را به یک سرور زمان (NTP) یا به CRM باز کنید؛ پس از آن زمان‌ها خودبه‌خود"
            " درست می‌شوند.",
        ),
    )
