"""TCP links against real servers on loopback."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from drivers.contract import Link
from drivers.errors import LinkLost, LinkMissing
from drivers.wire import tcp
from drivers.wire.address import TcpAddress
from drivers.wire.open import open_link
from drivers.wire.stream import HIGH, Stream
from drivers.wire.tcp import open_tcp
from tests.ports import free_port

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def server(serve: Serve, host: str = "127.0.0.1") -> AsyncIterator[TcpAddress]:
    listening = await asyncio.start_server(serve, host, 0)
    port = listening.sockets[0].getsockname()[1]
    try:
        yield TcpAddress(host, port)
    finally:
        listening.close()


async def read_to_the_end(link: Link) -> tuple[bytes, LinkLost]:
    got = bytearray()
    async with asyncio.timeout(60):
        while True:
            try:
                got += await link.read()
            except LinkLost as lost:
                return bytes(got), lost


async def test_bytes_go_both_ways_and_the_end_is_told_after_the_last_of_them() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"-")
        writer.write(b"got " + await reader.readexactly(6))
        writer.close()

    async with server(serve) as address:
        link = await open_link(address)
        assert link.name == f"127.0.0.1:{address.port}"
        await link.write(b"SMDR\r\n")
        got, lost = await read_to_the_end(link)
        assert got == b"-got SMDR\r\n"
        assert "closed the connection" in lost.advice
        with pytest.raises(LinkLost):
            await link.write(b"more")
        await link.close()


async def test_bytes_that_came_before_the_end_are_given_out_first() -> None:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"last words")
        writer.close()

    async with server(serve) as address:
        link = await open_tcp(address)
        assert isinstance(link, Stream)
        async with asyncio.timeout(60):
            await link._ended.wait()
        assert (await read_to_the_end(link))[0] == b"last words"


async def test_reset_is_link_lost() -> None:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    async with server(serve) as address:
        link = await open_tcp(address)
        with pytest.raises(LinkLost, match="broke") as caught:
            await link.read()
        assert caught.value.code == "link-lost"
        await link.close()


async def test_nobody_listening_is_told_with_the_port() -> None:
    port = free_port()
    with pytest.raises(LinkMissing, match=f"nothing listens on port {port} of 127.0.0.1") as caught:
        await open_tcp(TcpAddress("127.0.0.1", port))
    assert caught.value.code == "host-refuses"


async def test_every_address_of_a_name_is_tried() -> None:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"here")
        writer.close()

    async with server(serve) as address:
        link = await open_tcp(TcpAddress("localhost", address.port))
        assert await link.read() == b"here"
        await link.close()
    with pytest.raises(LinkMissing, match="nothing listens"):
        await open_tcp(TcpAddress("localhost", free_port()))


async def test_unknown_host_is_told_by_name() -> None:
    name = "no-such-exchange.invalid"
    with pytest.raises(LinkMissing, match=name) as caught:
        await open_tcp(TcpAddress(name, 2300))
    assert caught.value.code == "host-unknown"
    with pytest.raises(LinkMissing, match="is not known"):
        await open_tcp(TcpAddress("x" * 70, 2300))


async def test_silent_host_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A listener whose queue is full drops what comes: its host looks switched off."""
    monkeypatch.setattr(tcp, "CONNECT_SECONDS", 0.3)
    with socket.socket() as full, contextlib.ExitStack() as queue:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        place = full.getsockname()
        for _ in range(4):
            waiting = queue.enter_context(socket.socket())
            waiting.setblocking(False)  # noqa: FBT003
            waiting.connect_ex(place)
        with pytest.raises(LinkMissing, match="does not answer") as caught:
            await open_tcp(TcpAddress(*place))
    assert caught.value.code == "host-silent"


async def test_ipv6_is_reached_and_named_in_brackets() -> None:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"six")
        writer.close()

    try:
        async with server(serve, "::1") as address:
            link = await open_tcp(address)
            assert link.name == f"[::1]:{address.port}"
            assert await link.read() == b"six"
            await link.close()
    except OSError:
        pytest.skip("this machine has no IPv6")


async def test_the_kernel_watches_over_a_silent_line() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with server(serve) as address:
        link = await open_tcp(address)
        assert isinstance(link, Stream)
        assert link._transport is not None
        sock = link._transport.get_extra_info("socket")
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL) == 10
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT) == 6
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
        await link.close()


async def test_slow_reader_holds_the_sender_back_and_loses_nothing() -> None:
    size = 32 * 1024 * 1024
    sent = 0
    stalled = asyncio.Event()
    resumed = asyncio.Event()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        chunk = bytes(65536)
        while sent < size:
            writer.write(chunk)
            sent += len(chunk)
            try:
                async with asyncio.timeout(0.5):
                    await writer.drain()
            except TimeoutError:
                stalled.set()
                await resumed.wait()
                await writer.drain()
        writer.close()

    async with server(serve) as address:
        link = await open_tcp(address)
        assert isinstance(link, Stream)
        await stalled.wait()
        assert sent < size
        assert len(link._buffer) <= HIGH + 256 * 1024
        resumed.set()
        got, _ = await read_to_the_end(link)
        assert len(got) == size == link.bytes_in
        await link.close()


async def test_closing_ends_a_waiting_read_and_is_harmless_twice() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with server(serve) as address:
        link = await open_tcp(address)
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(read_to_the_end(link))
            await asyncio.sleep(0)
            await link.close()
            await link.close()
        assert reading.result()[1].code == "link-closed"
