"""Holding a device back. A pty has no control lines: those are tested on a port that notes them."""

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field

import pytest

from drivers.wire.address import SerialAddress
from drivers.wire.hold import PATIENCE, Hold
from drivers.wire.player import FarEnd
from drivers.wire.serial_port import open_serial

SECONDS = 60.0


@dataclass
class Lines:
    """The lines of a port with the lowest seam of pyserial, as an exchange sees them."""

    rts: bool = True
    dtr: bool = True
    sent: bytearray = field(default_factory=bytearray)


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not true():  # noqa: ASYNC110 - lines of a port set no event
            await asyncio.sleep(0.01)


async def test_named_lines_fall_when_nobody_takes_the_bytes_and_rise_again() -> None:
    port = Lines()
    hold = Hold(port, ("rts",), port.sent.extend)
    begun = time.monotonic()
    hold.waiting()
    assert port.rts
    await _until(lambda: not port.rts)
    assert time.monotonic() - begun >= PATIENCE * 0.9
    assert port.dtr, "only the lines that the cable carries"
    hold.waiting()
    hold.taken()
    assert port.rts
    assert port.sent == b""


async def test_a_device_whose_bytes_are_taken_is_never_held(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop = asyncio.get_running_loop()
    now = loop.time()
    monkeypatch.setattr(loop, "time", lambda: now)
    port = Lines()
    hold = Hold(port, ("rts", "dtr"), port.sent.extend)
    for part in (0.9, 0.9, 0.9, 1.1):
        hold.waiting()
        now += part * PATIENCE  # the time until somebody takes them
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert (port.rts, port.dtr) == (part < 1, part < 1)
        hold.taken()
        assert (port.rts, port.dtr) == (True, True)


async def test_a_port_that_is_gone_is_left_alone() -> None:
    tried: list[tuple[str, object]] = []

    class Gone:
        def __setattr__(self, name: str, value: object) -> None:
            tried.append((name, value))
            raise OSError(5, "Input/output error")

        rts = dtr = True

    noted: list[bytes] = []
    hold = Hold(Gone(), ("rts", "dtr", "xoff"), noted.append)
    hold.waiting()
    await _until(lambda: bool(tried))
    hold.taken()
    assert tried == [("rts", False), ("rts", True)]
    assert noted == [b"\x11"], "nothing is sent to a port that is gone"


async def test_xoff_and_xon_on_a_real_line() -> None:
    with closing(FarEnd()) as far:
        link = await open_serial(SerialAddress(far.port, hold=("xoff",)))
        assert await _heard(far) == b"\x11", "an XOFF of before is taken back"
        await far.write(b"one\r\n")
        assert await _heard(far) == b"\x13"
        assert await link.read() == b"one\r\n"
        assert await _heard(far) == b"\x11"
        await link.close()


async def test_seven_bits_go_out_with_their_parity() -> None:
    with closing(FarEnd()) as far:
        link = await open_serial(SerialAddress(far.port, format="7E1", hold=("xoff",)))
        assert await _heard(far) == b"\x11"
        await far.write(b"\xb1")
        assert await _heard(far) == b"\x93"
        await link.close()


async def _heard(far: FarEnd) -> bytes:
    """What the device hears next."""
    found = b""

    def hear() -> bool:
        nonlocal found
        with suppress(BlockingIOError):
            found = os.read(far._master, 100)
        return bool(found)

    await _until(hear)
    return found
