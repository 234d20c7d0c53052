"""What to do about a device or a CRM, in Persian, by the code that the English advice comes with.

The English sentence is made where the trouble is met and knows its names and numbers; the Persian
one says what to do. "Settings" there are those of the page as well as site.toml.
"""

import re

from drivers.telephony import HIDDEN
from edge.local.issue import Words
from edge.local.status import DestinationStatus, DeviceStatus

_DEVICE = {
    "port-missing": "درگاه پیدا نشد: مبدل و کابل را وصل کنید یا درگاه را در تنظیم‌ها درست کنید.",
    "port-ambiguous": "چند مبدل یکسان وصل است: جای USB (path) را در تنظیم‌ها بنویسید.",
    "port-busy": "برنامهٔ دیگری درگاه را گرفته است: آن برنامه را ببندید.",
    "port-denied": "دستگاه اجازهٔ باز کردن درگاه را ندارد: کاربر را به گروه dialout بیفزایید.",
    "port-wrong": "این پرونده درگاه سریال نیست: درگاه را در تنظیم‌ها درست کنید.",
    "port-dead": "پشت این درگاه سخت‌افزاری نیست: درگاه را در تنظیم‌ها درست کنید.",
    "port-format": "مبدل این سرعت یا قالب را ندارد: سرعت و قالب را درست کنید یا مبدل را عوض کنید.",
    "port-stuck": "درگاه باز نمی‌شود: مبدل را بکشید و دوباره بزنید.",
    "port-failed": "درگاه باز نمی‌شود: مبدل را بکشید و دوباره بزنید.",
    "link-lost": "ارتباط قطع شد: کابل، مبدل و برق سانترال را بررسی کنید.",
    "link-stuck": "درگاه چیزی نمی‌پذیرد: کابل و خط‌های کنترل را بررسی کنید.",
    "host-silent": "سانترال روی شبکه پاسخ نمی‌دهد: نشانی، کابل شبکه و برق آن را بررسی کنید.",
    "host-refuses": "سانترال اتصال را رد می‌کند: درگاه و روشن بودن خروجی SMDR را بررسی کنید.",
    "host-unreachable": "راهی به سانترال نیست: نشانی و شبکه را بررسی کنید.",
    "host-unknown": "نام سانترال پیدا نشد: نشانی را در تنظیم‌ها درست کنید.",
    "host-failed": "اتصال شبکه برقرار نشد: نشانی و شبکه را بررسی کنید.",
    "wrong-password": "رمز SMDR نادرست است: رمز سانترال را در تنظیم‌ها بنویسید.",
    "rejected": "برنامهٔ دیگری به SMDR وصل است: آن را ببندید؛ سانترال فقط به یکی پاسخ می‌دهد.",
    "taken-over": "برنامهٔ دیگری پی‌درپی ارتباط را می‌گیرد: آن را ببندید؛ سانترال فقط به یکی پاسخ"
    " می‌دهد.",
    "unit-missing": "دستگاه USB پیدا نشد: کابل آن را وصل کنید یا نشانی آن را در تنظیم‌ها درست کنید.",
    "unit-ambiguous": "چند دستگاه یکسان وصل است: جای USB (path) را در تنظیم‌ها بنویسید.",
    "unit-busy": "برنامهٔ دیگری دستگاه را گرفته است: آن برنامه را ببندید.",
    "unit-denied": "اجازهٔ باز کردن دستگاه نیست: خط udev را که در متن انگلیسی آمده بنویسید.",
    "unit-wrong": "این دستگاه HID نیست: نشانی آن را در تنظیم‌ها درست کنید.",
    "unit-failed": "دستگاه باز نمی‌شود: آن را بکشید و دوباره بزنید.",
    "unit-stuck": "دستگاه باز نمی‌شود: آن را بکشید و دوباره بزنید.",
    "usb-library": "کتابخانهٔ libusb نصب نیست: بستهٔ libusb-1.0-0 را نصب کنید.",
    "profile-wrong": "پروفایل دستگاه خوانده نمی‌شود: پرونده یا profile را در تنظیم‌ها درست کنید.",
    "driver-fault": "خطای خود برنامه: دوباره آغاز می‌شود؛ اگر ادامه یافت به پشتیبانی خبر دهید.",
    "clock-skew": "تاریخ و ساعت سانترال را تنظیم کنید.",
    "unreadable": "سرعت، بیت داده و توازن خط و مدل را در تنظیم‌ها با سانترال مقایسه کنید.",
    "no-login": "پشت مبدل سریال درست است؛ وگرنه نشانی و درگاه SMDR (2300) را بررسی کنید.",
    "unlisted-group": f"شماره آن را در تنظیم‌های دستگاه به «{HIDDEN['fa']}» بیفزایید.",
    "line-lost": "کابل آن خط از پریز تا دستگاه و خود خط را بررسی کنید.",
    "lines-swapped": "سیم‌ها را جابه‌جا کنید یا feeds را در تنظیم‌ها درست کنید.",
    "unit-gone": "دستگاه را دوباره وصل کنید.",
    "modem-silent": "ببینید درگاه به مودم برسد و سرعت و برق آن درست باشد.",
    "modem-refuses": "مودم دیگر یا دستگاه کالرآیدی بگذارید.",
    "memory-lost": "برخی تماس‌ها در CRM باز می‌مانند یا دو بار می‌آیند؛ به پشتیبانی خبر دهید.",
}
_DEVICE_ELSE = "کابل، برق سانترال و درگاه را در تنظیم‌ها بررسی کنید."

