"""After an outage: new events first, the backlog behind them, each once, every range true."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING

import msgspec
import pytest

from edge.delivery.cloudevents import MAX_EVENTS
from edge.delivery.restraint import Forwarding, Restraint
from edge.journal.records import Position
from tests.edge.delivery.conftest import call

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from collections.abc import Set as AbstractSet

    from edge.delivery.destination import Batch
    from edge.journal.journal import Sealed
    from tests.edge.delivery.conftest import House

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def quiet(now: datetime = NOON) -> Restraint:
    """A line on which the backlog never goes at noon."""
    return Restraint(Forwarding(backlog_quiet_hours="08:00-16:00"), UTC, lambda: now)


def subject(event: "Sealed", name: str, stage: str) -> "Sealed":
    return msgspec.structs.replace(event, subject=f"call/{name}", type=f"call.{stage}")


def assert_ranges_true(requests: "list[Batch]", refused: "AbstractSet[int]" = frozenset()) -> None:
    for batch in requests:
        sent = {event.sequence for event in batch.events}
        assert set(range(batch.first, batch.last + 1)) - sent <= refused


@asynccontextmanager
async def _outage(house: "House", count: int) -> "AsyncIterator[None]":
    """The CRM is gone while `count` events come; what the body does happens before it is back."""
    await house.stop_crm()
    await house.fill(count)
    yield
    await house.start_crm()


async def test_new_events_pass_the_backlog(house: "House") -> None:
    async with _outage(house, 4 * MAX_EVENTS):
        pass
    async with house.forwarding(restraint=quiet()) as forwarder:
        # The first batch told that the CRM is back; the rest waits for a better hour.
        await house.until(lambda: forwarder.progress.behind == 3 * MAX_EVENTS)
        await house.fill(3)
        await house.until(lambda: forwarder.progress.backlog == 3 * MAX_EVENTS)
        now = forwarder.progress
        assert now.behind_waits is not None
        assert 0 < now.behind_waits <= 4 * 3600
        assert house.journal.position("crm") == Position(MAX_EVENTS, (2001, 2003))
    assert await house.stored() == [*range(1, 501), 2001, 2002, 2003]
    # A new process goes on there, now that the line is free.
    async with house.forwarding() as forwarder:
        await house.settled()
        assert forwarder.progress.behind == 0
    assert await house.stored() == [*range(1, 501), 2001, 2002, 2003, *range(501, 2001)]
    assert await house.count("duplicates") == 0
    assert house.journal.position("crm") == Position(2003)
    assert_ranges_true(house.requests)


async def test_a_call_that_began_in_the_outage_keeps_its_order(house: "House") -> None:
    async with _outage(house, MAX_EVENTS + 100):
        began = [subject(call(n), "long", stage) for n, stage in ((1, "ringing"), (2, "answered"))]
        await house.journal.append(began)
        await house.fill(2 * MAX_EVENTS)
    async with house.forwarding(restraint=quiet()) as forwarder:
        await house.until(lambda: forwarder.progress.behind > 0)
        await house.journal.append([subject(call(3), "long", "ended")])
        last = house.journal.last
        await house.until(lambda: house.journal.position("crm").live == (last, last))
    assert await house.stored() == [*range(1, 501), 601, 602, 1603]
    async with house.forwarding():
        await house.settled()
    stored = await house.stored()
    assert sorted(stored) == list(range(1, last + 1))
    assert len(stored) == last
    assert_ranges_true(house.requests)


async def test_a_second_outage_makes_a_new_live_range(house: "House") -> None:
    async with _outage(house, 3 * MAX_EVENTS):
        pass
    async with house.forwarding(restraint=quiet()) as forwarder:
        await house.until(lambda: forwarder.progress.behind > 0)
        await house.fill(5)
        await house.until(lambda: house.journal.position("crm").live == (1501, 1505))
        async with _outage(house, 3 * MAX_EVENTS):
            await house.until(lambda: forwarder.progress.state == "retrying")
        await house.until(lambda: forwarder.progress.state == "working")
        await house.fill(1)
        await house.until(lambda: house.journal.position("crm").live == (3006, 3006))
        assert forwarder.progress.behind == 2505
    async with house.forwarding():
        await house.settled()
    stored = await house.stored()
    assert sorted(stored) == list(range(1, 3007))
    assert await house.count("duplicates") > 0  # what the first live range held
    assert_ranges_true(house.requests)


async def test_refused_events_of_both_lanes_are_parked_and_the_ranges_stay_true(
    house: "House",
) -> None:
    house.misbehave("reject", every=7)
    async with _outage(house, 3 * MAX_EVENTS):
        pass
    house.misbehave("reject", every=7)
    async with house.forwarding(restraint=quiet()) as forwarder:
        await house.until(lambda: forwarder.progress.behind > 0)
        await house.fill(20)
        await house.until(lambda: forwarder.progress.backlog == forwarder.progress.behind)
    async with house.forwarding():
        await house.settled()
    sevenths = {n for n in range(1, 1521) if n % 7 == 0}
    assert {each.sequence for each in await house.journal.parked("crm")} == sevenths
    assert sorted(await house.stored()) == [n for n in range(1, 1521) if n not in sevenths]
    assert_ranges_true(house.requests, sevenths)


async def test_a_gap_before_the_live_range_does_not_hold_it_up(house: "House") -> None:
    """After a restored backup the numbers before the first new event belong to nobody."""
    await house.fill(10)
    house.journal.advance("crm", Position(10, (900, 899)))
    async with house.forwarding():
        await house.until(lambda: house.journal.position("crm").live is None)
    assert house.journal.position("crm") == Position(899)
    assert await house.stored() == []


async def test_a_metered_line_carries_together_what_can_wait(house: "House") -> None:
    async with house.forwarding(restraint=Restraint(Forwarding(metered=True))):
        await house.fill(2)
        await house.journal.append([subject(call(3), "new", "ringing")])
        await house.settled()
    (batch,) = house.requests
    assert [event.sequence for event in batch.events] == [1, 2, 3]


class Counting:
    """Passes bytes on to the CRM and counts them."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.bytes = 0

    async def pass_on(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        far, forth = await asyncio.open_connection("127.0.0.1", self.port)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._copy(near, forth))
            group.create_task(self._copy(far, back))

    async def _copy(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            self.bytes += len(data)
            target.write(data)
            await target.drain()
        target.close()


async def test_bytes_on_the_wire_are_what_went_through(house: "House") -> None:
    proxy = Counting(int(house.crm.url.rpartition(":")[2]))
    await house.fill(2 * MAX_EVENTS)
    async with await asyncio.start_server(proxy.pass_on, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with house.forwarding(url=f"http://127.0.0.1:{port}") as forwarder:
            await house.settled()
            told = forwarder.progress
    assert told.delivered == 2 * MAX_EVENTS
    # On top of the payload come a header for each of a few dozen segments.
    assert proxy.bytes < told.wire_bytes < proxy.bytes + 200 * 52


MOODS = ("500", "503", "html", "drop-answer", "refuse", "429", "reject")


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_whatever_the_crm_does_each_call_keeps_its_order(house: "House", seed: int) -> None:
    draw = Random(seed)
    subjects: dict[int, str] = {}
    for _ in range(8):
        async with house.forwarding() as forwarder:
            for _ in range(3):
                mood = draw.choice(MOODS)
                house.misbehave(mood, requests=draw.randint(1, 3), seconds=0, every=13)
                names = [f"call-{draw.randint(1, 400)}" for _ in range(draw.choice((0, 3, 1300)))]
                first = house.journal.last + 1
                subjects |= {first + n: name for n, name in enumerate(names)}
                await house.journal.append(
                    [subject(call(first + n), name, "updated") for n, name in enumerate(names)]
                )
                await house.until(
                    lambda: bool(forwarder.progress.last_answer) or not forwarder.progress.backlog
                )
    house.misbehave("none")
    async with house.forwarding():
        await house.settled()
    stored = await house.stored()
    refused = {each.sequence for each in await house.journal.parked("crm")}
    assert len(stored) == len(set(stored))
    assert set(stored) | refused == set(subjects)
    last: dict[str, int] = {}
    for sequence in stored:
        assert last.get(subjects[sequence], 0) < sequence
        last[subjects[sequence]] = sequence
    assert_ranges_true(house.requests, refused)
