"""A capture played into a callback and into a real pty."""

import asyncio
import math
import os

import pytest

from drivers.errors import LinkLost
from drivers.wire.address import SerialAddress
from drivers.wire.capture import Capture, Mark, Received, Sent
from drivers.wire.player import FarEnd, play
from drivers.wire.serial_port import open_serial

CAPTURE = Capture(
    (),
    (
        Received(0.0, b"one\r\n"),
        Sent(0.01, b"never played"),
        Mark(0.02, "nor this"),
        Received(2.0, b"two\r\n"),
        Received(4.0, b"three\r\n"),
    ),
)


async def test_chunks_come_in_order_at_their_scaled_times() -> None:
    loop = asyncio.get_running_loop()
    got: list[tuple[float, bytes]] = []
    start = loop.time()

    async def take(data: bytes) -> None:
        got.append((loop.time() - start, data))

    await play(CAPTURE, take, speed=20)
    assert [data for _, data in got] == [b"one\r\n", b"two\r\n", b"three\r\n"]
    assert got[0][0] < got[1][0] - 0.05
    assert got[1][0] >= 0.099
    assert got[2][0] >= 0.199


async def test_infinite_speed_waits_for_nothing() -> None:
    slow = Capture((), (Received(10**8, b"x"),))
    got: list[bytes] = []

    async def take(data: bytes) -> None:
        got.append(data)

    async with asyncio.timeout(60):
        await play(slow, take, speed=math.inf)
    assert got == [b"x"]


async def test_capture_larger_than_the_pty_buffer_arrives_whole() -> None:
    chunk = bytes(range(256)) * 64
    big = Capture((), tuple(Received(0.0, chunk) for _ in range(20)))
    far = FarEnd()
    link = await open_serial(SerialAddress(far.port))
    got = bytearray()
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(play(big, far.write, speed=math.inf))
        while len(got) < len(big.received):
            got += await link.read()
    assert got == big.received
    far.close()
    far.close()
    async with asyncio.timeout(60):
        with pytest.raises(LinkLost):
            await link.read()
    await link.close()


def test_port_is_raw() -> None:
    far = FarEnd()
    reader = os.open(far.port, os.O_RDWR | os.O_NOCTTY)
    asyncio.run(far.write(b"\x03\x04\r\n\x11\x13"))
    assert os.read(reader, 100) == b"\x03\x04\r\n\x11\x13"
    os.close(reader)
    far.close()
