"""What to set in the exchange itself, so that its call log tells everything and nothing else.

    family  where it is set                    what rings live            what else must be on
    ta      numbered programs: [802], [907]    caller ID before answer    caller ID in the log
    tda     options of the SMDR menu           Received call (RC)         Answered call (AN)

The names are those of the exchange's own manuals, since the technician looks for them there.
Sources: feature guides of KX-TES824, -TEM824, -TDA100 and -TDA200, programming manual of KX-TA824,
feature manuals of KX-NS700 and -NS1000. No manual of a KX-NSX was found, and of a KX-TDE none that
tells it: their items are taken over from these, and `certainty` says so. The menu path is known for
the log's format only; where the other options stand is to be looked for near it.
"""

from dataclasses import dataclass, replace
from typing import Literal

from msgspec import Struct

from drivers.panasonic.models import MODELS, TA

Certainty = Literal["manual", "relative"]
"""Where an item's name and place are from: this series' own manual, or that of a related model."""

LIVE_RING = "live-ring"
"""The setting without which a call shows only when it is answered, or when it is over."""


class Text(Struct, frozen=True):
    """The same in English and Persian."""

    en: str
    fa: str


@dataclass(frozen=True, slots=True)
class ExchangeSetting:
    """One thing to set.

    name: for programs, the same in all models. where: program number or option, as printed in the
    manual. value: what to set it to. why: what goes wrong otherwise.
    """

    name: str
    where: str
    value: Text
    why: Text
    certainty: Certainty = "manual"

    @property
    def text(self) -> Text:
        """All of it in one line, for a list on a screen."""
        en = f"{self.where}: {self.value.en}. {self.why.en}"
        fa = f"\u2066{self.where}\u2069: {self.value.fa}. {self.why.fa}"
        if self.certainty == "relative":
            en += " (The name is that of a related model; here it may differ.)"
            fa += " (این نام از مدلی هم‌خانواده است و شاید اینجا کمی فرق کند.)"
        return Text(en, fa)


def exchange_settings(model: str) -> tuple[ExchangeSetting, ...]:
    """What to set in a model, the most important first. Raises KeyError for an unknown one."""
    if MODELS[model].family is TA:
        taken_over = _UNSURE_TA824 if model == "KX-TA824" else frozenset()
        return tuple(_relative(each) if each.name in taken_over else each for each in _TA)
    if model.startswith(_WITHOUT_MANUAL):
        return tuple(_relative(each) for each in _TDA)
    return _TDA


def _relative(setting: ExchangeSetting) -> ExchangeSetting:
    return replace(setting, certainty="relative")


_WITHOUT_MANUAL = ("KX-TDE", "KX-NSX")
_UNSURE_TA824 = frozenset({LIVE_RING, "caller-id"})
"""Its manual knows these options, their numbers are from KX-TES824 and -TEM824."""

_ON, _OFF = Text("on", "روشن"), Text("off", "خاموش")

_TA = (
    ExchangeSetting(
        "calls",
        "[802]",
        Text(
            "print all incoming and all outgoing calls",
            "چاپ همه تماس‌های ورودی و همه تماس‌های خروجی",
        ),
        Text(
            "Calls that are not printed are missing in the CRM; printing toll calls only is not"
            " enough.",
            "تماسی که چاپ نشود در CRM نیست؛ چاپ تنها تماس‌های راه دور کافی نیست.",
        ),
    ),
    ExchangeSetting(
        LIVE_RING,
        "[907]",
        Text("print the caller ID before the answer", "چاپ شماره تماس‌گیرنده پیش از پاسخ"),
        Text(
            "Without it no call is shown while it rings, and missed calls are never seen.",
            "بدون آن هیچ تماسی هنگام زنگ دیده نمی‌شود و تماس‌های بی‌پاسخ هرگز ثبت نمی‌شوند.",
        ),
    ),
    ExchangeSetting(
        "caller-id",
        "[906]",
        Text("With CID", "همراه شماره تماس‌گیرنده (With CID)"),
        Text(
            "Without it, or without a caller ID card in the exchange, incoming calls have no"
            " number.",
            "بدون آن، یا بدون کارت کالرآیدی در سانترال، تماس ورودی شماره ندارد.",
        ),
    ),
    ExchangeSetting(
        "charge",
        "[922]",
        Text("without charge", "بدون هزینه تماس"),
        Text(
            "The charge moves the columns, and the lines cannot be read then.",
            "هزینه تماس ستون‌ها را جابه‌جا می‌کند و سطرها خوانده نمی‌شوند.",
        ),
    ),
    ExchangeSetting(
        "page",
        "[801]",
        Text("page length 99, skip perforation 0", "طول صفحه ۹۹ و پرش (skip perforation) صفر"),
        Text(
            "A short page prints its heading again and again; it is skipped, but takes time on the"
            " line.",
            "در صفحه کوتاه سرصفحه پشت سر هم چاپ می‌شود؛ خوانده نمی‌شود ولی خط را پر می‌کند.",
        ),
    ),
)

