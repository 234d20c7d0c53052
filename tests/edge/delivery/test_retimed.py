"""Times as they leave the box: a real journal, a real CRM, and a clock that is fed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import msgspec

from edge.delivery.backoff import Pace
from edge.delivery.destinations.link.destination import LinkDestination
from edge.delivery.destinations.link.settings import LinkSettings
from edge.delivery.forwarder import Forwarder
from edge.delivery.retimed import Retimed, Times
from edge.delivery.terms import Terms
from edge.intake.clock import BoxClock, Reading
from edge.journal.records import Sealed
from edge.journal.retime import Point, Timeline
from tests.edge.delivery.conftest import TOKEN, House

RIGHT = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
WRONG = datetime(1970, 1, 1, tzinfo=UTC)


def note(boot: str, monotonic: float, time: datetime, *, trusted: bool = False) -> Sealed:
    return Sealed(
        device="box",
        type="box.health",
        subject=None,
        time=time,
        timequality="synced" if trusted else "estimated",
        boot=boot,
        monotonic=monotonic,
        data=b"{}",
    )


@asynccontextmanager
async def forwarding(house: House, clock: BoxClock) -> AsyncIterator[None]:
    settings = LinkSettings(url=house.crm.url, token=TOKEN)
    link = LinkDestination(settings, patience=30.0)
    right = Retimed(link, Times(house.journal, clock), clock)
    terms = Terms(Pace(base=0.01, cap=0.05, refused=0.05))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(Forwarder("crm", house.journal, right, terms).run())
        yield
        task.cancel()


async def received(house: House) -> list[dict[str, Any]]:
    await house.settled()
    async with aiohttp.ClientSession() as session, session.get(f"{house.crm.url}/events") as told:
        return [msgspec.json.decode(line) for line in (await told.text()).splitlines()]


def in_boot(boot: str, timeline: Timeline | None = None) -> BoxClock:
    """Nobody has told this boot the time; its wall clock is in 1970."""
    return BoxClock(boot, timeline or Timeline(), Reading(1000.0, 1000.0, synchronized=False))


async def test_a_boot_without_trust_lies_between_its_neighbours(house: House) -> None:
    hour = timedelta(hours=1)
    await house.journal.append([note("a", 50.0, RIGHT, trusted=True)])
    await house.journal.append([note("b", float(n), WRONG) for n in range(1200)])
    await house.journal.append([note("c", 20.0, RIGHT + hour, trusted=True)])
    async with forwarding(house, in_boot("d")):
        first, *lost, last = await received(house)
    assert (first["timequality"], last["timequality"]) == ("synced", "synced")
    assert len(lost) == 1200
    for event in lost:
        assert event["timequality"] == "estimated"
        assert event["timenotbefore"] == "2026-11-21T08:00:00Z"
        assert event["timenotafter"] == "2026-11-21T09:00:00Z"
    assert "timenotbefore" not in first
    assert "timenotafter" not in last


async def test_the_last_boot_without_trust_ended_before_this_one_began(house: House) -> None:
    await house.journal.append([note("b", 5.0, WRONG)])
    before = datetime.now(UTC)
    async with forwarding(house, in_boot("c")):
        (event,) = await received(house)
    assert event["timequality"] == "estimated"
    assert "timenotbefore" not in event
    began = datetime.fromisoformat(event["timenotafter"])
    uptime = asyncio.get_running_loop().time()
    assert abs((before - began).total_seconds() - uptime) < 3, "the CRM told when this boot began"


async def test_an_earlier_boot_that_learned_the_time_is_corrected(house: House) -> None:
    timeline = Timeline().with_point("a", Point(60.0, RIGHT.timestamp()))
    await house.journal.append([note("a", 5.0, WRONG), note("b", 5.0, WRONG)])
    async with forwarding(house, in_boot("c", timeline)):
        known, unknown = await received(house)
    assert (known["timequality"], known["time"]) == ("corrected", "2026-11-21T08:00:05Z")
    assert unknown["timequality"] == "estimated"
    assert unknown["timenotbefore"] == "2026-11-21T08:00:05Z"


async def test_a_crm_that_shows_no_time_gets_the_events_all_the_same(house: House) -> None:
    """It answers the question with something else; the events are not held back."""
    await house.journal.append([note("c", 5.0, WRONG)])
    house.misbehave("400", requests=1)
    async with forwarding(house, in_boot("c")):
        (event,) = await received(house)
    assert event["timequality"] == "estimated"
