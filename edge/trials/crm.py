"""Tests the way to a CRM that is in the settings, and what it answers.

    name ─▶ port ─▶ answer: to what waits, by the forwarder, else to the last event once more

Certificate and log-in show in the answer. A repeat of an event is harmless at every CRM (see
edge/delivery/destination.py). Only the address of the settings is asked, so that nobody looks
around a network by it.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from urllib.parse import urlsplit

from edge.delivery.choosing import Choice
from edge.delivery.destination import BadBatch, DeliveryError
from edge.delivery.forwarder import Forwarder
from edge.delivery.numbered import batch_of
from edge.delivery.retimed import Retimed
from edge.journal.journal import Journal
from edge.local import persian_advice
from edge.local.issue import Words
from edge.local.persian import persian
from edge.local.trial_records import Step, StepWord
from edge.site.site import Destination
from edge.trials.steps import in_order, step

MOST_SECONDS = 60.0
_CONNECT_SECONDS = 5.0
_LOOK_SECONDS = 0.1
_PORTS = {"https": 443, "http": 80, "mqtts": 8883, "mqtt": 1883}
_NAME = Words("Name of the CRM", "نام CRM در شبکه")
_PORT = Words("Port of the CRM", "درگاه CRM")
_ANSWER = Words("Answer of the CRM", "پاسخ CRM")
_ANSWERS = Words("It takes events.", "رویدادها را می‌پذیرد.")


@dataclass(frozen=True, slots=True)
class Tried:
    """The parts of one CRM that is served."""

    entry: Destination
    forwarder: Forwarder
    destination: Retimed
    journal: Journal


async def try_crm(crm: Tried, seconds: float) -> tuple[Step, ...]:
    """Wait up to so long for an answer. Raises JournalFailed."""
    until = monotonic() + min(MOST_SECONDS, max(0.0, seconds))
    steps = await _reached(crm.entry)
    while monotonic() < until and crm.forwarder.progress.state == "working":  # noqa: ASYNC110
        await asyncio.sleep(_LOOK_SECONDS)
    return in_order((*steps, await _answer(crm, until - monotonic()), _parked(crm)))


async def _answer(crm: Tried, seconds: float) -> Step:
    progress = crm.forwarder.progress
    if progress.state in ("retrying", "refused"):
        return _refused(progress.advice, progress.last_answer)
    last = await crm.journal.read(max(0, progress.cursor - 1), 1) if progress.cursor else []
    events = await Choice(crm.entry.name, crm.entry.wanted, crm.journal).of(last)
    if progress.state == "working" or not events:
        return step("answer", _ANSWER, "unsure", Words("None yet.", "هنوز پاسخی نیست."))
    batch = batch_of(crm.journal, events[0].sequence - 1, events)
    try:
        async with asyncio.timeout(max(_CONNECT_SECONDS, seconds)):
            packed = crm.destination.pack(batch)
            delivered = await crm.destination.deliver(batch, packed)
    except BadBatch as refusal:
        return step("answer", _ANSWER, "ok", _ANSWERS, refusal.answer)
    except DeliveryError as trouble:
        return _refused(trouble.advice, trouble.answer)
    except TimeoutError:
        return _refused("The CRM does not answer in time.", "no answer in time")
    return step("answer", _ANSWER, "ok", _ANSWERS, delivered.answer)


def _refused(advice: str, answer: str) -> Step:
    words = Words(advice, persian_advice.of_crm(answer))
    return step("answer", _ANSWER, "failed", words, answer)


def _parked(crm: Tried) -> Step:
    title = Words("Refused events", "رویدادهای ردشده")
    if count := crm.forwarder.progress.parked:
        text = Words(
            f"{count} are parked.",
            f"{persian(count)} رویداد رد و کنار گذاشته شد؛ در «صف ارسال و CRM» دیده می‌شود.",
        )
        return step("parked", title, "unsure", text)
    return step("parked", title, "ok", Words("None.", "رویدادی رد نشده است."))


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
        "ok": Words("Somebody listens there.", "در دسترس است."),
        "failed": Words(
            "Nobody answers there: check the port, the internet line and a firewall.",
            "پاسخی نیست؛ شماره درگاه، خط اینترنت و فایروال را بررسی کنید.",
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
