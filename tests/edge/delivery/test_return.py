"""500 boxes whose CRM comes back: nobody asks it for more than it said that it can take.

By the real clock: 500 real forwarders, all at the same moment, at a CRM that says 429 and tells
them how long to wait; they share a journal, whose matter this is not. By a clock that is fed: the
waits of 500 boxes through outages of any length, each box with something to send all the time,
which is the worst.
"""

import asyncio
import heapq
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import msgspec
import pytest
from aiohttp import web

from edge.delivery.backoff import Pace
from edge.delivery.destinations.link.destination import LinkDestination
from edge.delivery.destinations.link.settings import LinkSettings
from edge.delivery.forwarder import Forwarder
from edge.journal.journal import Journal
from tests.edge.delivery.conftest import call

if TYPE_CHECKING:
    from collections.abc import Iterator

BOXES = 500
EVENTS = 60
"""As many as an hour of outage leaves in a branch."""
RATE = 100
"""Requests a second that the CRM can take."""
QUICK_RATE = 200
"""The same of one that tells the boxes to wait."""
RETRY_AFTER = 2 * BOXES // QUICK_RATE
"""Twice as long as all boxes would take at that rate."""


@dataclass
class SlowCrm:
    """All boxes are there at once, so it says 429 to each of them, once."""

    refused: dict[str, float] = field(default_factory=dict)
    """When each box was told to wait."""
    hasty: int = 0
    """Requests that came sooner than they were told to."""
    stored: Counter[tuple[str, str]] = field(default_factory=Counter)
    url: str = ""

    async def post(self, request: web.Request) -> web.Response:
        now = monotonic()
        box = request.match_info["box"]
        body = await request.read()
        if box not in self.refused:
            self.refused[box] = now
            return web.json_response({}, status=429, headers={"Retry-After": str(RETRY_AFTER)})
        self.hasty += now < self.refused[box] + RETRY_AFTER
        events = msgspec.json.decode(body)
        self.stored.update((box, event["id"]) for event in events)
        return web.json_response({"through": int(events[-1]["sequence"])})


def most_in_a_second(times: list[float]) -> int:
    """Of these times, rising, in any second."""
    return max((_within_a_second(times, n) for n in range(len(times))), default=0)


def _within_a_second(times: list[float], first: int) -> int:
    end = times[first] + 1
    return next((n for n in range(first, len(times)) if times[n] >= end), len(times)) - first


@asynccontextmanager
async def slow_crm() -> AsyncIterator[SlowCrm]:
    crm = SlowCrm()
    app = web.Application()
    app.router.add_post("/{box}/v1/events", crm.post)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=2 * BOXES).start()
    crm.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield crm
    await runner.cleanup()


async def test_500_boxes_at_once_keep_to_the_rate_that_the_crm_tells(tmp_path: Path) -> None:
    """When they mean to come back counts: how late they are then is the machine's matter."""
    journal = await Journal.open(tmp_path / "journal.sqlite")
    await journal.append([call(n) for n in range(1, EVENTS + 1)])
    names = [str(number) for number in range(BOXES)]
    due: dict[str, float] = {}
    async with slow_crm() as crm:
        settings = {name: LinkSettings(url=f"{crm.url}/{name}") for name in names}
        forwarders = {
            name: Forwarder(name, journal, LinkDestination(settings[name])) for name in names
        }
        async with asyncio.timeout(120), asyncio.TaskGroup() as group:
            tasks = [group.create_task(each.run()) for each in forwarders.values()]
            while any(journal.pending(name) for name in names):
                for name, forwarder in forwarders.items():
                    if (wait := forwarder.progress.next_try_in) is not None:
                        due.setdefault(name, monotonic() + wait)
                await asyncio.sleep(0.05)
            for task in tasks:
                task.cancel()
    await journal.close()
    assert len(crm.stored) == BOXES * EVENTS
    assert set(crm.stored.values()) == {1}
    assert len(due) == len(crm.refused) == BOXES
    assert crm.hasty == 0
    assert most_in_a_second(sorted(due.values())) <= QUICK_RATE


@pytest.mark.parametrize(
    ("outage", "requests"), [(20.0, 1), (60.0, 1), (600.0, 1), (3600.0, 2), (86400.0, 6)]
)
def test_after_an_outage_500_boxes_come_back_below_the_rate_by_themselves(
    outage: float, requests: int
) -> None:
    """Without a word of the CRM, each with as many requests as the outage left it."""
    arrivals = sorted(_arrivals(outage, requests))
    assert len(arrivals) == requests * BOXES
    assert most_in_a_second(arrivals) <= RATE


def _arrivals(outage: float, requests: int) -> "Iterator[float]":
    """When requests reach the CRM, in seconds after it came back; a request takes 0.05."""
    pace, order = Pace(), count()
    waiting = [(random.uniform(0, 1), next(order), 1) for _ in range(BOXES)]
    while waiting:
        now, _, failures = heapq.heappop(waiting)
        if now >= outage:
            yield from (now - outage + 0.05 * n for n in range(requests))
        else:
            again = now + pace.after_failure(failures)
            heapq.heappush(waiting, (again, next(order), failures + 1))
