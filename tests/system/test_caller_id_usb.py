"""HID units under a real supervisor and journal, on a simulated bus that pyusb takes for real."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import usb.backend.libusb1

from drivers.callerid import line
from drivers.callerid.driver import CallerIdDriver
from drivers.callerid.settings import CallerIdSettings
from drivers.contract import Surroundings
from drivers.wire.address import HidAddress
from drivers.wire.simulated_usb import SimulatedUsb
from edge.intake import clock
from edge.intake.intake import Intake
from edge.intake.seal import Seal, number_plan
from edge.intake.supervisor import Supervisor
from edge.journal.journal import Journal
from edge.journal.retime import Timeline
from tests.system.processes import SECONDS, eventually

RING, LIFTED, PUT_BACK = (bytes([0, 8, state]) for state in (0x07, 0x04, 0x01))
BACK_SECONDS = 3.0 + 5.0
"""The promise, and what a loaded machine may take on top."""


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimulatedUsb:
    bus = SimulatedUsb(tmp_path / "root")
    monkeypatch.setattr(usb.backend.libusb1, "get_backend", lambda: bus)
    return bus


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    journal = await Journal.open(tmp_path / "journal.sqlite")
    yield journal
    await journal.close()


@asynccontextmanager
async def served(
    journal: Journal, bus: SimulatedUsb, key: str, address: HidAddress
) -> AsyncIterator[Supervisor]:
    settings = CallerIdSettings(profile="ad101")
    now = clock.BoxClock(clock.boot_id(), Timeline(), clock.read_kernel()).now
    driver = CallerIdDriver(settings, Surroundings(ZoneInfo("Asia/Tehran"), key), now)
    intake = Intake(Seal(key, clock.boot_id(), number_plan(settings)), journal, now)
    supervisor = Supervisor("callerid", address, driver, intake, journal, bus.root)
    keeping = asyncio.ensure_future(supervisor.keep())
    try:
        yield supervisor
    finally:
        keeping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(keeping, SECONDS)


async def becomes(supervisor: Supervisor, state: str) -> None:
    async def look() -> bool:
        return supervisor.status.state == state

    await eventually(look, f"{supervisor.status.key} {state}")


async def told(journal: Journal, kind: str, count: int = 1) -> list[tuple[str, dict[str, Any]]]:
    """Wait for so many events of a type; device and data of each."""

    async def look() -> list[tuple[str, dict[str, Any]]] | None:
        found = [
            (event.device, json.loads(event.data))
            for event in await journal.read(0)
            if event.type == kind
        ]
        return found if len(found) >= count else None

    return await eventually(look, f"{count} {kind}")


async def test_a_unit_put_back_is_served_again_and_its_call_goes_on(
    bus: SimulatedUsb, journal: Journal
) -> None:
    unit = bus.plug("1-1")
    async with served(journal, bus, "lines", HidAddress("16c0:05da")) as supervisor:
        await becomes(supervisor, "online")
        unit.send(RING)
        unit.send(LIFTED)
        await told(journal, "call.answered")
        bus.unplug("1-1")
        await becomes(supervisor, "offline")
        unit = bus.plug("1-1")
        back = time.monotonic()
        await becomes(supervisor, "online")
        assert time.monotonic() - back < BACK_SECONDS
        unit.send(PUT_BACK)
        ((device, call),) = await told(journal, "call.ended")
        assert (device, call["line"], call["outcome"]) == ("lines", "1", "answered")


async def test_the_call_of_a_unit_that_stays_away_ends_as_unknown(
    bus: SimulatedUsb, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "AWAY", 1.0)
    unit = bus.plug("1-1")
    async with served(journal, bus, "lines", HidAddress("16c0:05da")) as supervisor:
        await becomes(supervisor, "online")
        unit.send(RING)
        unit.send(LIFTED)
        await told(journal, "call.answered")
        bus.unplug("1-1")
        ((_, call),) = await told(journal, "call.ended")
        assert call["outcome"] == "unknown"
        assert supervisor.status.state == "offline"


async def test_two_alike_are_two_devices(bus: SimulatedUsb, journal: Journal) -> None:
    async with AsyncExitStack() as stack:
        for path, key in (("1-1.1", "left"), ("1-1.2", "right")):
            bus.plug(path)
            address = HidAddress("16c0:05da", path)
            await becomes(
                await stack.enter_async_context(served(journal, bus, key, address)), "online"
            )
        for unit, number in zip(bus.enumerate_devices(), (b"0912", b"0935"), strict=True):
            unit.send(b"\x00\x09" + number + b"0001122\0")
            unit.send(RING)
        calls = await told(journal, "call.ringing", 2)
        numbers = {device: call["number_raw"] for device, call in calls}
        assert numbers == {"left": "09120001122", "right": "09350001122"}
