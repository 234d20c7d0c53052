"""Every bad answer of every kind of CRM, and how it must end.

    later    it is shown as trouble, and all is delivered when it is over; each call once
    twice    the same, but this kind cannot know again what it was told: one call may be there twice
    at-once  the answer is not what it should be, and yet says that the event is stored
    parked   the one event is set aside with the reason; those behind it are delivered
    alarm    nothing is sent but a question now and then, until somebody acts; then all is delivered

In each of them nothing is lost, and no more is asked than the trouble takes. MQTT has answers of
its own: mqtt/test_bad_brokers.py and mqtt/test_tls.py.
"""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler

from edge.delivery import tls
from edge.delivery.connection import Connection
from edge.delivery.destinations.catalog import spec
from edge.delivery.forwarder import Forwarder
from tests.certificates import DAY, Authority
from tests.edge.delivery.destinations.conftest import Box, captured, until
from tests.edge.delivery.destinations.kinds import KINDS, Crm
from tests.ports import free_port

CALLS = ["c1", "c2", "c3"]
PATIENCE = 30.0
PARKS = {"link": 2, "bitrix24": 2, "409 payamgostar": 2}
"""So many refusals park an event: a batch is halved first; a call is tried for the default user, or
looked for where PayamGostar says that it has it.
"""
MOST_REQUESTS = 40
"""For three calls and two bad answers, at the most talkative kind. A hot loop makes thousands."""
MOST_FORMS = 3
"""So many requests are one question at an address that has nothing: PayamGostar's logins."""

TABLE = """
trouble           link     webhook  payamgostar  opencrm  bitrix24
301               later    later    later        later    later
302               later    later    later        later    later
307               later    later    later        later    later
400               parked   alarm    parked       parked   parked
401               alarm    alarm    alarm        alarm    alarm
402               parked   parked   parked       parked   parked
403               alarm    alarm    alarm        alarm    alarm
404               alarm    alarm    alarm        alarm    alarm
405               alarm    alarm    alarm        alarm    alarm
407               alarm    alarm    alarm        alarm    alarm
408               later    later    later        later    later
409               parked   parked   parked       parked   parked
410               alarm    -        alarm        alarm    alarm
413               parked   parked   parked       parked   parked
415               parked   parked   parked       parked   parked
421               alarm    alarm    alarm        alarm    alarm
422               parked   parked   parked       parked   parked
425               later    later    later        later    later
426               alarm    alarm    alarm        alarm    alarm
429               later    later    later        later    later
429 wait          later    later    later        later    later
451               parked   parked   parked       parked   parked
500               later    later    later        later    later
501               later    later    later        later    later
502               later    later    later        later    later
503               later    later    later        later    later
503 wait          later    later    later        later    later
504               later    later    later        later    later
511               later    later    later        later    later
599               later    later    later        later    later
hang-up           later    later    later        later    later
drop-answer       later    later    twice        twice    later
truncated         later    later    twice        twice    later
html              later    later    later        later    later
bomb              later    -        later        later    later
cut-json          later    -        later        later    later
wrong-json        later    at-once  twice        twice    later
wrong answer      later    at-once  twice        twice    later
stall             later    later    later        later    later
slow              at-once  at-once  at-once      at-once  at-once
"""
"""An alarm is of everything that is asked there, all others of the request that brings a call.

A webhook's 410 is for good, until a restart (webhook/test_destination.py), and any 2xx that is no
web page says that the event is stored, by the standard.
"""


def _rows() -> list[tuple[str, str, str]]:
    head, *lines = [line.split("  ") for line in TABLE.strip().splitlines()]
    kinds = [word.strip() for word in head if word.strip()][1:]
    rows = []
    for line in lines:
        trouble, *ends = [word.strip() for word in line if word.strip()]
        rows += [(trouble, kind, end) for kind, end in zip(kinds, ends, strict=True) if end != "-"]
    return rows


class Case:
    """One box with three calls, one CRM of a kind on a port of its own. asked: its requests."""

    def __init__(self, box: Box, kind: str, crm: Crm, port: int) -> None:
        self.box = box
        self.crm = crm
        self.port = port
        self.patience = PATIENCE
        self.asked = 0
        self._most_events = spec(kind).most_events

        @web.middleware
        async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
            self.asked += 1
            return await handler(request)

        crm.app.middlewares.insert(0, count)

    def misbehave(self, trouble: str, requests: int | None) -> None:
        """Order what a row of the table names; requests: None is everything, for good."""
        order, on = self.crm.bad_day.order, self.crm.on if requests else ""
        mode, _, wait = trouble.partition(" ")
        if trouble == "wrong answer":
            order("wrong-json", requests, on=on, body=self.crm.wrong)
        elif trouble == "slow":
            order("stall", requests, on=on, seconds=0.2)
        elif trouble == "stall":
            self.patience = 1.0
            order("stall", 1, on=on)
        else:
            order(mode, requests, on=on, seconds=1 if wait else None)

    @asynccontextmanager
    async def serving(self, context: ssl.SSLContext | None = None) -> AsyncIterator[None]:
        runner = web.AppRunner(
            self.crm.app, auto_decompress=False, access_log=None, shutdown_timeout=0.1
        )
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port, ssl_context=context).start()
        try:
            yield
        finally:
            await runner.cleanup()

    @asynccontextmanager
    async def forwarding(
        self, url: str = "", connection: Connection | None = None
    ) -> AsyncIterator[Forwarder]:
        branch = replace(self.box.branch(), connection=connection or Connection())
        url = url or f"http://127.0.0.1:{self.port}"
        destination = self.crm.make(url, branch, self.patience)
        async with self.box.forwarding(destination, self._most_events) as forwarder:
            yield forwarder


