"""Tests the way to a CRM that is in the settings, and what it answered to the deliveries.

    name ─▶ port ─▶ certificate and log-in, by the forwarder's own attempts ─▶ refused events

Only the address of the settings is asked, so that nobody looks around a network by it.
"""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from time import monotonic
from urllib.parse import urlsplit

from edge.delivery.forwarder import Forwarder
from edge.delivery.progress import Progress
from edge.local.issue import Words
from edge.local.trial_records import Step, StepWord
from edge.site import Destination
from edge.trials.steps import in_order, step

MOST_SECONDS = 60.0
_CONNECT_SECONDS = 5.0
_LOOK_SECONDS = 0.1
_PORTS = {"https": 443, "http": 80, "mqtts": 8883, "mqtt": 1883}
_NAME = Words("Name of the CRM", "نام CRM در شبکه")
_PORT = Words("Port of the CRM", "درگاه CRM")


async def try_crm(entry: Destination, forwarder: Forwarder, seconds: float) -> tuple[Step, ...]:
    """Wait up to so long for the forwarder to know."""
    until = monotonic() + min(MOST_SECONDS, max(0.0, seconds))
    steps = await _reached(entry)
    while monotonic() < until and not _knows(forwarder.progress):  # noqa: ASYNC110 - counters tell no news
        await asyncio.sleep(_LOOK_SECONDS)
    return in_order((*steps, *_answered(forwarder.progress)))


async def _reached(entry: Destination) -> list[Step]:
    """Whether somebody listens there; through a proxy that is the proxy."""
    host, port = _place(entry)
    if not host:
        return []
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            found = await loop.getaddrinfo(host, port)
    except (OSError, TimeoutError, UnicodeError) as error:
        text = Words(
            f"{host} is not found: check the address, and the name server of the network.",
            f"نام {host} پیدا نشد؛ نشانی و DNS شبکه را بررسی کنید.",
        )
        return [step("name", _NAME, "failed", text, str(error)), _port("skipped", "")]
    addresses = ", ".join(sorted({str(each[4][0]) for each in found}))
    name = step("name", _NAME, "ok", Words("It is found.", "پیدا شد."), addresses)
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            _, writer = await asyncio.open_connection(host, port)
        writer.close()
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(_CONNECT_SECONDS):
                await writer.wait_closed()
    except (OSError, TimeoutError) as error:
        return [name, _port("failed", f"{host}:{port} {error}")]
    return [name, _port("ok", f"{host}:{port}")]


def _port(state: StepWord, raw: str) -> Step:
    texts = {
        "ok": Words("Somebody listens there.", "پاسخ می‌دهد."),
        "failed": Words(
            "Nobody answers there: check the port, the internet line and a firewall.",
            "پاسخی نیست؛ شماره درگاه، خط اینترنت و دیواره آتش را بررسی کنید.",
        ),
    }
    return step("port", _PORT, state, texts.get(state, Words("", "")), raw)


def _place(entry: Destination) -> tuple[str, int]:
    """Host and port that are connected to first, "" where the settings name none."""
    url = getattr(entry.settings, "url", "") or ""
    parts = urlsplit(entry.connection.proxy or str(url))
    with suppress(ValueError):
        if parts.hostname:
            return parts.hostname, parts.port or _PORTS.get(parts.scheme, 443)
    host = getattr(entry.settings, "host", "")
    return str(host), int(getattr(entry.settings, "port", 0) or 0)


def _knows(progress: Progress) -> bool:
    return progress.last_ok_at is not None or progress.state in ("retrying", "refused")


def _answered(progress: Progress) -> Iterator[Step]:
    title = Words("Answer of the CRM", "پاسخ CRM")
    if progress.state in ("retrying", "refused"):
        advice = Words(progress.advice, f"پاسخ: {progress.last_answer}. {progress.advice}")
        yield step("answer", title, "failed", advice, progress.last_answer)
    elif progress.last_ok_at is None:
        yield step("answer", title, "unsure", Words("None yet.", "هنوز پاسخی نیست."))
    else:
        text = Words("It stores events.", "رویدادها را ذخیره می‌کند.")
        yield step("answer", title, "ok", text, progress.last_answer)
    title = Words("Refused events", "رویدادهای پذیرفته‌نشده")
    if progress.parked:
        text = Words(f"{progress.parked} are parked.", f"{progress.parked} رویداد کنار گذاشته شد.")
        yield step("parked", title, "unsure", text)
    else:
        yield step("parked", title, "ok", Words("None.", "هیچ."))
