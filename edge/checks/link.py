"""A device that is not served: its port or host is missing, busy, or does not let us in.

The supervisor met it and stored `device.offline`; the issue has that event's code.
"""

from collections.abc import Iterator

from edge.checks.check import Finding, Raised, Seen, Words
from edge.checks.words import halves
from edge.local import persian_advice
from edge.local.persian import ltr


def look(seen: Seen, _raised: Raised) -> Iterator[Finding]:
    for device in seen.devices:
        status = device.status
        if status.state != "offline":
            continue
        wrong, todo = halves(status.advice)
        yield Finding(
            code=status.code,
            concerns=status.key,
            cause=Words(
                f"{status.key} is not read: {wrong.rstrip('.')}.",
                f"تماس‌های «{ltr(status.key)}» خوانده نمی‌شود: {ltr(status.link)} در دسترس نیست.",
            ),
            advice=Words(todo or "Tell support.", persian_advice.of_device(status.code)),
        )
