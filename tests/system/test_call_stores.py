"""A day from the exchange's serial port to PayamGostar and to a CRM of the OpenCRM form, at once.

The box is a real process and is killed while it delivers. Live calls, as they are here, can be
found again at PayamGostar; what is over before it is told cannot, nor anything at the other.
"""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import tomli_w
from aiohttp import web

from drivers.panasonic.exchange_port import Pace, SerialPort, serve_pty
from drivers.panasonic.expected import Expected, expected
from drivers.panasonic.printout import with_headings
from edge.delivery.call_store.stand_in import Moment, StandIn
from edge.delivery.destinations.opencrm.stand_in import OpenCrmStandIn
from edge.delivery.destinations.payamgostar.stand_in import PayamGostarStandIn
from tests.system.paper import BAUD, day_of
from tests.system.processes import SECONDS, Box, eventually

DAY = day_of("KX-TDA200", 40, 5, received=True, answered=True)
AT_ONCE = Pace(longest_wait=0)
TYPES = {"outgoing": 3, "internal": 4}


@asynccontextmanager
async def serving(stand_in: StandIn) -> AsyncIterator[str]:
    runner = web.AppRunner(stand_in.app(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


def settle(box: Box, port: SerialPort, *crms: dict[str, Any]) -> None:
    settings = {"model": "KX-TDA200", "area_code": "51", "hidden_extensions": ["601", "602", "691"]}
    device = {
        "key": "pbx1",
        "driver": "panasonic",
        "link": {"serial": str(port.path)},
        "settings": settings,
    }
    site = {
        "version": 1,
        "name": "mashhad",
        "timezone": "Asia/Tehran",
        "device": [device],
        "destination": list(crms),
    }
    (box.data / "site.toml").write_text(tomli_w.dumps(site))


async def test_both_know_the_day_and_what_a_kill_may_double(box: Box, port: SerialPort) -> None:
    pay, other = PayamGostarStandIn(), OpenCrmStandIn()
    other.knows_again = True
    async with serving(pay) as pay_url, serving(other) as other_url:
        access = {"url": pay_url, "username": pay.user, "password": pay.password}
        settle(
            box,
            port,
            {"name": "crm", "kind": "payamgostar", "settings": access},
            {"name": "other", "kind": "opencrm", "settings": {"url": other_url}},
        )
        pay.bad_day.order("503", seconds=1.0)
        other.bad_day.order("503", seconds=1.0)
        await box.start()
        await serve_pty(with_headings(DAY.printed, DAY.exchange), port, BAUD, AT_ONCE)

        async def stored() -> bool:
            return box.stored("call.%") >= len(DAY.printed)

        await eventually(stored, "all lines on disk")
        pay.bad_day.order("none")
        other.bad_day.order("none")
        kills = 3
        for _ in range(kills):
            struck = _kill_at(pay, 25, box)
            async with asyncio.timeout(SECONDS):
                await struck.wait()
            box.kill()
            box.spawn()
        await box.settled(60.0)
        assert await box.stop() == 0

    happened = [one for call in DAY.calls for one in expected(call, DAY.exchange)]
    truth = Counter(_type(one) for one in happened)
    types = {call.source: call.type for call in pay.calls if call.end is not None}
    assert Counter(types.values()) == truth
    assert pay.logins == kills + 1
    assert len(pay.calls) <= truth.total() + kills
    assert len(other.calls) == truth.total()
    assert {call.end is not None for call in other.calls} == {True}
    assert box.log.count("Traceback") == 0


def _kill_at(stand_in: StandIn, count: int, box: Box) -> asyncio.Event:
    """SIGKILL when so many more requests were done, before the last one is answered."""
    struck = asyncio.Event()

    def watch(moment: Moment, _: str) -> None:
        nonlocal count
        count -= moment == "done"
        if count == 0 and not struck.is_set():
            os.kill(box.pid, signal.SIGKILL)
            struck.set()

    stand_in.watch = watch
    return struck


def _type(one: Expected) -> int:
    if one.direction == "incoming":
        return 2 if one.outcome == "answered" else 1
    return TYPES[one.direction]
