"""A slow line to the Internet, between a program and a server on loopback.

    program ──▶ port ──[40 ms]──[bucket]──▶ server        counted: what passes, with TCP/IP headers
               ◀──[bucket]──[40 ms]──

    python -m bench.line HOST PORT BITS     prints its own port; what passed, when its input ends

Each direction has its own token bucket, as lines have that send and receive at once. A segment
carries 1,400 bytes and costs 52 more; bare acknowledgements and TLS are not counted.
"""

import asyncio
import subprocess
import sys
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic

_SEGMENT = 1400
_HEADERS = 52
_DELAY = 0.04
_BURST_SECONDS = 0.05
_WAITING = 32


class Bucket:
    """Lets so many bytes through in a second, and counts them."""

    def __init__(self, bytes_a_second: float) -> None:
        self.passed = 0
        self._rate = bytes_a_second
        self._free_at = 0.0

    async def take(self, size: int) -> None:
        """Wait until the line has carried them."""
        self.passed += size
        now = monotonic()
        self._free_at = max(self._free_at, now - _BURST_SECONDS) + size / self._rate
        if self._free_at > now:
            await asyncio.sleep(self._free_at - now)


async def _carry(reader: StreamReader, writer: StreamWriter, bucket: Bucket) -> None:
    under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_WAITING)

    async def arrive() -> None:
        while (piece := await under_way.get())[1]:
            sent, data = piece
            await asyncio.sleep(sent + _DELAY - monotonic())
            writer.write(data)
            await writer.drain()

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(arrive())
            while data := await reader.read(_SEGMENT):
                await bucket.take(len(data) + _HEADERS)
                await under_way.put((monotonic(), data))
            await under_way.put((monotonic(), b""))
    finally:
        writer.close()


async def _serve(host: str, port: int, rate: float) -> None:
    up, down = Bucket(rate), Bucket(rate)

    async def connected(reader: StreamReader, writer: StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(host, port, limit=_SEGMENT)
        with suppress(ExceptionGroup):
            async with asyncio.TaskGroup() as group:
                group.create_task(_carry(reader, far_writer, up))
                group.create_task(_carry(far_reader, writer, down))

    server = await asyncio.start_server(connected, "127.0.0.1", 0, limit=_SEGMENT)
    print(server.sockets[0].getsockname()[1], flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(up.passed, down.passed, flush=True)


@contextmanager
def slow_line(url: str, bits_a_second: int) -> Iterator[tuple[str, Callable[[], tuple[int, int]]]]:
    """Give the URL at the near end of the line, and what asks for the bytes carried up and down."""
    host, _, port = url.removeprefix("http://").rstrip("/").rpartition(":")
    words = [sys.executable, "-m", "bench.line", host, port, str(bits_a_second)]
    process = subprocess.Popen(  # noqa: S603 - this interpreter, our own words
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("no pipe to the line")
    asking, telling = process.stdin, process.stdout

    def passed() -> tuple[int, int]:
        asking.write("\n")
        asking.flush()
        up, down = telling.readline().split()
        return int(up), int(down)

    try:
        yield f"http://127.0.0.1:{telling.readline().strip()}", passed
    finally:
        process.terminate()
        process.communicate(timeout=20)


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) / 8))