_CRM = {
    "no connection": "اینترنت دستگاه و سپس روشن بودن CRM را بررسی کنید.",
    "name not found": "اینترنت دستگاه و سپس نشانی CRM را در تنظیم‌ها بررسی کنید.",
    "no answer in time": "سرعت و پایداری اینترنت دستگاه را بررسی کنید.",
    "connection broken": "اگر ادامه یافت، خط اینترنت شعبه را بررسی کنید.",
    "certificate not (valid|in force)": "نخست ساعت دستگاه و سپس گواهی TLS خود CRM را بررسی کنید.",
    "certificate of another name": "گواهی CRM به نام دیگری است: نشانی را در تنظیم‌ها یا گواهی را"
    " درست کنید.",
    "certificate of an unknown authority": "اگر گواهی از خود شرکت است، پروندهٔ آن را در «راه رسیدن"
    " به CRM» بنویسید؛ وگرنه شاید کسی میان راه است.",
    "certificate is not the pinned one": "اگر گواهی CRM تازه شده است، اثر انگشت تازه را در"
    " تنظیم‌ها بنویسید؛ وگرنه شاید کسی میان راه است.",
    "no authority": "پروندهٔ گواهی (ca_file) خواندنی نیست: آن را در تنظیم‌ها درست کنید.",
    "no (proper )?TLS|no proper HTTP|no MQTT": "نشانی و درگاه CRM را در تنظیم‌ها بررسی کنید.",
    "no proxy": "پروکسی در دسترس نیست: نشانی آن و روشن بودنش را بررسی کنید.",
    "proxy HTTP 407": "پروکسی نام کاربری و رمز می‌خواهد: آن‌ها را در تنظیم‌ها بنویسید.",
    r"proxy HTTP \d+": "پروکسی راه را باز نمی‌کند: از مسئول آن بخواهید نشانی CRM را باز کند.",
    "captive portal|HTTP 511|.* with a web page": "شاید شبکه صفحهٔ ورود نشان می‌دهد: وارد شوید، یا"
    " نشانی CRM را بررسی کنید.",
    "HTTP (401|403)": "توکن نادرست است یا باطل شده: از CRM توکن تازه بگیرید و در تنظیم‌ها بنویسید.",
    r"login: HTTP \d+|.*bad user name or password": "نام کاربری و رمز را در تنظیم‌ها درست کنید.",
    "HTTP (404|405|407|410|421|426)": "نشانی CRM را در تنظیم‌ها بررسی کنید و ببینید که بخش پیوند در"
    " CRM نصب است.",
    "HTTP (408|425|429)|.*(server busy|rate too high|quota exceeded)": "خواسته شده است آهسته‌تر"
    " بفرستیم؛ رویدادها می‌مانند و دوباره فرستاده می‌شوند.",
    r"HTTP 3\d\d": "نشانی به جای دیگری می‌رود: اگر شبکه ورود می‌خواهد وارد شوید، یا نشانی تازهٔ CRM"
    " را بنویسید.",
    r"HTTP 5\d\d": "خود CRM خطا دارد؛ اگر ادامه یافت به مسئول CRM خبر دهید.",
    "pending": "CRM این دستگاه را هنوز نپذیرفته است: شناسهٔ دستگاه را به مسئول CRM بدهید.",
    "bad-claim|not-enrolled": "کد واگذاری پذیرفته نیست: از مسئول CRM کد تازه بگیرید و در تنظیم‌ها"
    " بنویسید.",
    "revoked|refused": "مسئول CRM این دستگاه را کنار گذاشته است: با شناسهٔ دستگاه از او بپرسید.",
    "two-boxes": "دستگاه دیگری با کلید این دستگاه کار می‌کند: یکی از آن دو را کنار بگذارید.",
    "clock-skew": "ساعت دستگاه درست نیست: آن را تنظیم کنید یا راه سرور زمان را باز کنید.",
    ".*not authorized": "کارگزار پیام اجازهٔ انتشار نمی‌دهد: اجازه یا نام و رمز را درست کنید.",
    ".*no subscriber": "برنامه‌ای که رویدادها را از کارگزار پیام می‌گیرد روشن نیست: آن را آغاز کنید.",
}
_CRM_ELSE = "اگر ادامه یافت، به مسئول CRM خبر دهید."


def of_device(code: str) -> str:
    """What to do about a device's state or alarm of that code."""
    return _DEVICE.get(code, _DEVICE_ELSE)


def of_crm(code: str) -> str:
    """What to do after that answer of a destination."""
    found = (advice for pattern, advice in _CRM.items() if re.fullmatch(pattern, code))
    return next(found, _CRM_ELSE)


def advice(status: DeviceStatus | DestinationStatus) -> Words:
    """What is wrong with it and what to do; the Persian text says what to do."""
    if isinstance(status, DeviceStatus):
        return Words(status.advice, of_device(status.code))
    return Words(status.advice, of_crm(status.code))
