"""Datagrams on a real socket."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator

import pytest

from drivers.contract import Link
from drivers.errors import LinkBusy, LinkLost
from drivers.wire import udp
from drivers.wire.address import UdpAddress
from drivers.wire.open import open_link

RECORD = b"^^<U>000001<S>123456$01 I S 0000 G A0 09/26 11:28 AM 800-555-1212   NAME"


@pytest.fixture
def port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


@pytest.fixture
async def link(port: int) -> AsyncIterator[Link]:
    link = await open_link(UdpAddress(port))
    yield link
    await link.close()


@pytest.fixture
def unit(port: int) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect(("127.0.0.1", port))
        yield sender


async def take(link: Link, lines: int) -> list[bytes]:
    got = b""
    async with asyncio.timeout(60):
        while got.count(b"\n") < lines:
            got += await link.read()
    return got.splitlines()


async def test_each_datagram_is_a_line(link: Link, unit: socket.socket, port: int) -> None:
    unit.send(RECORD)
    unit.send(RECORD.replace(b"01 I", b"02 I") + b"\r\n")
    assert await take(link, 2) == [RECORD, RECORD.replace(b"01 I", b"02 I")]
    assert link.name == f"UDP port {port}"


async def test_one_that_comes_twice_counts_once(link: Link, unit: socket.socket) -> None:
    for data in (RECORD, RECORD, b"other", RECORD, b"last"):
        unit.send(data)
    assert await take(link, 3) == [RECORD, b"other", b"last"]


async def test_the_same_later_is_another(
    link: Link, unit: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit.send(RECORD)
    assert await take(link, 1) == [RECORD]
    monkeypatch.setattr(udp, "TWICE_SECONDS", 0.0)
    unit.send(RECORD)
    assert await take(link, 1) == [RECORD]


async def test_the_same_from_two_units_counts_twice(
    link: Link, unit: socket.socket, port: int
) -> None:
    unit.send(RECORD)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.sendto(RECORD, ("127.0.0.1", port))
    assert await take(link, 2) == [RECORD, RECORD]


@pytest.mark.usefixtures("link")
async def test_a_port_in_use_is_told(port: int) -> None:
    with pytest.raises(LinkBusy, match=f"ss -ulpn sport = {port}"):
        await open_link(UdpAddress(port))


async def test_closing_ends_the_reading(link: Link) -> None:
    reading = asyncio.ensure_future(link.read())
    await asyncio.sleep(0)
    await link.close()
    async with asyncio.timeout(60):
        with pytest.raises(LinkLost):
            await reading


async def test_a_flood_is_bounded(link: Link) -> None:
    assert isinstance(link, udp.UdpLink)
    for number in range(5000):
        link.datagram_received(str(number).encode() * 1000, ("127.0.0.1", 1))
    data = await link.read()
    assert data.count(b"\n") == udp.MOST_WAITING
    assert len(data) <= udp.MOST_WAITING * 2050
