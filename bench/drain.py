"""How fast a backlog drains into a CRM, and what it costs.

    journal ──forwarder──▶ reference CRM in a process of its own (it parses, judges, and fsyncs)
    bodies made beforehand ──the same client──▶ the same CRM, empty again: the CRM's own limit

The ratio of the two, from the same run, is what the box itself costs; it moves less between
machines than the rates do. Client CPU is that of this whole process: reading the journal, packing,
sending, moving the cursor.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

import msgspec

from bench.processes import reference_crm
from bench.table import Table
from edge.delivery.cloudevents import MAX_DATA, MAX_EVENTS, encode_batch
from edge.delivery.destination import Batch
from edge.delivery.destinations.link.destination import LinkDestination
from edge.delivery.destinations.link.settings import LinkSettings
from edge.delivery.forwarder import Forwarder
from edge.journal.journal import Journal, Sealed

_EVENTS = 50_000
_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class _Round:
    rate: float
    cpu: float
    limit: float


def measure() -> Table:
    """Take the rounds; the CRM's limit and the drain come in turn."""
    with TemporaryDirectory() as directory:
        rounds, size = asyncio.run(_run(Path(directory)))
    rows = [
        (
            str(n),
            f"{each.rate:,.0f}",
            f"{each.limit:,.0f}",
            f"{each.rate / each.limit:.2f}",
            f"{each.cpu:.1f}",
            f"{size / _EVENTS:.0f}",
        )
        for n, each in enumerate(rounds, 1)
    ]
    ratio = median(each.rate / each.limit for each in rounds)
    return Table(
        title="Draining a backlog into the reference CRM",
        columns=("round", "events/s", "prepared bodies/s", "ratio", "client CPU µs", "wire bytes"),
        rows=tuple(rows),
        notes=(
            f"{_EVENTS:,} events a round, {MAX_EVENTS} a request; CPU and bytes are per event.",
            f"Median ratio {ratio:.2f}. Wire bytes are gzip bodies, without headers.",
        ),
    )


async def _run(directory: Path) -> tuple[list[_Round], int]:
    journal = await Journal.open(directory / "journal.sqlite")
    rounds = []
    try:
        for first in range(1, _EVENTS + 1, 1000):
            await journal.append([sample_call(n) for n in range(first, first + 1000)])
        bodies = await _bodies(journal)
        for n in range(_ROUNDS):
            async with _crm(directory / f"limit{n}") as link:
                limit = await _post(link, bodies)
            async with _crm(directory / f"drain{n}") as link:
                rate, cpu = await _drain(journal, f"crm{n}", link)
            rounds.append(_Round(rate, cpu, limit))
    finally:
        await journal.close()
    return rounds, sum(len(body) for _, body in bodies)


async def _drain(journal: Journal, name: str, link: LinkDestination) -> tuple[float, float]:
    forwarder = Forwarder(name, journal, link)
    async with asyncio.TaskGroup() as group:
        cpu, began = process_time(), perf_counter()
        task = group.create_task(forwarder.run())
        async with asyncio.timeout(300):
            while journal.pending(name):  # noqa: ASYNC110 - it moves without an event
                await asyncio.sleep(0.01)
        took, spent = perf_counter() - began, process_time() - cpu
        task.cancel()
    if await journal.parked(name):
        raise RuntimeError("the CRM refused events of the bench: the rate means nothing")
    return _EVENTS / took, spent / _EVENTS * 1e6


async def _post(link: LinkDestination, bodies: list[tuple[Batch, bytes]]) -> float:
    await link.start()
    began = perf_counter()
    for batch, body in bodies:
        await link.deliver(batch, body)
    return _EVENTS / (perf_counter() - began)


async def _bodies(journal: Journal) -> list[tuple[Batch, bytes]]:
    bodies: list[tuple[Batch, bytes]] = []
    after = 0
    while events := await journal.read(after, MAX_EVENTS, MAX_DATA):
        batch = Batch(journal.id, journal.box, after, events)
        text = encode_batch(journal.id, journal.box, events)
        bodies.append((batch, zlib.compress(text, 1, zlib.MAX_WBITS | 16)))
        after = batch.last
    return bodies


@asynccontextmanager
async def _crm(data: Path) -> AsyncIterator[LinkDestination]:
    """A CRM with an empty store, and the client for it."""
    with reference_crm(data) as url:
        link = LinkDestination(LinkSettings(url=url))
        try:
            yield link
        finally:
            await link.close()


def sample_call(number: int) -> Sealed:
    """A call whose fields differ from call to call as real ones do."""
    now = datetime.now(UTC)
    incoming = number % 3 > 0
    scattered = number * 7919 % 10_000_000
    data: dict[str, object] = {
        "call_id": f"b00t-pbx1-{number}",
        "direction": "incoming" if incoming else "outgoing",
        "line": f"{number % 16 + 1:02}",
        "extension": str(100 + number * 31 % 80),
        "number": f"+98510{scattered:07}",
        "number_raw": f"0510{scattered:07}",
        "number_status": "ok",
        "name": None,
        "did": None,
        "started_at": now,
        "answered_at": now,
        "ended_at": now,
        "ring_seconds": number % 40 if incoming else None,
        "talk_seconds": number * 13 % 900,
        "outcome": "answered" if incoming else "unknown",
        "legs": [],
        "hidden_extensions": [],
        "account_code": None,
        "time_resolution": "minute",
        "device_time": f"{now:%d/%m/%y %H:%M}",
        "test": False,
    }
    return Sealed(
        device="pbx1",
        type="call.ended",
        subject=f"call/b00t-pbx1-{number}",
        time=now,
        timequality="synced",
        boot="b00t",
        monotonic=number / 10,
        data=msgspec.json.encode(data),
    )
