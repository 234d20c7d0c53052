"""The LAN port over a real socket: login, replay, one client at a time, printing all the while."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from drivers.panasonic.exchange_lan import LanPort, LanRules
from drivers.panasonic.exchange_port import Pace
from drivers.panasonic.printout import Printed, exchange_of, heading

EXCHANGE = exchange_of("KX-TDE200", ZoneInfo("Asia/Tehran"))
HEADING = heading(EXCHANGE)
START = datetime(2026, 3, 7, 7, 0, tzinfo=UTC)
AT_ONCE = Pace(longest_wait=0)
LIMIT = 60.0


def records(count: int) -> list[Printed]:
    return [
        Printed(START + timedelta(seconds=number), f"record {number}\r\n".encode())
        for number in range(count)
    ]


def text(*numbers: int) -> bytes:
    return b"".join(f"record {number}\r\n".encode() for number in numbers)


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def type(self, data: bytes) -> None:
        self._writer.write(data)

    async def expect(self, data: bytes) -> None:
        async with asyncio.timeout(LIMIT):
            received = await self._reader.readexactly(len(data))
        assert received == data

    async def expect_silence(self, seconds: float) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._reader.readexactly(1)

    async def expect_end(self) -> None:
        """Closed in order or reset: both end a session."""
        async with asyncio.timeout(LIMIT):
            with suppress(ConnectionError):
                assert await self._reader.read(100) == b""

    async def log_in(self) -> None:
        await self.expect(b"-")
        self.type(b"SMDR\r\n")
        await self.expect(b"SMDR\rEnter Password:")
        self.type(b"PCCSMDR\r\n")
        await self.expect(b"*******\r\n")

    async def close(self) -> None:
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()


class Exchange:
    def __init__(self, port: LanPort, address: tuple[str, int]) -> None:
        self.port = port
        self._address = address

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        async with asyncio.timeout(LIMIT):
            client = Client(*await asyncio.open_connection(*self._address))
        try:
            yield client
        finally:
            await client.close()


@asynccontextmanager
async def running(
    rules: LanRules,
    printed: Iterable[Printed] = (),
    pace: Pace = AT_ONCE,
    *,
    page_length: int = 0,
) -> AsyncIterator[Exchange]:
    port = LanPort(replace(EXCHANGE, page_length=page_length), rules)
    listener = socket.create_server(("127.0.0.1", 0))
    serving = asyncio.ensure_future(port.serve(listener, printed, pace))
    try:
        yield Exchange(port, listener.getsockname())
    finally:
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.wait_for(serving, LIMIT)


QUICK = LanRules(retry_seconds=0.1)


async def test_the_login_and_then_the_heading_and_the_records() -> None:
    async with running(QUICK, records(3)) as exchange, exchange.client() as client:
        await client.expect(b"-")
        client.type(b"smdr\r\n")
        await client.expect(b"smdr\rEnter Password:")
        await client.expect_silence(0.05)
        client.type(b"PCCSMDR\r\n")
        await client.expect(b"*******\r\n" + HEADING + text(0, 1, 2))


async def test_both_lines_at_once_and_bare_line_ends_work() -> None:
    async with running(LanRules(second_client="takes over"), records(1)) as exchange:
        for typed in (b"SMDR\r\nPCCSMDR\r\n", b"SMDR\nPCCSMDR\n", b"SMDR\rPCCSMDR\r"):
            async with exchange.client() as client:
                client.type(typed)
                await client.expect(b"-SMDR\rEnter Password:*******\r\n" + HEADING + text(0))


async def test_other_words_and_telnet_commands() -> None:
    async with running(QUICK) as exchange, exchange.client() as client:
        await client.expect(b"-")
        client.type(b"help\r\n")
        await client.expect(b"help\r\nq, smdr\r\n-")
        client.type(b"dir\r\n")
        await client.expect(b"dir\r\nNo such command.\r\n-")
        client.type(b"\r\n")
        await client.expect(b"\r\n-")
        client.type(b"\xff\xfd\x03\xff\xfb\x18Q\r\n")
        await client.expect(b"Q\r\nGoodbye.\r\n")
        await client.expect_end()


async def test_a_wrong_password_is_starred_and_asked_for_again_after_a_while() -> None:
    rules = LanRules(password="seven77", retry_seconds=0.2)
    async with running(rules, records(1)) as exchange, exchange.client() as client:
        await client.expect(b"-")
        client.type(b"SMDR\r\n")
        await client.expect(b"SMDR\rEnter Password:")
        client.type(b"PCCSMDR1\r\n")
        await client.expect(b"********\r\n")
        await client.expect_silence(0.1)
        await client.expect(b"Enter Password:")
        client.type(b"seven77\r\n")
        await client.expect(b"*******\r\n" + HEADING + text(0))


async def test_a_busy_exchange_rejects() -> None:
    async with running(QUICK) as exchange:
        exchange.port.busy = True
        async with exchange.client() as client:
            await client.expect(b"Rejected\r\n")
            await client.expect_end()
        exchange.port.busy = False
        async with exchange.client() as client:
            await client.log_in()


async def test_a_second_client_is_rejected_and_the_first_stays() -> None:
    rules = LanRules(second_client="rejected")
    async with running(rules, records(1)) as exchange, exchange.client() as first:
        await first.log_in()
        async with exchange.client() as second:
            await second.expect(b"Rejected\r\n")
            await second.expect_end()
        await first.expect(HEADING + text(0))
        await first.expect_silence(0.05)


async def test_a_second_client_throws_out_the_first() -> None:
    rules = LanRules(second_client="takes over")
    async with running(rules, records(2)) as exchange, exchange.client() as first:
        await first.log_in()
        await first.expect(HEADING + text(0, 1))
        async with exchange.client() as second:
            await second.log_in()
            await second.expect(HEADING + text(0, 1))
            await first.expect_end()
            await second.expect_silence(0.05)


async def test_every_connection_gets_all_records_again() -> None:
    rules = LanRules(second_client="takes over")
    async with running(rules, records(3)) as exchange:
        await asyncio.wait_for(exchange.port.wait_printed(3), LIMIT)
        for _ in range(3):
            async with exchange.client() as client:
                await client.log_in()
                await client.expect(HEADING + text(0, 1, 2))


async def test_a_full_memory_overwrites_the_oldest() -> None:
    rules = LanRules(memory=2)
    async with running(rules, records(5)) as exchange, exchange.client() as client:
        await asyncio.wait_for(exchange.port.wait_printed(5), LIMIT)
        await client.log_in()
        await client.expect(HEADING + text(3, 4))


async def test_pages_are_counted_for_each_connection() -> None:
    async with (
        running(QUICK, records(5), page_length=4) as exchange,
        exchange.client() as client,
    ):
        await asyncio.wait_for(exchange.port.wait_printed(5), LIMIT)
        await client.log_in()
        await client.expect(HEADING + text(0, 1) + HEADING + text(2, 3) + HEADING + text(4))


async def test_it_prints_on_while_clients_come_and_go() -> None:
    rules = LanRules(second_client="takes over")
    async with running(rules, records(40), Pace(speed=50)) as exchange:
        async with exchange.client() as client:
            await client.log_in()
            await client.expect(HEADING + text(0, 1))
        await asyncio.wait_for(exchange.port.wait_printed(10), LIMIT)
        async with exchange.client() as client:
            await client.log_in()
            await client.expect(HEADING + text(*range(40)))


async def test_a_dropped_client_may_come_back() -> None:
    async with running(QUICK, records(1)) as exchange:
        async with exchange.client() as client:
            await client.log_in()
            await client.expect(HEADING + text(0))
            exchange.port.drop()
            await client.expect_end()
        async with exchange.client() as client:
            await client.log_in()
            await client.expect(HEADING + text(0))


async def test_who_does_not_log_in_is_hung_up_on() -> None:
    async with running(LanRules(login_seconds=0.1)) as exchange, exchange.client() as client:
        await client.expect(b"-")
        await client.expect_end()
