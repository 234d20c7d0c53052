"""What a technician sees of an exchange on the network, in `payvand status --json`."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from functools import partial
from itertools import cycle
from typing import Any
from zoneinfo import ZoneInfo

from drivers.contract import Moment, Surroundings
from drivers.events import Call, Fact
from drivers.panasonic.exchange_lan import LanPort, LanRules
from drivers.panasonic.exchange_port import Pace
from drivers.panasonic.session import LanSession
from drivers.panasonic.settings import PanasonicSettings
from tests.ports import free_port
from tests.system.paper import START, assert_same, day_of
from tests.system.processes import SECONDS, Box, Crm, eventually, of_type, payvand

DAY = day_of("KX-TDE200", 20, 21)
AT_ONCE = Pace(longest_wait=0)
Address = tuple[str, int]


@asynccontextmanager
async def _exchange(
    box: Box, rules: LanRules, url: str | None = None
) -> AsyncIterator[tuple[LanPort, tuple[str, int]]]:
    """An exchange on the network with a day in its memory; the box is set up for it."""
    lan = LanPort(DAY.exchange, rules)
    listener = socket.create_server(("127.0.0.1", 0))
    host, port = listener.getsockname()
    box.settle({"tcp": f"{host}:{port}"}, {"model": "KX-TDE200"}, url)
    serving = asyncio.ensure_future(lan.serve(listener, DAY.printed, AT_ONCE))
    try:
        yield lan, (host, port)
    finally:
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.wait_for(serving, SECONDS)


async def _seen(box: Box) -> dict[str, Any]:
    """The device in `payvand status --json`."""
    done = await asyncio.to_thread(payvand, "status", "--json", "--data", box.data)
    assert (done.returncode, done.stderr) == (0, "")
    device: dict[str, Any] = json.loads(done.stdout)["devices"][0]
    return device


async def test_the_exchange_replays_what_it_kept(box: Box, crm: Crm) -> None:
    await crm.start()
    async with _exchange(box, LanRules(), crm.url) as (lan, _):
        await lan.wait_printed(len(DAY.printed))
        box.spawn()

        (told,) = await crm.told("device.online", "replayed")
        count = len(DAY.printed)
        assert f"replayed {count} stored records, {count} new" in told["data"]["advice"]
        await crm.told("call.ended", count=sum(DAY.truth.values()))
        assert_same(await crm.calls(), DAY)
        device = await _seen(box)
        assert (device["state"], device["code"]) == ("online", "replayed")

        await box.stop()
        await box.start()
        again = (await crm.told("device.online", "replayed", count=2))[-1]
        assert f"replayed {count} stored records, 0 new" in again["data"]["advice"]
        await box.settled()
        assert len(of_type(await crm.events(), "call.*")) == count


async def test_a_wrong_password(box: Box) -> None:
    async with _exchange(box, LanRules(password="another", retry_seconds=0.1)):
        box.spawn()
        await box.becomes("offline", "wrong-password")
        device = await _seen(box)
        assert "does not take the SMDR password" in device["advice"]
        assert box.log.count("SMDR password") == 1
        assert "PCCSMDR" not in box.log.replace("(by default PCCSMDR)", "")


async def test_rejected_because_another_client_is_connected(box: Box) -> None:
    async with _exchange(box, LanRules()) as (lan, _):
        lan.busy = True
        box.spawn()
        await box.becomes("offline", "rejected")
        device = await _seen(box)
        assert "another SMDR client holds it" in device["advice"]


async def test_taken_over_again_and_again_by_another_client(box: Box) -> None:
    async with _exchange(box, LanRules(second_client="takes over")) as (_, address):
        box.spawn()
        rival = asyncio.ensure_future(_take_over_again_and_again(box, *address))
        try:
            await box.becomes("offline", "taken-over")
        finally:
            rival.cancel()
            with suppress(asyncio.CancelledError):
                await rival
        device = await _seen(box)
        assert "Another SMDR client" in device["advice"]
        assert "one client at a time" in device["advice"]


async def test_no_exchange_at_the_address(box: Box) -> None:
    host, port = "127.0.0.1", free_port()
    box.settle({"tcp": f"{host}:{port}"}, {"model": "KX-TDE200"}, None)
    box.spawn()
    await box.becomes("offline", "host-refuses")
    device = await _seen(box)
    assert f"nothing listens on port {port} of {host}" in device["advice"]


async def test_who_is_refused_was_not_online(box: Box, crm: Crm) -> None:
    """Else the CRM hears of a device that comes and goes with every attempt, once a minute."""
    await crm.start()
    async with _exchange(box, LanRules(password="another", retry_seconds=0.1), crm.url):
        box.spawn()
        await crm.told("device.offline", "wrong-password")
        assert of_type(await crm.events(), "device.online") == []


def test_calls_are_told_though_the_exchange_never_falls_silent() -> None:
    """A line every two seconds, for an hour: a large exchange on a busy morning. Time is fed."""
    settings = PanasonicSettings(model="KX-TDE200")
    session = LanSession(settings, Surroundings(ZoneInfo("Asia/Tehran"), "t", "tcp"), b"")

    def at(second: int) -> Moment:
        return Moment(START + timedelta(seconds=second), float(second), trusted=True, live=True)

    session.tick(at(0))
    for said in (b"-", b"SMDR\rEnter Password:", b"*******\r\n"):
        session.feed(said)
    facts: list[Fact] = []
    for second, line in zip(range(1, 3600, 2), cycle(DAY.printed), strict=False):
        facts += session.tick(at(second))
        facts += session.feed(line.text)
    assert any(isinstance(fact, Call) for fact in facts)


async def _take_over_again_and_again(box: Box, host: str, port: int) -> None:
    """A program that wants the line whenever the box has it, as an old logger on a PC does."""
    before = 0
    while True:
        before = await eventually(partial(_let_in, box, before), "the box is let in")
        reader, writer = await asyncio.open_connection(host, port)
        try:
            async with asyncio.timeout(SECONDS):
                await reader.readuntil(b"-")
                writer.write(b"SMDR\r\n")
                await reader.readuntil(b"Password:")
                writer.write(b"PCCSMDR\r\n")
                while await reader.read(4096):
                    pass
        except (OSError, asyncio.IncompleteReadError):
            continue
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


async def _let_in(box: Box, before: int) -> int | None:
    """How many bytes the box has had, when a replay has come since it had `before`."""
    device = await box.device()
    replayed = device is not None and device.bytes_in > before + 500
    return device.bytes_in if device and replayed else None
