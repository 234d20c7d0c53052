"""The disk fills up: one issue for the highest mark that is passed, one for a disk too small.

edge/journal/disk.py decides and stores the events: it looks every two seconds and must act where a
round of checks would come too late. Its marks come with their own hysteresis.
"""

from collections.abc import Iterator

from edge.checks.check import BOX, Finding, Raised, Seen, Words
from edge.local.persian import persian
from edge.local.status import DiskStatus

LAST_MARK = 95


def look(seen: Seen, _raised: Raised) -> Iterator[Finding]:
    if (disk := seen.status.disk) is None:
        return
    if disk.mark:
        yield _filled(disk)
    if disk.small:
        yield _SMALL


_SMALL = Finding(
    code="disk-small",
    concerns=BOX,
    severity="warning",
    cause=Words(
        "The disk of the box is too small: when it is full, the box may have to wait.",
        "حافظه دستگاه بسیار کوچک است: اگر پر شود دستگاه باید منتظر بماند.",
    ),
    advice=Words(
        "Put the data directory on a larger disk.",
        "پوشه داده را روی حافظه بزرگ‌تری بگذارید.",
    ),
)


def _filled(disk: DiskStatus) -> Finding:
    left_en, left_fa = "", ""
    if disk.days_left is not None:
        days = max(1, round(disk.days_left))
        left_en = f" and lasts for about {days} day{'' if days == 1 else 's'}"
        left_fa = f" و با این روند حدود {persian(days)} روز دیگر جا دارد"
    return Finding(
        code=f"disk-{disk.mark}",
        concerns=BOX,
        severity="alarm" if disk.mark >= LAST_MARK else "warning",
        cause=Words(
            f"The disk of the box is {disk.percent} % full{left_en}.",
            f"حافظه دستگاه {persian(disk.percent)} درصد پر است{left_fa}.",
        ),
        advice=Words(
            "Free space on it, and see that the CRM takes the events.",
            "روی آن جا باز کنید و ببینید که CRM رویدادها را می‌گیرد.",
        ),
    )
