"""What pages cost the edge with 100,000 events stored: answers, and how long the loop stood still.

Edge with a journal of 100,000 events ◀── web.sock ── client, as the web process asks
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from bench.table import Table
from edge.journal.journal import Journal
from edge.local.calls_records import CallQuery
from edge.local.client import Client
from edge.local.lock import DATABASE, hold
from edge.local.metrics import resident
from edge.service.parts import Edge
from edge.site.file import load
from edge.site.site import FILE
from tests.edge.calls.stored import calls

_CALLS = 33_334
_TIMES = 30
_SITE = 'version = 1\nname = "bench"\ntimezone = "Asia/Tehran"\n'


def measure() -> Table:
    with TemporaryDirectory(prefix="payvand-bench-") as name:
        rows = asyncio.run(_measured(Path(name)))
    notes = (
        "one process for both sides, so each answer has its asker's time in it;",
        "still: the longest that the loop did nothing else, over all repeats.",
    )
    columns = ("question", "first", "median", "still", "MB more")
    return Table("Pages with 100,000 events stored", columns, tuple(rows), notes)


async def _measured(data: Path) -> list[tuple[str, ...]]:
    (data / FILE).write_text(_SITE)
    stop = asyncio.Event()
    with hold(data) as lock:
        journal = await Journal.open(data / DATABASE)
        waiting = list(calls(_CALLS))
        for at in range(0, len(waiting), 2000):
            await journal.append(waiting[at : at + 2000])
        del waiting
        edge = Edge(load(data / FILE), journal, lock)
        serving = asyncio.ensure_future(edge.serve(stop))
        while not edge.routes or not (data / "web.sock").exists():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        async with Client(data) as asker:
            some = f"b-{_CALLS - 500}"
            rows = [
                await _asked("status", asker.status),
                await _asked("calls, first page", asker.calls),
                await _asked("calls, by number", lambda: asker.calls(CallQuery(text="0912003"))),
                await _asked("one call's story", lambda: asker.call(some)),
                await _asked("settings", asker.settings),
                await _asked("forms", asker.forms),
                await _asked("queue", asker.queues),
            ]
        stop.set()
        await serving
        await journal.close()
    return rows


async def _asked(name: str, ask: Callable[[], Awaitable[object]]) -> tuple[str, ...]:
    before = resident()
    still = _Still()
    watching = asyncio.ensure_future(still.watch())
    seconds = []
    for _ in range(_TIMES):
        begun = perf_counter()
        await ask()
        seconds.append(perf_counter() - begun)
    watching.cancel()
    more = (resident() - before) / (1 << 20)
    times = (seconds[0], median(seconds), still.longest)
    return (name, *(f"{each * 1000:.1f} ms" for each in times), f"{more:.1f}")


class _Still:
    longest = 0.0

    async def watch(self) -> None:
        last = perf_counter()
        while True:
            await asyncio.sleep(0.001)
            now = perf_counter()
            self.longest = max(self.longest, now - last - 0.001)
            last = now
