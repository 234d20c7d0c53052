"""Answers on a real port that are odd, or no answers at all."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from edge.delivery.destination import Delivered, DeliveryError
from edge.delivery.destinations.link.destination import LinkDestination
from edge.delivery.destinations.link.settings import LinkSettings
from tests.edge.delivery.destinations.link.test_answer import BATCH, BEYOND

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
GOOD = b'Content-Length: 15\r\n\r\n{"through": 14}'


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[str]:
    """A server that says the same to everybody and hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length))
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def delivered_to(url: str) -> Delivered:
    link = LinkDestination(LinkSettings(url=url), patience=30.0)
    await link.start()
    try:
        return await link.deliver(BATCH, link.pack(BATCH))
    finally:
        await link.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"\x00\x01 hello\r\n\r\n",
        b"SSH-2.0-made-up\r\n",
        b"\x15\x03\x01\x00\x02\x02\x28",
        HEAD + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
        HEAD + b"X: " + b"a" * 100_000 + b"\r\n\r\n{}",
        HEAD + b"Content-Length: many\r\n\r\n{}",
    ],
    ids=["junk", "ssh", "tls", "gzip", "chunks", "header", "length"],
)
async def test_what_is_no_http_is_not_blamed_on_the_line(answer: bytes) -> None:
    async with answering(answer) as url:
        with pytest.raises(DeliveryError) as raised:
            await delivered_to(url)
    assert raised.value.answer == "no proper HTTP"
    assert "no proper HTTP" in raised.value.advice
    assert "Internet" not in raised.value.advice


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        HEAD,
        HEAD + b"Content-Length: 50\r\n\r\n{",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5",
    ],
    ids=["nothing", "head", "length", "chunk"],
)
async def test_an_answer_cut_off_is_a_broken_connection(answer: bytes) -> None:
    async with answering(answer) as url:
        with pytest.raises(DeliveryError) as raised:
            await delivered_to(url)
    assert raised.value.answer == "connection broken"


@pytest.mark.parametrize("date", BEYOND)
async def test_an_odd_date_spoils_no_good_answer(date: str) -> None:
    async with answering(HEAD + f"Date: {date}\r\n".encode() + GOOD) as url:
        delivered = await delivered_to(url)
    assert (delivered.through, delivered.heard) == (14, None)


@pytest.mark.parametrize("host", ["crm..example.com", ".com", "a" * 64 + ".com"])
async def test_a_name_that_cannot_be_asked_for_is_not_found(host: str) -> None:
    with pytest.raises(DeliveryError) as raised:
        await delivered_to(f"https://{host}")
    assert raised.value.answer == "name not found"
