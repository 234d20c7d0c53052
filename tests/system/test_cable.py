"""The serial cable pulled and put back, under the same name and under another one."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from drivers.contract import Surroundings
from drivers.panasonic.driver import PanasonicDriver
from drivers.panasonic.exchange_port import SerialPort
from drivers.panasonic.settings import PanasonicSettings
from drivers.wire.address import SerialAddress
from edge.intake import clock
from edge.intake.intake import Intake
from edge.intake.seal import Seal, number_plan
from edge.intake.supervisor import Supervisor
from edge.journal.journal import Journal
from edge.journal.retime import Timeline
from tests.system.paper import assert_same, day_of
from tests.system.processes import (
    SECONDS,
    Box,
    Crm,
    assert_exactly_once,
    eventually,
    of_type,
)

DAY = day_of("KX-TDA100", 30, 3)


async def test_calls_go_on_after_the_cable_is_back(box: Box, crm: Crm, port: SerialPort) -> None:
    """Lines that the exchange prints while the cable is out are not claimed: it keeps them back."""
    await crm.start()
    box.settle({"serial": str(port.path)}, {"model": "KX-TDA100"}, crm.url)
    await box.start()
    parts = DAY.printed[:20], DAY.printed[20:40], DAY.printed[40:]

    for number, lines in enumerate(parts):
        if number:
            port.unplug()
            if number == 1:
                await box.becomes("offline", "port-missing")
            port.plug()
            await _lost(box, number)
            await box.becomes("online")
        before = box.stored("call.%")
        for line in lines:
            await port.write(line.text)
        await _stored(box, before + len(lines))

    await box.settled()
    events = await crm.events()
    assert_exactly_once(events)
    assert_same(await crm.calls(), DAY)
    told = [event["type"] for event in of_type(events, "device.*")]
    assert told == ["device.online", *["device.offline", "device.online"] * 2]
    assert box.log.count("is gone") == 2
    assert box.log.count("Connected on") == 3


async def test_a_line_torn_by_the_cable_makes_no_call(box: Box, crm: Crm, port: SerialPort) -> None:
    await crm.start()
    box.settle({"serial": str(port.path)}, {"model": "KX-TDA100"}, crm.url)
    await box.start()
    whole = DAY.printed[0].text

    await port.write(whole[:30])
    await _read(box, 30)
    port.unplug()
    await box.becomes("offline", "port-missing")
    port.plug()
    await box.becomes("online")
    await port.write(whole[30:])
    await _read(box, len(whole))
    await port.write(whole)
    await _read(box, 2 * len(whole))

    await _stored(box, 1)
    await box.settled()
    events = await crm.events()
    assert len(of_type(events, "call.*")) == 1
    assert of_type(events, "wire.unrecognized") == []


async def _lost(box: Box, times: int) -> None:
    async def look() -> bool:
        return box.stored("device.offline") == times

    await eventually(look, f"the port was lost {times} times")


async def _stored(box: Box, calls: int) -> None:
    async def look() -> bool:
        return box.stored("call.%") >= calls

    await eventually(look, f"{calls} lines stored, {box.stored('call.%')} are")


async def _read(box: Box, count: int) -> None:
    async def look() -> bool:
        device = await box.device()
        return device is not None and device.bytes_in >= count

    await eventually(look, f"{count} bytes read")


# Another name: what the kernel shows of USB adapters is laid out below a root of the test's.


class Socket:
    """A USB adapter in one socket; each time it is plugged in it may get another tty name."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._place = root / "sys/devices/usb1/1-1/1-1.2"
        self._tty = ""
        self.port: SerialPort
        for folder in ("dev", "sys/class/tty", "sys/devices/usb1/1-1/1-1.2/1-1.2:1.0"):
            (root / folder).mkdir(parents=True)
        for file, text in (("idVendor", "1a86"), ("idProduct", "7523")):
            (self._place / file).write_text(f"{text}\n")
        (self._place / "1-1.2:1.0/bInterfaceNumber").write_text("00\n")

    def plug(self, tty: str) -> None:
        self._tty = tty
        device = self._place / "1-1.2:1.0" / tty
        device.mkdir()
        (self._root / "sys/class/tty" / tty).mkdir()
        (self._root / "sys/class/tty" / tty / "device").symlink_to(device)
        self.port = SerialPort(self._root / "dev" / tty)
        self.port.plug()

    def unplug(self) -> None:
        self.port.unplug()
        (self._root / "sys/class/tty" / self._tty / "device").unlink()
        (self._root / "sys/class/tty" / self._tty).rmdir()
        (self._place / "1-1.2:1.0" / self._tty).rmdir()


@asynccontextmanager
async def _served(
    journal: Journal, address: SerialAddress, root: Path
) -> AsyncIterator[Supervisor]:
    settings = PanasonicSettings(model="KX-TDA100", hidden_extensions=("601", "602", "691"))
    now = clock.BoxClock(clock.boot_id(), Timeline(), clock.read_kernel()).now
    driver = PanasonicDriver(settings, Surroundings(ZoneInfo("Asia/Tehran"), "t"), now)
    intake = Intake(Seal("pbx1", clock.boot_id(), number_plan(settings)), journal, now)
    supervisor = Supervisor("panasonic", address, driver, intake, journal, root)
    keeping = asyncio.ensure_future(supervisor.keep())
    try:
        yield supervisor
    finally:
        keeping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(keeping, SECONDS)


async def test_the_adapter_is_found_again_under_another_name(tmp_path: Path) -> None:
    root = tmp_path / "root"
    socket = Socket(root)
    socket.plug("ttyUSB0")
    address = SerialAddress("/dev/ttyUSB0")
    journal = await Journal.open(tmp_path / "journal.sqlite")
    try:
        async with _served(journal, address, root) as supervisor:
            await _is(supervisor, "online")
            await _print(journal, socket, 0, 15)

            socket.unplug()
            await _is(supervisor, "offline")
            socket.plug("ttyUSB3")
            await _is(supervisor, "online")
            assert supervisor.status.link.startswith("/dev/ttyUSB3 ")
            await _print(journal, socket, 15, 30)
            socket.unplug()

        # And after a restart of the box, while the settings still say ttyUSB0.
        socket.plug("ttyUSB1")
        async with _served(journal, address, root) as supervisor:
            await _is(supervisor, "online")
            assert supervisor.status.link.startswith("/dev/ttyUSB1 ")
            await _print(journal, socket, 30, len(DAY.printed))
            socket.unplug()

        last: dict[str, Any] = {}
        for event in await journal.read(0):
            if event.type.startswith("call."):
                data = json.loads(event.data)
                last[data["call_id"]] = data
        assert sum(DAY.truth.values()) == len(last)
        said = sorted((call["line"] or "", call["talk_seconds"] or 0) for call in last.values())
        true = sorted((one[1] or "", one[8] or 0) for one in DAY.truth.elements())  # type: ignore[index]
        assert said == true
    finally:
        await journal.close()


async def _is(supervisor: Supervisor, state: str) -> None:
    async def look() -> bool:
        return supervisor.status.state == state

    await eventually(look, f"device {state}")


async def _print(journal: Journal, socket: Socket, first: int, end: int) -> None:
    """Print lines of the day and wait until each is stored: a line is one event."""

    async def look() -> bool:
        events = await journal.read(0)
        return sum(event.type.startswith("call.") for event in events) >= end

    for line in DAY.printed[first:end]:
        await socket.port.write(line.text)
    await eventually(look, f"{end} lines stored")
