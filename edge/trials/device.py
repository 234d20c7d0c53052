"""Tests a device while it is served: nothing is closed or opened, so no call is missed by it.

port open? ─▶ control lines ─▶ bytes, waited for ─▶ records understood ─▶ ring lines ─▶ clock
"""

import asyncio
from collections.abc import Iterator
from time import monotonic

from edge.intake.supervisor import Supervisor
from edge.local import persian_advice
from edge.local.issue import Words
from edge.local.status import DeviceStatus
from edge.local.trial_records import Step
from edge.trials.steps import in_order, step

MOST_SECONDS = 60.0
_LOOK_SECONDS = 0.1
_SKEW_SECONDS = 120.0
_UP = ("online", "quiet")


async def try_device(supervisor: Supervisor, seconds: float) -> tuple[Step, ...]:
    """Wait up to so long for bytes of the device, then tell all that can be told of it."""
    until = monotonic() + min(MOST_SECONDS, max(0.0, seconds))
    before = supervisor.tap.bytes_in
    while monotonic() < until and supervisor.tap.bytes_in == before:  # noqa: ASYNC110 - counters tell no news
        await asyncio.sleep(_LOOK_SECONDS)
    return in_order(_steps(supervisor, supervisor.tap.bytes_in > before))


def _steps(supervisor: Supervisor, heard: bool) -> Iterator[Step]:  # noqa: FBT001 - one caller
    status = supervisor.status
    yield _opened(status)
    yield _lines(supervisor)
    yield _bytes(status, heard=heard)
    yield _understood(status)
    yield _ringing(status)
    yield _clock(status)


def _opened(status: DeviceStatus) -> Step:
    title = Words("Port or network connection", "درگاه یا اتصال شبکه")
    if status.state in _UP:
        return step("link", title, "ok", Words("It is open.", "باز است."), status.link)
    if status.state == "starting":
        return step("link", title, "unsure", Words("It is being opened.", "در حال باز شدن است."))
    advice = persian_advice.advice(status)
    return step("link", title, "failed", advice, f"{status.link} {status.code}")


def _lines(supervisor: Supervisor) -> Step:
    title = Words("Control lines of the cable", "خط‌های کنترل کابل")
    ask = getattr(supervisor.link, "inputs", None)
    raised = ask() if ask else None
    if raised is None:
        text = Words("This connection has none.", "این اتصال خط کنترل ندارد.")
        return step("lines", title, "skipped", text)
    shown = ", ".join(sorted(raised)).upper()
    if raised:
        return step("lines", title, "ok", Words(f"Raised: {shown}.", f"روشن: {shown}"), shown)
    text = Words(
        "None is raised: the cable may lack them, or the other end is off or not plugged in.",
        "هیچ‌کدام روشن نیست: شاید کابل آن‌ها را ندارد، یا سر دیگر کابل خاموش یا جداست.",
    )
    return step("lines", title, "unsure", text)


def _bytes(status: DeviceStatus, *, heard: bool) -> Step:
    title = Words("Bytes from the device", "داده از دستگاه")
    raw = f"{status.bytes_in} bytes"
    if heard:
        return step("bytes", title, "ok", Words("They come in now.", "هم‌اکنون می‌رسد."), raw)
    if status.bytes_in:
        text = Words("Some came before, none just now.", "پیش‌تر رسیده است، اکنون نه.")
        return step("bytes", title, "ok", text, raw)
    text = Words(
        "None yet: make a call, and see that the device prints its log to this port.",
        "هنوز نرسیده است؛ یک تماس بگیرید و ببینید دستگاه گزارش را به این درگاه می‌فرستد.",
    )
    return step("bytes", title, "unsure", text, raw)


def _understood(status: DeviceStatus) -> Step:
    title = Words("Records understood", "خواندن گزارش تماس‌ها")
    raw = f"{status.calls} calls, {status.unrecognized} lines not understood"
    if status.calls or status.rung:
        text = Words("Calls are understood.", "تماس‌ها خوانده می‌شود.")
        return step("records", title, "ok", text, raw)
    if status.unrecognized:
        text = Words(
            "Lines come, and none is understood: compare speed, data bits and model.",
            "سطرها می‌رسد ولی خوانده نمی‌شود؛ سرعت، قالب خط و مدل را در تنظیمات بررسی کنید.",
        )
        return step("records", title, "failed", text, raw)
    return step("records", title, "unsure", Words("No call yet.", "هنوز تماسی نیست."), raw)


def _ringing(status: DeviceStatus) -> Step:
    title = Words("Calls seen while they ring", "دیدن تماس هنگام زنگ")
    if status.rung:
        return step("ringing", title, "ok", Words("They are seen.", "دیده می‌شود."))
    text = Words(
        "None seen yet: some devices must be told to report it.",
        "هنوز دیده نشده است؛ در برخی دستگاه‌ها باید گزارش زنگ را روشن کرد.",
    )
    return step("ringing", title, "unsure", text)


def _clock(status: DeviceStatus) -> Step:
    title = Words("Clock of the device", "ساعت دستگاه")
    skew = status.clock_skew
    if skew is None:
        return step("clock", title, "skipped", Words("It tells none.", "ساعت خود را گزارش نمی‌کند."))
    raw = f"{skew:+.0f} s"
    if abs(skew) <= _SKEW_SECONDS:
        return step("clock", title, "ok", Words("It is right.", "درست است."), raw)
    return step("clock", title, "unsure", Words("Set it right.", "آن را تنظیم کنید."), raw)
