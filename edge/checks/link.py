"""A device that is not served: its port or host is missing, busy, or does not let us in.

The supervisor met it and stored `device.offline`; the issue has that event's code.
"""

from collections.abc import Iterator

from edge.checks.check import Finding, Raised, Seen, Words
from edge.checks.words import halves, ltr

_FA = {
    "port-missing": "درگاه پیدا نشد: مبدل و کابل را وصل کنید یا link را در site.toml درست کنید.",
    "port-ambiguous": "چند مبدل یکسان وصل است: path را در site.toml بنویسید.",
    "port-busy": "برنامهٔ دیگری درگاه را گرفته است: آن برنامه را ببندید.",
    "port-denied": "دستگاه اجازهٔ باز کردن درگاه را ندارد: کاربر را به گروه dialout بیفزایید.",
    "port-wrong": "این پرونده درگاه سریال نیست: link را در site.toml درست کنید.",
    "port-dead": "پشت این درگاه سخت‌افزاری نیست: link را در site.toml درست کنید.",
    "port-format": "مبدل این سرعت یا قالب را ندارد: baud و format را درست کنید یا مبدل را عوض"
    " کنید.",
    "port-stuck": "درگاه باز نمی‌شود: مبدل را بکشید و دوباره بزنید.",
    "port-failed": "درگاه باز نمی‌شود: مبدل را بکشید و دوباره بزنید.",
    "link-lost": "ارتباط قطع شد: کابل، مبدل و برق سانترال را بررسی کنید.",
    "host-silent": "سانترال روی شبکه پاسخ نمی‌دهد: نشانی، کابل شبکه و برق آن را بررسی کنید.",
    "host-refuses": "سانترال اتصال را رد می‌کند: درگاه و روشن بودن خروجی SMDR را بررسی کنید.",
    "host-unreachable": "راهی به سانترال نیست: نشانی و شبکه را بررسی کنید.",
    "host-unknown": "نام سانترال پیدا نشد: نشانی را در site.toml درست کنید.",
    "host-failed": "اتصال شبکه برقرار نشد: نشانی و شبکه را بررسی کنید.",
    "wrong-password": "رمز SMDR نادرست است: رمز سانترال را در site.toml بنویسید.",
    "rejected": "برنامهٔ دیگری به SMDR وصل است: آن را ببندید؛ سانترال فقط به یکی پاسخ می‌دهد.",
    "taken-over": "برنامهٔ دیگری پی‌درپی ارتباط را می‌گیرد: آن را ببندید؛ سانترال فقط به یکی پاسخ"
    " می‌دهد.",
    "unit-missing": "دستگاه USB پیدا نشد: کابل آن را وصل کنید یا link را در site.toml درست کنید.",
    "unit-ambiguous": "چند دستگاه یکسان وصل است: path را در site.toml بنویسید.",
    "unit-busy": "برنامهٔ دیگری دستگاه را گرفته است: آن برنامه را ببندید.",
    "unit-denied": "اجازهٔ باز کردن دستگاه نیست: خط udev را که در متن انگلیسی آمده بنویسید.",
    "unit-wrong": "این دستگاه HID نیست: link را در site.toml درست کنید.",
    "unit-failed": "دستگاه باز نمی‌شود: آن را بکشید و دوباره بزنید.",
    "unit-stuck": "دستگاه باز نمی‌شود: آن را بکشید و دوباره بزنید.",
    "usb-library": "کتابخانهٔ libusb نصب نیست: بستهٔ libusb-1.0-0 را نصب کنید.",
    "profile-wrong": "پروفایل دستگاه خوانده نمی‌شود: پرونده یا profile را در site.toml درست کنید.",
    "driver-fault": "خطای خود برنامه: دوباره آغاز می‌شود؛ اگر ادامه یافت به پشتیبانی خبر دهید.",
}
_FA_ELSE = "کابل، برق سانترال و link را در site.toml بررسی کنید."


def advice_fa(code: str) -> str:
    """What to do about a link's error, in Persian."""
    return _FA.get(code, _FA_ELSE)


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
            advice=Words(todo or "Tell support.", advice_fa(status.code)),
        )
