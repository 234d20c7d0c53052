"""The control socket and its client, over a real socket."""

import asyncio
import importlib.util
import signal
import socket
import stat
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import aiohttp
import pytest

from edge.errors import CommandFailed
from edge.journal.records import JournalFailed
from edge.local import control
from edge.local.client import Client, NotAnswering, NotRunning
from edge.local.lock import hold

if TYPE_CHECKING:
    from tests.edge.local.small_edge import SmallEdge

StartEdge = Callable[[Path], Awaitable[asyncio.subprocess.Process]]


def _module() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "small_edge", Path(__file__).with_name("small_edge.py")
    )
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
async def edge(tmp_path: Path) -> AsyncIterator["SmallEdge"]:
    small = _module().SmallEdge()
    with hold(tmp_path) as lock:
        async with control.serve(lock, small.routes()):
            yield small


async def test_the_status_arrives_as_it_was_made(tmp_path: Path, edge: "SmallEdge") -> None:
    async with Client(tmp_path) as client:
        assert await client.status() == edge.status()


async def test_the_report_of_the_checks_arrives_as_it_was_made(
    tmp_path: Path, edge: "SmallEdge"
) -> None:
    async with Client(tmp_path) as client:
        assert await client.checks() == await edge.checks()


async def test_metrics_come_as_the_text_that_prometheus_expects(
    tmp_path: Path, edge: "SmallEdge"
) -> None:
    edge.lines.append(b"1")
    async with Client(tmp_path) as client:
        assert await client.metrics() == "payvand_events_total 1\n"
    async with (
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(tmp_path / "control.sock"))) as s,
        s.get("http://edge/metrics") as response,
    ):
        kind = response.headers["Content-Type"]
    assert kind == "text/plain; version=0.0.4; charset=utf-8"


async def test_only_the_owner_may_open_the_socket(tmp_path: Path, edge: "SmallEdge") -> None:
    assert edge.lines == []
    mode = (tmp_path / "control.sock").stat().st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600


async def test_events_end_with_the_last_one_stored(tmp_path: Path, edge: "SmallEdge") -> None:
    edge.lines += [b'{"sequence":"%d"}' % number for number in (1, 2, 3)]
    async with Client(tmp_path) as client:
        assert [line async for line in client.events()] == edge.lines
        assert [line async for line in client.events(after=2)] == [b'{"sequence":"3"}']
        assert [line async for line in client.events(after=3)] == []
        assert [line async for line in client.events(after=99)] == []


async def test_a_line_longer_than_any_buffer_arrives_whole(
    tmp_path: Path, edge: "SmallEdge"
) -> None:
    edge.lines += [b'{"name":"%s"}' % (b"x" * 1_000_000), b"{}"]
    async with Client(tmp_path) as client:
        assert [line async for line in client.events()] == edge.lines


async def test_follow_gives_the_stored_and_then_each_new_event(
    tmp_path: Path, edge: "SmallEdge"
) -> None:
    edge.lines += [b"1", b"2"]
    async with (
        asyncio.timeout(60),
        Client(tmp_path) as client,
        aclosing(client.follow(after=1)) as lines,
    ):
        assert await anext(lines) == b"2"
        for new in (b"3", b"4"):
            await edge.add(new)
            assert await anext(lines) == new


async def test_a_follower_that_leaves_is_forgotten(tmp_path: Path, edge: "SmallEdge") -> None:
    edge.lines.append(b"1")
    async with asyncio.timeout(60):
        async with Client(tmp_path) as client, aclosing(client.follow()) as lines:
            await anext(lines)
            assert not edge.nobody_asks.is_set()
        await edge.nobody_asks.wait()


async def test_the_edge_stops_although_somebody_follows(tmp_path: Path) -> None:
    small = _module().SmallEdge()
    small.lines.append(b"1")
    async with asyncio.timeout(60), Client(tmp_path) as client:
        with hold(tmp_path) as lock:
            async with control.serve(lock, small.routes()):
                lines = client.follow()
                await anext(lines)
        with pytest.raises(NotAnswering, match="stopped while it answered"):
            await anext(lines)
    assert not (tmp_path / "control.sock").exists()


@pytest.mark.parametrize("follows", [True, False])
async def test_a_journal_that_fails_ends_the_answer_without_an_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, *, follows: bool
) -> None:
    """Whoever asked knows that there is more; the log has the failure from who ends the process."""

    async def events(_after: int, _through: int | None) -> AsyncGenerator[bytes, None]:
        yield b"1"
        raise JournalFailed("disk I/O error")

    small = _module().SmallEdge()
    with hold(tmp_path) as lock:
        async with (
            asyncio.timeout(60),
            control.serve(lock, small.routes(events)),
            Client(tmp_path) as client,
        ):
            lines = client.follow() if follows else client.events()
            assert await anext(lines) == b"1"
            with pytest.raises(NotAnswering, match="stopped while it answered"):
                await anext(lines)
    assert caplog.records == []


@pytest.mark.parametrize("after", ["-1", "x", "", "1e3", "9" * 19, "٣"])
async def test_an_after_that_is_no_sequence_is_refused(
    tmp_path: Path, edge: "SmallEdge", after: str
) -> None:
    edge.lines.append(b"1")
    async with Client(tmp_path) as client:
        lines = client._lines({"after": after})
        with pytest.raises(NotAnswering, match="400"):
            await anext(lines)


async def test_without_an_edge_the_client_says_how_to_start_it(tmp_path: Path) -> None:
    line = (
        f"payvand is not running with data directory {tmp_path}: "
        f"start it with `payvand run --data {tmp_path}`"
    )
    async with Client(tmp_path) as client:
        with pytest.raises(NotRunning) as nothing:
            await client.status()
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(tmp_path / "control.sock"))
    left.close()
    async with Client(tmp_path) as client:
        with pytest.raises(NotRunning) as stale:
            await client.status()
    assert str(nothing.value) == str(stale.value) == line


async def test_the_socket_of_a_dead_edge_is_replaced(tmp_path: Path, start_edge: StartEdge) -> None:
    dead = await start_edge(tmp_path)
    dead.send_signal(signal.SIGKILL)
    await dead.wait()
    await start_edge(tmp_path)
    async with Client(tmp_path) as client:
        assert (await client.status()).name == "mashhad"


async def test_an_edge_that_hangs_is_told_from_one_that_is_gone(
    tmp_path: Path, start_edge: StartEdge
) -> None:
    process = await start_edge(tmp_path)
    process.send_signal(signal.SIGSTOP)
    async with asyncio.timeout(60), Client(tmp_path, answer_seconds=0.2) as client:
        with pytest.raises(NotAnswering, match=r"none in 0\.2 s"):
            await client.status()
        with pytest.raises(NotAnswering, match=r"none in 0\.2 s"):
            await anext(client.events())


async def test_a_directory_in_place_of_the_socket_is_told(tmp_path: Path) -> None:
    (tmp_path / "control.sock").mkdir()
    small = _module().SmallEdge()
    with hold(tmp_path) as lock, pytest.raises(CommandFailed, match="Is a directory"):
        async with control.serve(lock, small.routes()):
            pass
