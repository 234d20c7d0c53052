"""One box, five CRMs of five kinds, one of them dead for a month: the others do not notice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from aiohttp import web

from edge.delivery.backoff import Pace
from edge.delivery.destination import Branch
from edge.delivery.destinations.catalog import spec
from edge.delivery.forwarder import Forwarder
from edge.delivery.notebook import JournalNotebook
from edge.delivery.terms import Terms
from edge.journal.journal import Journal
from edge.journal.records import Position, Sealed
from tests.edge.delivery.conftest import call
from tests.edge.delivery.destinations.conftest import captured, until
from tests.edge.delivery.destinations.kinds import KINDS, Crm

MONTH = 3000
"""Calls of a branch within a month."""
NEW = [f"new{number}" for number in range(12)]


def new(name: str) -> Sealed:
    one = captured("tda100-direct")[0]
    data = msgspec.json.decode(one.data) | {"call_id": name}
    return msgspec.structs.replace(one, subject=f"call/{name}", data=msgspec.json.encode(data))


@dataclass(frozen=True, slots=True)
class Served:
    crm: Crm
    forwarder: Forwarder


@asynccontextmanager
async def serving(crm: Crm) -> AsyncIterator[str]:
    runner = web.AppRunner(crm.app, auto_decompress=False, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def forwarder(journal: Journal, kind: str, crm: Crm, url: str) -> Forwarder:
    branch = Branch(
        journal.box,
        ZoneInfo("Asia/Tehran"),
        JournalNotebook(journal, kind),
        lambda _event: 0.0,
        lambda: datetime.now(UTC),
        lambda: journal.position(kind).cursor,
    )
    terms = Terms(Pace(base=0.01, cap=0.05), most_events=spec(kind).most_events)
    return Forwarder(kind, journal, crm.make(url, branch, 600.0), terms)


@pytest.mark.parametrize("dead", KINDS)
async def test_one_dead_for_a_month_holds_up_no_other(tmp_path: Path, dead: str) -> None:
    journal = await Journal.open(tmp_path / "journal.sqlite")
    await journal.append([call(number) for number in range(MONTH)])
    for kind in KINDS:
        journal.advance(kind, Position(0 if kind == dead else MONTH))
    async with AsyncExitStack() as stack:
        served = {}
        for kind, opened in KINDS.items():
            crm = await stack.enter_async_context(opened(tmp_path / kind))
            url = await stack.enter_async_context(serving(crm))
            served[kind] = Served(crm, forwarder(journal, kind, crm, url))
        served[dead].crm.bad_day.order("stall", seconds=600.0)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each.forwarder.run()) for each in served.values()]
            await until(lambda: served[dead].crm.bad_day.met == 1)
            others = set(served) - {dead}
            for name in NEW:
                await journal.append([new(name)])
                await until(lambda: not any(journal.pending(kind) for kind in others))
            # All of that while one question to the dead one was waiting for its answer.
            assert served[dead].crm.bad_day.met == 1
            assert served[dead].forwarder.progress.backlog == MONTH + len(NEW)
            for kind in others:
                assert await served[kind].crm.stored() == NEW
                assert served[kind].forwarder.progress.last_answer != "no answer in time"
            for task in tasks:
                task.cancel()
    await journal.close()
