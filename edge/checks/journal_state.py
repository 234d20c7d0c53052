"""The journal cannot be written now, or was found damaged when the box started.

The writer logs the one itself; the event of the other is stored with it (edge/box_alarm.py).
"""

from collections.abc import Iterator

from edge.checks.check import BOX, Finding, Raised, Seen, Words
from edge.local.persian import ltr, persian


def look(seen: Seen, _raised: Raised) -> Iterator[Finding]:
    if seen.waits is not None:
        wrong, _, _ = seen.waits.partition(": ")
        yield Finding(
            code="journal-waits",
            concerns=BOX,
            cause=Words(
                f"New calls cannot be stored: {wrong}.",
                "تماس‌های تازه ذخیره نمی‌شوند: حافظه پر است یا برنامه دیگری دفتر رویدادها را گرفته"
                " است.",
            ),
            advice=Words(
                "Free space on the disk, or end the program that is named; storing goes on by"
                " itself, and none is lost.",
                "روی حافظه جا باز کنید یا آن برنامه را ببندید؛ ذخیره خودبه‌خود ادامه می‌یابد و چیزی"
                " از دست نمی‌رود.",
            ),
        )
    if (recovery := seen.recovered) is not None:
        yield Finding(
            code="journal-recovered",
            concerns=BOX,
            cause=Words(
                f"At the last start the journal was damaged: {recovery.events} events were"
                f" recovered, at least {recovery.lost} are lost.",
                "هنگام روشن شدن، دفتر رویدادها آسیب دیده بود:"
                f" {persian(recovery.events)} رویداد بازیابی شد و دست‌کم {persian(recovery.lost)}"
                " رویداد از دست رفت.",
            ),
            advice=Words(
                f"Replace the disk or card; the damaged file is kept as {recovery.quarantined}.",
                "حافظه یا کارت را عوض کنید؛ فایل آسیب‌دیده با این نام مانده است:"
                f" {ltr(recovery.quarantined)}",
            ),
        )
