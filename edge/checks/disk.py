"""The disk fills up: one issue for the highest mark that is passed.

edge/journal/disk.py decides and stores the events: it looks every two seconds and must act where a
round of checks would come too late. Its marks come with their own hysteresis.
"""

from collections.abc import Iterator

from edge.checks.check import BOX, Finding, Raised, Seen, Words
from edge.checks.words import persian

LAST_MARK = 95


def look(seen: Seen, _raised: Raised) -> Iterator[Finding]:
    disk = seen.status.disk
    if disk is None or not disk.mark:
        return
    left_en, left_fa = "", ""
    if disk.days_left is not None:
        days = max(1, round(disk.days_left))
        left_en = f" and lasts for about {days} day{'' if days == 1 else 's'}"
        left_fa = f" و با این روند حدود {persian(days)} روز دیگر جا دارد"
    yield Finding(
        code=f"disk-{disk.mark}",
        concerns=BOX,
        severity="alarm" if disk.mark >= LAST_MARK else "warning",
        cause=Words(
            f"The disk of the box is {disk.percent} % full{left_en}.",
            f"حافظهٔ دستگاه {persian(disk.percent)} درصد پر است{left_fa}.",
        ),
        advice=Words(
            "Free space on it, and see that the CRM takes the events.",
            "روی آن جا باز کنید و ببینید که CRM رویدادها را می‌گیرد.",
        ),
    )
