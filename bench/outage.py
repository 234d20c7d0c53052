"""Thirty days without the Internet: 240,000 events, kept and then sent through a slow line.

    decoder ─▶ journal: how large is the file? ─▶ forwarder ─▶ 256 kbit/s, 80 ms ─▶ reference CRM

Events and memories are those of the real decoder on simulated days, in commits of a hundred, which
changes nothing in the size. `outage` sends the last 20,000 events and reckons the rest from them;
`outage-whole` sends all. Aims: ≤ 500 MB, ≤ 20 minutes.
"""

import asyncio
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from bench.calls import BEGIN, SETTINGS, decoded
from bench.line import slow_line
from bench.processes import reference_crm
from bench.table import Table
from drivers.contract import Moment
from edge.delivery.destinations.link.destination import LinkDestination
from edge.delivery.destinations.link.settings import LinkSettings
from edge.delivery.forwarder import Forwarder
from edge.intake.seal import Seal, number_plan
from edge.journal.journal import Journal, Position

_EVENTS = 240_000
_PART = 20_000
_BITS = 256_000
_COMMIT = 100
_CRM = "crm"


def measure() -> Table:
    return _measure(_PART)


def measure_whole() -> Table:
    return _measure(_EVENTS)


def _measure(sent: int) -> Table:
    with TemporaryDirectory(prefix="payvand-bench-") as name:
        folder = Path(name)
        with reference_crm(folder / "crm") as crm, slow_line(crm, _BITS) as (url, passed):
            size, seconds = asyncio.run(_run(folder / "journal.sqlite", url, sent))
            up, down = passed()
    minutes = seconds * _EVENTS / sent / 60
    rows = (
        ("journal's file, MB", f"{size / 1e6:.0f}", "500"),
        ("the same, bytes per event", f"{size / _EVENTS:.0f}", "-"),
        ("on the line up, bytes per event", f"{up / sent:.1f}", "-"),
        ("on the line down, bytes per event", f"{down / sent:.1f}", "-"),
        ("out at 256 kbit/s, minutes", f"{minutes:.1f}", "20"),
    )
    how = "all were sent" if sent == _EVENTS else f"{sent:,} were sent, the rest is reckoned"
    notes = (f"{_EVENTS:,} events; {how}.", "80 ms there and back; TCP/IP headers in, TLS not.")
    return Table("30 days of outage", ("what", "measured", "aim"), rows, notes)


async def _run(path: Path, url: str, sent: int) -> tuple[int, float]:
    """Bytes of the file when all is stored; seconds to send so many."""
    journal = await Journal.open(path)
    try:
        await _fill(journal)
        size = sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*"))
        journal.advance(_CRM, Position(_EVENTS - sent))
        return size, await _send(journal, url)
    finally:
        await journal.close()


async def _fill(journal: Journal) -> None:
    seal = Seal("pbx1", "5f1e0c6a-9b3d-4e87-a1c2-d3e4f5061728", number_plan(SETTINGS))
    waiting = []
    stored = 0
    for each in decoded():
        now = Moment(each.at, (each.at - BEGIN) / timedelta(seconds=1), trusted=True, live=True)
        waiting += [seal.fact(fact, now) for fact in each.facts]
        if len(waiting) >= _COMMIT:
            del waiting[_EVENTS - stored :]
            stored = await journal.append(waiting, ("pbx1", each.memory))
            waiting = []
        if stored >= _EVENTS:
            return


async def _send(journal: Journal, url: str) -> float:
    forwarder = Forwarder(_CRM, journal, LinkDestination(LinkSettings(url=url)))
    async with asyncio.TaskGroup() as group:
        begun = monotonic()
        task = group.create_task(forwarder.run())
        while journal.pending(_CRM):  # noqa: ASYNC110 - it moves without an event
            await asyncio.sleep(0.05)
        took = monotonic() - begun
        task.cancel()
    if await journal.parked(_CRM):
        raise RuntimeError("the CRM refused events of the bench: the time means nothing")
    return took
