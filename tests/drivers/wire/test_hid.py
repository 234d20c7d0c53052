"""HID units on a simulated bus: a pyusb backend, and sysfs laid out below a root path."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from drivers.contract import Link
from drivers.detect.usb import UsbIdentity
from drivers.detect.usb_units import usb_units
from drivers.errors import DeviceError, DeviceRefused, LinkBusy, LinkLost, LinkMissing
from drivers.wire.address import HidAddress
from drivers.wire.hid import HidLink, open_hid
from drivers.wire.simulated_usb import SimulatedUsb

ADDRESS = HidAddress("16c0:05da")
LIMIT = 60


@pytest.fixture
def bus(tmp_path: Path) -> SimulatedUsb:
    return SimulatedUsb(tmp_path)


@asynccontextmanager
async def opened(
    bus: SimulatedUsb, address: HidAddress = ADDRESS, known: UsbIdentity | None = None
) -> AsyncIterator[Link]:
    link = await open_hid(address, bus.root, known, bus)
    try:
        yield link
    finally:
        await link.close()


async def take(link: Link, lines: int) -> list[str]:
    got = b""
    async with asyncio.timeout(LIMIT):
        while got.count(b"\n") < lines:
            got += await link.read()
    return got.decode().splitlines()


async def refused(bus: SimulatedUsb, address: HidAddress = ADDRESS) -> DeviceError:
    with pytest.raises(DeviceError) as caught:
        await open_hid(address, bus.root, None, bus)
    return caught.value


async def test_each_report_is_a_line_of_hex(bus: SimulatedUsb) -> None:
    unit = bus.plug("1-1.2")
    async with opened(bus) as link:
        unit.send(bytes([1, 8, 7]) + bytes(29))
        unit.send(b"\x01\x090912")
        assert await take(link, 2) == ["010807" + "00" * 29, "010930393132"]
        assert link.name == "USB unit 16c0:05da at 1-1.2"


async def test_the_kernels_driver_lets_go_and_gets_the_unit_back(bus: SimulatedUsb) -> None:
    unit = bus.plug("1-1")
    async with opened(bus):
        assert (unit.held, unit.claimed) == (False, True)
    assert (unit.held, unit.claimed) == (True, False)


async def test_a_unit_pulled_out_is_told_and_served_again(bus: SimulatedUsb) -> None:
    bus.plug("1-1")
    async with opened(bus) as link:
        bus.unplug("1-1")
        async with asyncio.timeout(LIMIT):
            with pytest.raises(LinkLost, match="plugged in"):
                await link.read()
    assert isinstance(await refused(bus), LinkMissing)
    unit = bus.plug("1-1")
    async with opened(bus) as link:
        unit.send(b"\x00\x08\x07")
        assert await take(link, 1) == ["000807"]


async def test_two_alike_are_told_apart_by_their_socket(bus: SimulatedUsb) -> None:
    units = {path: bus.plug(path) for path in ("1-1.1", "1-1.2")}
    error = await refused(bus)
    assert error.code == "unit-ambiguous"
    assert "1-1.1, 1-1.2" in error.advice
    for path, unit in units.items():
        async with opened(bus, HidAddress("16c0:05da", path)) as link:
            unit.send(path.encode())
            assert await take(link, 1) == [path.encode().hex()]


async def test_the_unit_that_was_served_before_wins(bus: SimulatedUsb) -> None:
    bus.plug("1-1.1")
    async with opened(bus) as link:
        assert isinstance(link, HidLink)
        known = link.identity
    other = bus.plug("1-1.2")
    async with opened(bus, known=known) as link:
        assert isinstance(link, HidLink)
        assert link.identity == known
        assert not other.claimed


async def test_permissions_are_told_with_the_rule_to_write(bus: SimulatedUsb) -> None:
    bus.plug("1-1").denied = True
    error = await refused(bus)
    assert isinstance(error, DeviceRefused)
    assert 'ATTR{idVendor}=="16c0", ATTR{idProduct}=="05da", GROUP="dialout"' in error.advice


async def test_another_program_has_it(bus: SimulatedUsb) -> None:
    bus.plug("1-1")
    async with opened(bus):
        assert isinstance(await refused(bus), LinkBusy)


async def test_a_unit_without_reports_is_no_hid_unit(bus: SimulatedUsb) -> None:
    bus.plug("1-1").hid = False
    assert (await refused(bus)).code == "unit-wrong"


async def test_nothing_is_ever_sent(bus: SimulatedUsb) -> None:
    bus.plug("1-1")
    async with opened(bus) as link:
        with pytest.raises(LinkLost):
            await link.write(b"\x00")


async def test_reports_that_nobody_reads_are_bounded(bus: SimulatedUsb) -> None:
    unit = bus.plug("1-1")
    async with opened(bus) as link:
        for number in range(3000):
            while unit.reports.full():  # noqa: ASYNC110  the thread takes them
                await asyncio.sleep(0)
            unit.send(number.to_bytes(2, "big"))
        async with asyncio.timeout(LIMIT):
            while not unit.reports.empty():  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        lines: list[str] = []
        async with asyncio.timeout(LIMIT):
            while not lines or lines[-1] != f"{2999:04x}":
                lines += await take(link, 1)
        assert len(lines) <= 1001


def test_units_are_read_from_sysfs(bus: SimulatedUsb) -> None:
    bus.plug("1-1.2", serial="A1")
    bus.plug("2-1")
    (bus.root / "sys/bus/usb/devices/1-1.2:1.0").mkdir()
    (bus.root / "sys/bus/usb/devices/1-3").mkdir()  # just going
    first, second = usb_units(bus.root)
    assert first.identity == UsbIdentity("16c0", "05da", "A1", "1-1.2")
    assert (first.bus, second.bus, second.identity.serial_number) == (1, 2, None)
