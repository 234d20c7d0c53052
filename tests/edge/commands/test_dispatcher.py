"""What only a bad moment shows: the disk holds the box up, and a driver has a fault."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from drivers.commands import Command, Outcome, Report
from drivers.contract import Emit, Link, Moment
from edge.commands.dispatcher import Dispatcher
from edge.commands.inbox import Inbox
from edge.commands.signed import CrmTime, Order
from edge.commands.target import Target
from edge.intake.numbers import NumberPlan
from edge.intake.seal import Seal
from edge.journal.journal import Journal
from tests.edge.commands.echo import Say

LATE = 1.0


class _Over(Exception):
    """Ends the task group."""


async def _end() -> None:
    raise _Over


class Noting:
    """A driver that notes what it was told, and falls over `crash`."""

    def __init__(self) -> None:
        self.told: list[str] = []

    async def run(self, link: Link, emit: Emit, memory: bytes) -> None:
        """Nobody calls it here: commands go beside it."""

    async def execute(self, command: Command, _report: Report) -> Outcome:
        self.told.append(command.id)
        if command.args.text == "crash":
            raise RuntimeError("a fault of the driver")
        return Outcome("done")


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    journal = await Journal.open(tmp_path / "journal.sqlite")
    yield journal
    await journal.close()


def now() -> Moment:
    return Moment(datetime.now(UTC), time.monotonic(), trusted=True, live=True)


def order(id_: str, text: str, ttl: float) -> Order:
    issued = time.time()
    args = msgspec.json.encode({"text": text})
    return Order(id_, "echo1", "say", args, issued, issued + ttl)


@asynccontextmanager
async def dispatching(
    journal: Journal, driver: Noting, online: asyncio.Event, *orders: Order
) -> AsyncIterator[None]:
    seal = Seal("echo1", "b00t", NumberPlan())
    target = Target(seal, driver, {"say": Say}, {"say": 10}, online)
    inbox = Inbox(journal, "crm")
    await inbox.open()
    dispatcher = Dispatcher(inbox, journal, {"echo1": target}, "b00t", now)
    dispatcher.time = CrmTime(time.time() - time.monotonic())
    inbox.asked_first(orders[0].issued - 1)
    try:
        async with asyncio.TaskGroup() as group:
            dispatcher.serve(group)
            dispatcher.submit(await inbox.accept(orders, 1, dispatcher.time.now(), []))
            yield
            group.create_task(_end())
    except* _Over:
        pass


async def results(journal: Journal, count: int) -> dict[str, str]:
    async with asyncio.timeout(60):
        while journal.last < count:
            await journal.changed(journal.last)
    told = [msgspec.json.decode(event.data) for event in await journal.read(0)]
    return {each["command_id"]: each["state"] for each in told}


async def test_a_disk_that_held_the_box_up_makes_no_command_late(
    journal: Journal, tmp_path: Path
) -> None:
    """The device comes in time; that the command is started is written down too late."""
    driver, online = Noting(), asyncio.Event()
    async with dispatching(journal, driver, online, order("c1", "hello", LATE)):
        with closing(sqlite3.connect(tmp_path / "journal.sqlite", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            online.set()
            await asyncio.sleep(LATE + 0.1)  # the deadline passes
            assert driver.told == []
            other.execute("ROLLBACK")
        assert await results(journal, 1) == {"c1": "expired"}
    assert driver.told == []


async def test_a_fault_of_the_driver_is_unknown_and_the_next_command_is_done(
    journal: Journal,
) -> None:
    driver, online = Noting(), asyncio.Event()
    online.set()
    orders = (order("c1", "crash", 30), order("c2", "hello", 30))
    async with dispatching(journal, driver, online, *orders):
        assert await results(journal, 2) == {"c1": "unknown", "c2": "done"}
    assert driver.told == ["c1", "c2"]