@asynccontextmanager
async def opened(box: Box, kind: str, folder: Path) -> AsyncIterator[Case]:
    await box.journal.append(captured("tda100-direct")[:3])
    async with KINDS[kind](folder / "crm") as crm:
        yield Case(box, kind, crm, free_port())


@pytest.mark.parametrize(("trouble", "kind", "end"), _rows())
async def test_every_bad_answer_ends_as_it_must(
    box: Box,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    trouble: str,
    kind: str,
    end: str,
) -> None:
    caplog.set_level(logging.WARNING)
    parks = PARKS.get(f"{trouble} {kind}", PARKS.get(kind, 1))
    requests = {"later": 2, "twice": 1, "at-once": 1, "parked": parks, "alarm": None}[end]
    async with opened(box, kind, tmp_path) as case:
        case.misbehave(trouble, requests)
        async with case.serving(), case.forwarding() as forwarder:
            if end == "alarm":
                await until(lambda: forwarder._failures >= 2)
                assert forwarder.progress.state == "refused"
                assert len(forwarder.progress.advice) > 40
                assert await case.crm.stored() == []
                assert case.crm.bad_day.met <= MOST_FORMS * (forwarder._failures + 1)
                case.crm.bad_day.order("none")
            await box.settled()
        stored, begun = await case.crm.stored(), case.crm.begun()
    parked = await box.journal.parked("crm")
    assert [each.sequence for each in parked] == ([1] if end == "parked" else [])
    assert all(f"HTTP {trouble}" in each.reason for each in parked)
    assert stored == (CALLS[1:] if end == "parked" else CALLS)
    assert len(begun) - len(set(begun)) <= (end == "twice")
    assert case.crm.bad_day.met >= (1 if trouble == "stall" else requests or 1)
    assert case.asked <= MOST_REQUESTS
    if end != "parked":
        assert ("nothing is delivered" in caplog.text) == (end != "at-once")


@pytest.mark.parametrize("kind", KINDS)
async def test_a_name_that_is_not_found_is_corrected_in_the_settings(
    box: Box, tmp_path: Path, kind: str
) -> None:
    async with opened(box, kind, tmp_path) as case:
        async with case.forwarding("http://crm.invalid") as forwarder:
            await until(lambda: forwarder.progress.last_answer == "name not found")
            assert forwarder.progress.state == "retrying"
        async with case.serving(), case.forwarding():
            await box.settled()
        assert await case.crm.stored() == CALLS


@pytest.mark.parametrize("kind", KINDS)
async def test_nobody_there_is_waited_for(box: Box, tmp_path: Path, kind: str) -> None:
    async with opened(box, kind, tmp_path) as case, case.forwarding() as forwarder:
        await until(lambda: forwarder.progress.last_answer == "no connection")
        assert forwarder.progress.state == "retrying"
        async with case.serving():
            await box.settled()
            assert await case.crm.stored() == CALLS


TLS = {
    "another name": "certificate of another name",
    "expired": "certificate not in force",
    "not yet in force": "certificate not in force",
    "unknown authority": "certificate of an unknown authority",
    "stalled handshake": "no answer in time",
    "no tls": "no TLS",
}


def _bad(trouble: str, authority: Authority, other: Authority) -> ssl.SSLContext | None:
    shown = {
        "another name": authority.shows("crm.example.com"),
        "expired": authority.shows(begin=-30 * DAY, end=-DAY),
        "not yet in force": authority.shows(begin=DAY, end=30 * DAY),
        "unknown authority": other.shows(),
    }
    return shown[trouble].context if trouble in shown else None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("trouble", TLS)
async def test_bad_tls_is_told_and_nothing_is_sent_until_it_is_good(
    box: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: str, kind: str
) -> None:
    monkeypatch.setattr(tls, "is_synchronized", lambda: True)
    authority, other = Authority(tmp_path), Authority(tmp_path, "another")
    context = _bad(trouble, authority, other)
    heard: list[bytes] = []
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if trouble == "no tls":
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            writer.close()
        elif trouble == "stalled handshake":
            await over.wait()
            writer.close()
        else:
            heard.append(await reader.read(1))
            writer.close()

    async with opened(box, kind, tmp_path) as case:
        case.patience = 1.0 if trouble == "stalled handshake" else PATIENCE
        url, connection = f"https://localhost:{case.port}", Connection(ca_file=str(authority.file))
        async with case.forwarding(url, connection) as forwarder:
            async with await asyncio.start_server(serve, "127.0.0.1", case.port, ssl=context):
                await until(lambda: forwarder.progress.last_answer == TLS[trouble])
                assert forwarder.progress.state == "retrying"
                assert len(forwarder.progress.advice) > 40
                over.set()
            async with case.serving(authority.shows().context):
                await box.settled()
                assert await case.crm.stored() == CALLS
    assert not any(heard)
    assert await box.journal.parked("crm") == []
