"""The serial port on a real pty: every byte, never faster than the line, through a pulled cable."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drivers.panasonic.exchange_port import Pace, SerialPort, serve_pty
from drivers.panasonic.printout import Printed

START = datetime(2026, 3, 7, 7, 0, tzinfo=UTC)
AT_ONCE = Pace(longest_wait=0)
LIMIT = 60.0


def lines(*texts: bytes, apart: float = 1.0) -> list[Printed]:
    return [
        Printed(START + timedelta(seconds=apart * position), text)
        for position, text in enumerate(texts)
    ]


class Reader:
    """The box's end of the cable, read by a thread until it hangs up or is closed."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_NOCTTY)
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self.arrivals: list[tuple[float, bytes]] = []
        self.hung_up = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def data(self) -> bytes:
        return b"".join(data for _, data in self.arrivals)

    async def expect(self, data: bytes) -> None:
        async with asyncio.timeout(LIMIT):
            while len(self.data) < len(data) and not self.hung_up:
                await self._news.wait()
                self._news.clear()
        assert self.data == data

    async def expect_hang_up(self) -> None:
        async with asyncio.timeout(LIMIT):
            while not self.hung_up:
                await self._news.wait()
                self._news.clear()

    def close(self) -> None:
        self._thread.join(LIMIT)
        os.close(self._file)

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._file, 4096)
            except OSError:
                data = b""
            if data:
                self.arrivals.append((time.monotonic(), data))
            else:
                self.hung_up = True
            self._loop.call_soon_threadsafe(self._news.set)
            if not data:
                return


async def test_every_byte_arrives_at_no_more_than_the_lines_speed() -> None:
    text = bytes(range(256))[:60]
    with SerialPort() as port:
        reader = Reader(port.path)
        begun = time.monotonic()
        await asyncio.wait_for(serve_pty(lines(text), port, 1200), LIMIT)
        await reader.expect(text)

    reader.close()
    seconds_per_byte = 10 / 1200
    assert reader.arrivals[-1][0] - begun >= len(text) * seconds_per_byte
    received = 0
    for at, data in reader.arrivals:
        received += len(data)
        assert received <= (at - begun) / seconds_per_byte


async def test_time_between_lines_passes_at_the_given_speed() -> None:
    with SerialPort() as port:
        reader = Reader(port.path)
        begun = time.monotonic()
        await asyncio.wait_for(
            serve_pty(lines(b"a", b"b", b"c", apart=60), port, 115200, Pace(speed=300)), LIMIT
        )
        await reader.expect(b"abc")

    reader.close()
    assert reader.arrivals[-1][0] - begun >= 0.4


async def test_a_long_night_can_be_cut_short() -> None:
    with SerialPort() as port:
        reader = Reader(port.path)
        night = lines(b"a", b"b", apart=36000)
        await asyncio.wait_for(serve_pty(night, port, 115200, Pace(longest_wait=0.05)), LIMIT)
        await reader.expect(b"ab")

    reader.close()


async def test_a_link_leads_to_the_port_and_goes_with_it(tmp_path: Path) -> None:
    link = tmp_path / "ttyPBX"
    with SerialPort(link) as port:
        assert port.path == link
        first = link.readlink()
        port.unplug()
        assert not link.is_symlink()
        held = os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY)  # takes the name that became free
        try:
            port.plug()
            assert link.readlink() != first
            assert link.is_char_device()
        finally:
            os.close(held)

    assert not link.is_symlink()


async def test_printing_waits_while_the_cable_is_out(tmp_path: Path) -> None:
    link = tmp_path / "ttyPBX"
    with SerialPort(link) as port:
        async with asyncio.timeout(LIMIT), asyncio.TaskGroup() as group:
            before = Reader(link)
            await serve_pty(lines(b"one\r\n"), port, 115200)
            await before.expect(b"one\r\n")
            port.unplug()
            await before.expect_hang_up()
            before.close()

            printing = group.create_task(serve_pty(lines(b"two\r\n"), port, 115200, AT_ONCE))
            done, _ = await asyncio.wait({printing}, timeout=0.1)
            assert not done
            port.plug()
            after = Reader(link)
            await printing
            await after.expect(b"two\r\n")

    after.close()


async def test_a_reader_who_sleeps_loses_nothing() -> None:
    text = bytes(range(1, 251)) * 400
    with SerialPort() as port:
        async with asyncio.timeout(LIMIT), asyncio.TaskGroup() as group:
            printing = group.create_task(serve_pty(lines(text), port, 3_000_000))
            done, _ = await asyncio.wait({printing}, timeout=0.6)
            assert not done, "100 kB fit no buffer: somebody must wait"
            reader = Reader(port.path)
            await printing
            await reader.expect(text)

    reader.close()


def test_an_unplugged_port_has_no_path() -> None:
    port = SerialPort()
    with pytest.raises(FileNotFoundError, match="plug it in"):
        _ = port.path


def test_the_command_prints_a_day_and_ends_on_sigint(tmp_path: Path) -> None:
    link = tmp_path / "ttyPBX"
    command = [sys.executable, "-W", "error", "-m", "drivers.panasonic.simulator"]
    options = ["--model", "KX-TES824", "--pty", str(link), "--longest-wait", "0", "--calls", "5"]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == f"KX-TES824 prints on {link} at 9600 baud\n"
            with link.open("rb", buffering=0) as port:
                received = b""
                while not re.search(rb"\d\d/\d\d .*\d\d:\d\d'\d\d\" ", received):
                    received += port.read(200) or pytest.fail("the port hung up")
            assert b"  Date      Time  Ext. CO" in received
            process.send_signal(signal.SIGINT)
            assert process.wait(LIMIT) == 0
        finally:
            process.kill()
    assert not link.is_symlink()
