"""A device of which much is not understood, although some is: a setting or a cable is half wrong.

Where nothing at all is understood the driver itself raises `unreadable` within seconds, and that
stands for it: see device_alarm.py.
"""

from collections.abc import Iterator

from edge.checks.check import UP, Finding, Raised, Seen, Unsure, Words
from edge.local.persian import ltr, persian

MANY = 20
SHARE = 0.10
"""So many lines in an hour, and so much of all: a burst of noise is neither."""
FEW = 5
"""Under so many in an hour it is over."""
CODE = "unrecognized-lines"


def look(seen: Seen, raised: Raised) -> Iterator[Finding | Unsure]:
    for device in seen.devices:
        key, unread = device.status.key, device.hour_unrecognized
        if any(alarm.code == "unreadable" for alarm in device.status.alarms):
            continue
        if device.status.state not in UP:
            yield Unsure(key, Words("it is not connected", "وصل نیست"))
            continue
        if (CODE, key) in raised:
            wrong = unread >= FEW
        else:
            wrong = unread >= MANY and unread >= SHARE * (unread + device.hour_calls)
        if wrong:
            yield Finding(
                code=CODE,
                concerns=key,
                cause=Words(
                    f"In the last hour {unread} lines of {key} were not understood.",
                    f"در یک ساعت گذشته {persian(unread)} سطر از «{ltr(key)}» خوانده نشد.",
                ),
                advice=Words(
                    "Compare `link` (speed, data bits, parity) and `model` in site.toml with the"
                    " exchange, and look for a bad cable.",
                    "سرعت، قالب خط و مدل را در تنظیمات با سانترال مقایسه کنید و کابل"
                    " را بررسی کنید.",
                ),
            )
