"""What leaves the box, made of the types that events are sealed with: no field can be forgotten."""

from collections.abc import Mapping

from msgspec import Struct

from edge.box_alarm import AlarmData
from edge.commands.results import ProgressData, ResultData
from edge.intake.seal import BoxData, CallData, DeviceData, WireData
from edge.local.issue import Words
from edge.local.upkeep_records import Privacy, PrivateEvent, PrivateField
from edge.site.site import Site

_PERSONAL: Mapping[str, Words] = {
    "number": Words("the caller or the called one", "تماس‌گیرنده یا طرف تماس"),
    "number_raw": Words("the same, as it was printed", "همان، چنان که چاپ شده"),
    "name": Words("the caller's name, where the line tells it", "نام تماس‌گیرنده، اگر خط بگوید"),
    "extension": Words("the employee's telephone", "تلفن کارمند"),
    "legs": Words("who talked with the caller, and how long", "چه کسی و چه مدت صحبت کرد"),
    "account_code": Words("what an employee keyed for the call", "کدی که کارمند وارد کرده"),
    "detail": Words("may name a number that a command was about", "شاید شماره فرمان را بگوید"),
}
_EVENTS: tuple[tuple[tuple[str, ...], type[Struct], Words], ...] = (
    (
        ("call.ringing", "call.answered", "call.updated", "call.ended"),
        CallData,
        Words("each call", "هر تماس"),
    ),
    (
        ("device.online", "device.quiet", "device.offline", "device.alarm"),
        DeviceData,
        Words("how the devices are", "وضعیت دستگاه‌ها"),
    ),
    (
        ("wire.unrecognized",),
        WireData,
        Words("lines that were not understood, digits masked", "خط‌های نامفهوم، با رقم پنهان"),
    ),
    (
        ("command.result",),
        ResultData,
        Words("what became of a command", "نتیجه فرمان"),
    ),
    (
        ("command.progress",),
        ProgressData,
        Words("how far a command is", "پیشرفت فرمان"),
    ),
    (("box.started",), BoxData, Words("that the box started", "آغاز کار دستگاه")),
    (
        ("box.alarm", "box.health"),
        AlarmData,
        Words("what is wrong with the box", "اشکال دستگاه"),
    ),
)


def privacy(site: Site) -> Privacy:
    """Of a box with these settings."""
    return Privacy(
        destinations=tuple(entry.name for entry in site.destination),
        days=site.history.days,
        events=tuple(
            PrivateEvent(types=types, about=about, fields=_fields(kind))
            for types, kind, about in _EVENTS
        ),
    )


def _fields(kind: type[Struct]) -> tuple[PrivateField, ...]:
    return tuple(
        PrivateField(name=name, personal=_PERSONAL.get(name)) for name in kind.__struct_fields__
    )
