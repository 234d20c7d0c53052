"""The table of health checks, one line each, in the order in which a technician reads them."""

from edge.checks import (
    backlog,
    box_clock,
    card,
    crm,
    device_alarm,
    disk,
    journal_state,
    link,
    quiet,
    ring_lines,
    unrecognized,
)
from edge.checks.check import Check, Words

CHECKS = (
    Check("disk", Words("Room on the disk", "جای خالی حافظه"), disk.look, None),
    Check("card", Words("Card or disk", "کارت حافظه"), card.look, "box.alarm"),
    Check("journal", Words("Journal", "دفتر رویدادها"), journal_state.look, None),
    Check("clock", Words("Clock of the box", "ساعت دستگاه"), box_clock.look, "box.alarm"),
    Check("link", Words("Ports and connections", "درگاه‌ها و اتصال‌ها"), link.look, None),
    Check("device", Words("Alarms of the devices", "هشدار سانترال‌ها"), device_alarm.look, None),
    Check("quiet", Words("Calls as usual", "تماس‌ها مانند همیشه"), quiet.look, "device.quiet"),
    Check(
        "unrecognized",
        Words("Lines are understood", "خوانده شدن سطرها"),
        unrecognized.look,
        "device.alarm",
    ),
    Check(
        "ring-lines",
        Words("Ringing is reported", "گزارش زنگ خوردن"),
        ring_lines.look,
        "device.alarm",
    ),
    Check("crm", Words("CRM takes the events", "پذیرش رویدادها در CRM"), crm.look, "box.alarm"),
    Check("backlog", Words("Events waiting", "رویدادهای در انتظار"), backlog.look, "box.alarm"),
)
