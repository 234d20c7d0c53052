"""A port that is only listened to, on real ptys."""

import asyncio
import os
import termios
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from drivers.detect.ear import Ear
from drivers.detect.listening import listen
from drivers.errors import DeviceRefused, LinkBusy, LinkLost, LinkMissing
from drivers.wire.quiet_port import QuietPort
from drivers.wire.uart import Sender, Uart
from tests.drivers.detect.campaign import READERS

LIMIT = 15
NOBODY = 65534
RECORD = b"21/11/26 20:12     205 03 <I>0497097                0'00 00:02'05               \r\n"


@pytest.fixture
def device() -> Iterator[Uart]:
    """An exchange at a speed that nobody has set."""
    end = Uart(Sender(19200, "7E1"))
    yield end
    end.close()


async def test_bytes_come_at_the_speed_that_is_set(device: Uart) -> None:
    with QuietPort(device.port, 9600) as port:
        await device.write(b"hello")
        garbled = await port.read(monotonic() + LIMIT)
        port.set_baud(19200)
        await device.write(b"cc")
        assert await port.read(monotonic() + LIMIT) == b"cc"
    assert b"hello" not in garbled


async def test_nothing_is_ever_sent(device: Uart) -> None:
    with QuietPort(device.port, 9600) as port:
        await device.write(b"a device that waits for an answer?\r\n")
        await port.read(monotonic() + LIMIT)
        with pytest.raises(BlockingIOError):
            os.read(device._master, 1)


async def test_port_gets_its_settings_back(device: Uart) -> None:
    handle = os.open(device.port, os.O_RDWR | os.O_NOCTTY)
    before = termios.tcgetattr(handle)
    with QuietPort(device.port, 1200) as port:
        port.set_baud(2400)
        assert termios.tcgetattr(handle) != before
    assert termios.tcgetattr(handle) == before
    os.close(handle)


async def test_time_without_bytes_gives_none(device: Uart) -> None:
    with QuietPort(device.port, 9600) as port:
        assert await port.read(monotonic()) == b""
        assert port.counters() is None  # a pty counts nothing


async def test_port_that_is_pulled_out_is_told(device: Uart) -> None:
    with QuietPort(device.port, 9600) as port:
        device.close()
        with pytest.raises(LinkLost) as lost:
            await port.read(monotonic() + LIMIT)
    assert "plugged in" in lost.value.advice


def test_port_in_use_names_who_uses_it(device: Uart) -> None:
    with QuietPort(device.port, 9600), pytest.raises(LinkBusy) as busy:
        QuietPort(device.port, 9600)
    assert device.port in busy.value.advice


def test_port_that_is_missing_or_none(tmp_path: Path) -> None:
    with pytest.raises(LinkMissing) as missing:
        QuietPort("/dev/ttyNONE", 9600)
    assert missing.value.code == "port-missing"
    (tmp_path / "plain").touch()
    with pytest.raises(LinkMissing) as wrong:
        QuietPort("/plain", 9600, tmp_path)
    assert wrong.value.code == "port-wrong"


def test_port_without_permission(device: Uart) -> None:
    """As another user, who is in no group that may open it."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    Path(device.port).chmod(0o600)
    os.seteuid(NOBODY)
    try:
        with pytest.raises(DeviceRefused) as refused:
            QuietPort(device.port, 9600)
    finally:
        os.seteuid(0)
    assert "dialout" in refused.value.advice


async def test_ear_at_a_real_port_finds_speed_format_and_family(device: Uart) -> None:
    ear = Ear(READERS)

    def known() -> bool:
        return any(each.confidence == "certain" for each in ear.proposals)

    async def speak() -> None:
        while not known():
            await device.write(RECORD)
            await asyncio.sleep(0.15)

    with QuietPort(device.port, ear.baud) as port:
        async with asyncio.timeout(LIMIT), asyncio.TaskGroup() as group:
            group.create_task(speak())
            await listen(port, ear, known)
    best = ear.proposals[0]
    assert (best.driver, best.baud, best.format) == ("panasonic", 19200, "7E1")
    assert best.settings["layout"] == "tda-a"
