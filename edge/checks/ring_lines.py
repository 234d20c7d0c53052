"""An exchange that does not say when a call rings: nothing pops up at the CRM before the answer.

Its setting for that is off (which one, its driver tells in `asks`). A single call that is seen
ringing tells that it is on.
"""

from collections.abc import Iterator

from edge.checks.check import Finding, Raised, Seen, Words
from edge.local.persian import ltr

ENOUGH = 20
"""Incoming calls that ended one after another, not one of which was seen ringing."""
CODE = "no-ring-lines"


def look(seen: Seen, raised: Raised) -> Iterator[Finding]:
    for device in seen.devices:
        status = device.status
        # The counters begin at zero with the process, an issue may be older.
        still = (CODE, status.key) in raised and not status.rung
        if status.unrung < ENOUGH and not still:
            continue
        yield Finding(
            code=CODE,
            concerns=status.key,
            severity="warning",
            cause=Words(
                f"{status.key} reports calls when they are over, but never that one rings: nobody's"
                " screen can show the caller before the answer.",
                f"«{ltr(status.key)}» تماس‌ها را فقط پس از پایان گزارش می‌کند و زنگ خوردن را نه: نام"
                " تماس‌گیرنده پیش از پاسخ روی نمایشگر CRM نمی‌آید.",
            ),
            advice=Words(
                "Switch on in the exchange that it prints a call that rings; `payvand doctor` names"
                " the setting.",
                "در سانترال چاپ تماسِ در حال زنگ را روشن کنید؛ نام تنظیم در فهرست"
                f" {ltr('payvand doctor')} آمده است.",
            ),
        )
