"""A fault of our own in one destination ends nothing else and loses nothing."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from edge.delivery.backoff import Pace
from edge.delivery.destination import Batch, Delivered
from edge.delivery.destinations.link.destination import LinkDestination
from edge.delivery.destinations.link.settings import LinkSettings
from edge.delivery.forwarder import Forwarder
from edge.delivery.terms import Terms
from edge.journal.journal import JournalFailed
from tests.edge.delivery.conftest import TOKEN, House

WORDS = "made-up fault"


class Faulty(LinkDestination):
    """The real link, with faults planted: each step raises as often as `faults` says."""

    def __init__(self, url: str, fault: Exception, **faults: int) -> None:
        super().__init__(LinkSettings(url=url, token=TOKEN), patience=30.0)
        self.fault = fault
        self.faults = Counter(faults)
        self.asked: Counter[str] = Counter()

    def _step(self, name: str) -> None:
        self.asked[name] += 1
        if self.faults[name] > 0:
            self.faults[name] -= 1
            raise self.fault

    async def start(self) -> None:
        self._step("start")
        await super().start()

    def pack(self, batch: Batch) -> bytes:
        self._step("pack")
        return super().pack(batch)

    async def deliver(self, batch: Batch, body: bytes) -> Delivered:
        self._step("deliver")
        delivered = await super().deliver(batch, body)
        self._step("delivered")
        return delivered

    async def close(self) -> None:
        await super().close()
        self._step("close")


def forwarder(house: House, destination: Faulty, base: float = 0.01) -> Forwarder:
    return Forwarder("crm", house.journal, destination, Terms(Pace(base=base, cap=base)))


@asynccontextmanager
async def running(made: Forwarder) -> AsyncIterator["asyncio.Task[None]"]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(made.run())
        yield task
        task.cancel()


@pytest.mark.parametrize("step", ["start", "pack", "deliver", "delivered"])
async def test_it_is_tried_again_and_nothing_is_lost(
    house: House, step: str, caplog: pytest.LogCaptureFixture
) -> None:
    await house.fill(1200)
    faulty = Faulty(house.crm.url, RuntimeError(WORDS), **{step: 2})
    async with running(forwarder(house, faulty)):
        await house.settled()
        await house.fill(3)
        await house.settled()
    assert await house.stored() == list(range(1, 1204))
    assert faulty.asked["start"] == faulty.asked["close"] == 3
    faults = [record for record in caplog.records if record.exc_info]
    assert len(faults) == 1
    assert WORDS in caplog.text
    assert "Traceback" in caplog.text


async def test_it_shows_as_retrying_with_advice_until_it_delivers(house: House) -> None:
    await house.fill(5)
    faulty = Faulty(house.crm.url, RuntimeError(WORDS), deliver=10**9)
    made = forwarder(house, faulty)
    async with running(made):
        await house.until(lambda: faulty.asked["deliver"] > 3)
        await house.until(lambda: made.progress.next_try_in is not None)
        stuck = made.progress
        assert (stuck.state, stuck.cursor, stuck.backlog) == ("retrying", 0, 5)
        assert "Payvand's own" in stuck.advice
        assert WORDS not in stuck.advice + stuck.last_answer
        faulty.faults.clear()
        await house.settled()
        assert (made.progress.state, made.progress.advice) == ("idle", "")
    assert await house.stored() == [1, 2, 3, 4, 5]


async def test_it_is_logged_even_when_the_crm_was_in_trouble_before(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "edge.delivery")
    house.misbehave("500")
    await house.fill(5)
    faulty = Faulty(house.crm.url, RuntimeError(WORDS))
    made = forwarder(house, faulty)
    async with running(made):
        await house.until(lambda: made.progress.last_answer == "HTTP 500")
        faulty.faults["deliver"] = 3
        await house.until(lambda: not faulty.faults["deliver"])
        house.misbehave("none")
        await house.settled()
    told = [record for record in caplog.records if record.name == "edge.delivery.forwarder"]
    assert [bool(record.exc_info) for record in told] == [False, True, False]
    assert await house.stored() == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("step", ["start", "deliver"])
async def test_the_failure_of_the_journal_ends_it(house: House, step: str) -> None:
    await house.fill(5)
    faulty = Faulty(house.crm.url, JournalFailed("made up"), **{step: 1})
    with pytest.raises((JournalFailed, ExceptionGroup)) as raised:
        async with asyncio.timeout(60):
            await forwarder(house, faulty).run()
    failed: BaseException = raised.value
    while isinstance(failed, ExceptionGroup):
        (failed,) = failed.exceptions
    assert isinstance(failed, JournalFailed)


async def test_a_fault_while_it_is_stopped_does_not_keep_it_running(house: House) -> None:
    await house.fill(5)
    faulty = Faulty(house.crm.url, RuntimeError(WORDS), close=10**9)
    async with running(forwarder(house, faulty)) as task:
        await house.settled()
    assert task.cancelled()
    assert faulty.asked["start"] == 1