_TDA = (
    ExchangeSetting(
        LIVE_RING,
        "SMDR options, Received call (RC)",
        _ON,
        Text(
            "Without it no call is shown while it rings, but only once it is answered or over.",
            "بدون آن تماس هنگام زنگ دیده نمی‌شود؛ تنها پس از پاسخ یا پایان دیده می‌شود.",
        ),
    ),
    ExchangeSetting(
        "incoming",
        "SMDR options, Incoming call",
        _ON,
        Text(
            "Incoming calls that are not printed are missing in the CRM.",
            "تماس ورودی که چاپ نشود در CRM نیست.",
        ),
    ),
    ExchangeSetting(
        "outgoing",
        "SMDR options, Outgoing call",
        Text("on, for all calls", "روشن، برای همه تماس‌ها"),
        Text(
            "Outgoing calls that are not printed are missing in the CRM; printing toll calls only"
            " is not enough.",
            "تماس خروجی که چاپ نشود در CRM نیست؛ چاپ تنها تماس‌های راه دور کافی نیست.",
        ),
    ),
    ExchangeSetting(
        "answered",
        "SMDR options, Answered call (AN)",
        _ON,
        Text(
            "Without it an answer is told at the end of a call only, except in ring groups.",
            "بدون آن پاسخ دادن، جز در گروه‌های زنگ، تنها در پایان تماس گزارش می‌شود.",
        ),
    ),
    ExchangeSetting(
        "format",
        "[11-1] Main - SMDR Format",
        Text(
            "Pattern A, 80 columns; with trunk numbers of 100 and more Pattern C, 120 columns",
            "الگوی A با ۸۰ ستون؛ اگر شماره خط شهری به ۱۰۰ می‌رسد الگوی C با ۱۲۰ ستون",
        ),
        Text(
            "Pattern B has no ring time, and A and B print each trunk from 100 on as 00.",
            "الگوی B زمان زنگ ندارد، و A و B هر خط شهری از ۱۰۰ به بالا را 00 چاپ می‌کنند.",
        ),
    ),
    ExchangeSetting(
        "caller-id",
        "SMDR options, Caller ID",
        Text("number, not name", "شماره، نه نام"),
        Text(
            "A name is printed without a space before the number, and may cut the number short.",
            "نام بی‌فاصله به شماره می‌چسبد و ممکن است شماره ناقص چاپ شود.",
        ),
    ),
    ExchangeSetting(
        "did",
        "SMDR options, DDI/DID",
        Text("none, or number", "هیچ، یا شماره"),
        Text(
            "A name there takes the room of the caller's number.",
            "نام در این ستون جای شماره تماس‌گیرنده را می‌گیرد.",
        ),
    ),
    ExchangeSetting(
        "ars",
        "SMDR options, ARS dial",
        Text("user dialled", "شماره گرفته‌شده به دست کاربر (user dialled)"),
        Text(
            "The modified number carries the carrier's code, and is not the number of a customer.",
            "شماره تغییریافته کد مسیر را هم دارد و شماره مشتری نیست.",
        ),
    ),
    ExchangeSetting(
        "secret",
        "SMDR options, Secret dial and Privacy",
        _OFF,
        Text(
            "They print dots or X in place of digits; what is not printed nobody can know.",
            "به جای رقم‌ها نقطه یا X چاپ می‌شود و شماره دیگر معلوم نیست.",
        ),
    ),
    ExchangeSetting(
        "time",
        "SMDR options, Time format",
        Text("24 hours", "۲۴ ساعته"),
        Text(
            "Twelve hours are read as well, but a lost AM or PM is half a day.",
            "۱۲ ساعته هم خوانده می‌شود، ولی AM یا PM ناقص نیم روز اختلاف است.",
        ),
    ),
    ExchangeSetting(
        "intercom",
        "SMDR options, Intercom call",
        Text(
            "on, if internal calls are wanted in the CRM",
            "روشن، اگر تماس‌های داخلی هم در CRM لازم است",
        ),
        Text(
            "Internal calls are known only where they are printed.",
            "تماس داخلی تنها وقتی چاپ شود شناخته می‌شود.",
        ),
    ),
    ExchangeSetting(
        "service",
        "SMDR options, Log in/out, Room status, Timed reminder, Error log",
        _OFF,
        Text(
            "They are no calls, and on a busy day push calls out of the exchange's memory.",
            "این‌ها تماس نیستند و در روز شلوغ تماس‌ها را از حافظه سانترال بیرون می‌کنند.",
        ),
    ),
    ExchangeSetting(
        "page",
        "SMDR options, Page length",
        Text("as long as it can be", "بیشترین مقدار"),
        Text(
            "A short page prints its heading again and again; it is skipped, but takes time on the"
            " line.",
            "در صفحه کوتاه سرصفحه پشت سر هم چاپ می‌شود؛ خوانده نمی‌شود ولی خط را پر می‌کند.",
        ),
    ),
)
