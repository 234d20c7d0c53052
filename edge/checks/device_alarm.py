"""What a driver itself complains of while it serves its device, such as the exchange's clock.

The driver told it as `device.alarm` when it met it, and tells its end; here it gets its Persian.
"""

import re
from collections.abc import Iterable, Iterator

from edge.checks.check import Finding, Raised, Seen, Words
from edge.checks.words import halves, sentence
from edge.local import persian_advice
from edge.local.persian import ltr

_WARNINGS = {
    *("clock-skew", "unlisted-group", "memory-lost", "no-login"),
    *("modem-refuses", "modem-silent", "lines-swapped"),
}
_FA = {
    "clock-skew": "ساعت سانترال با ساعت درست چند دقیقه یا بیشتر اختلاف دارد.",
    "unreadable": "داده می‌رسد اما هیچ سطری خوانده نمی‌شود.",
    "no-login": "سانترال رمز عبور نمی‌خواهد.",
    "line-lost": "یک خط تلفن قطع است.",
    "lines-swapped": "سیم‌های خط‌ها جابه‌جا به نظر می‌رسد.",
    "unit-gone": "دستگاه جدا شده است.",
    "modem-silent": "مودم پاسخ نمی‌دهد.",
    "modem-refuses": "مودم فرمان نمایش شماره را نمی‌پذیرد.",
    "memory-lost": "یادداشت تماس‌های در جریان خوانده نشد.",
}
_EXTENSION = re.compile(r"Extension (\S+) ")
_FA_ELSE = "دستگاه تلفنی هشدار داده است."


def look(seen: Seen, _raised: Raised) -> Iterator[Finding]:
    for device in seen.devices:
        told: dict[str, list[str]] = {}
        for alarm in device.status.alarms:
            told.setdefault(alarm.code, []).append(alarm.advice)
        for code, advices in told.items():
            parts = [halves(each) for each in advices]
            yield Finding(
                code=code,
                concerns=device.status.key,
                severity="warning" if code in _WARNINGS else "alarm",
                cause=Words(
                    " ".join(sentence(wrong) for wrong, _ in parts),
                    _groups(advices) if code == "unlisted-group" else _FA.get(code, _FA_ELSE),
                ),
                advice=Words(parts[0][1] or "Tell support.", persian_advice.of_device(code)),
            )


def _groups(advices: Iterable[str]) -> str:
    """Which extensions are none, as the driver names them."""
    found = [each[1] for advice in advices if (each := _EXTENSION.match(advice))]
    if not found:
        return "یک داخلی مانند گروه زنگ رفتار می‌کند و در تنظیمات نیامده است."
    named = " و ".join(map(ltr, found))
    called = "داخلی" if len(found) == 1 else "داخلی‌های"
    return f"{called} {named} مانند گروه زنگ رفتار می‌کند و در تنظیمات نیامده است."
