"""What a driver itself complains of while it serves its device, such as the exchange's clock.

The driver told it as `device.alarm` when it met it, and tells its end; here it gets its Persian.
"""

from collections.abc import Iterator

from edge.checks.check import Finding, Raised, Seen, Words
from edge.checks.words import halves, ltr, sentence

_WARNINGS = {
    *("clock-skew", "unlisted-group", "memory-lost", "no-login"),
    *("modem-refuses", "modem-silent", "lines-swapped"),
}
_FA = {
    "clock-skew": (
        "ساعت سانترال با ساعت درست چند دقیقه یا بیشتر اختلاف دارد.",
        "تاریخ و ساعت سانترال را تنظیم کنید.",
    ),
    "unreadable": (
        "بایت می‌رسد اما هیچ خطی خوانده نمی‌شود.",
        "سرعت، بیت داده و توازن خط و مدل را در site.toml با سانترال مقایسه کنید.",
    ),
    "no-login": (
        "سانترال رمز نمی‌خواهد.",
        f"پشت مبدل سریال درست است؛ وگرنه نشانی و درگاه SMDR ({ltr(2300)}) را بررسی کنید.",
    ),
    "unlisted-group": (
        "یک داخلی مانند گروه زنگ رفتار می‌کند و در تنظیمات نیامده است.",
        f"شمارهٔ آن را به {ltr('hidden_extensions')} در site.toml بیفزایید.",
    ),
    "line-lost": (
        "یک خط تلفن جریان ندارد.",
        "کابل آن خط از پریز تا دستگاه و خود خط را بررسی کنید.",
    ),
    "lines-swapped": (
        "سیم‌های خط‌ها جابه‌جا به نظر می‌رسد.",
        "سیم‌ها را جابه‌جا کنید یا feeds را در site.toml درست کنید.",
    ),
    "unit-gone": (
        "واسط می‌گوید دستگاه جدا شده است.",
        "دستگاه را دوباره وصل کنید.",
    ),
    "modem-silent": (
        "مودم پاسخ نمی‌دهد.",
        "ببینید link به مودم برسد و سرعت و برق آن درست باشد.",
    ),
    "modem-refuses": (
        "مودم فرمان نمایش شماره را نمی‌پذیرد.",
        "مودم دیگر یا دستگاه کالرآیدی بگذارید.",
    ),
    "memory-lost": (
        "آنچه دستگاه از تماس‌های باز می‌دانست خوانده نشد.",
        "برخی تماس‌ها در CRM باز می‌مانند یا دو بار می‌آیند؛ به پشتیبانی خبر دهید.",
    ),
}
_FA_ELSE = ("دستگاه تلفنی هشدار داده است.", "متن انگلیسی هشدار را ببینید.")


def look(seen: Seen, _raised: Raised) -> Iterator[Finding]:
    for device in seen.devices:
        told: dict[str, list[str]] = {}
        for alarm in device.status.alarms:
            told.setdefault(alarm.code, []).append(alarm.advice)
        for code, advices in told.items():
            cause, advice = _FA.get(code, _FA_ELSE)
            parts = [halves(each) for each in advices]
            yield Finding(
                code=code,
                concerns=device.status.key,
                severity="warning" if code in _WARNINGS else "alarm",
                cause=Words(" ".join(sentence(wrong) for wrong, _ in parts), cause),
                advice=Words(parts[0][1] or "Tell support.", advice),
            )
