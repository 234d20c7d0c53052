"""What the technician's page costs with 100,000 events stored: answers, a first load, memory.

this bench ──https──▶ payvand-web ──web.sock──▶ payvand run, with a journal of 100,000 events

Aims: every page in ≤ 50 ms (median), the process ≤ 45 MB, a first load ≤ 120 KB.
"""

import asyncio
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import aiohttp

from bench.table import Table
from edge.access.kept import read_code
from edge.access.records import Opened
from edge.journal.journal import Journal
from edge.local.client import Client
from edge.local.lock import DATABASE, hold
from edge.site.site import FILE
from tests.edge.calls.stored import calls

_CALLS = 33_334
_TIMES = 30
_SITE = 'version = 1\nname = "bench"\ntimezone = "Asia/Tehran"\n'
_PAGES = (
    ("Status", "/status"),
    ("Devices", "/devices"),
    ("Calls, first page", "/calls"),
    ("Calls, by number", "/calls?text=0912003"),
    ("one call", f"/calls/b-{_CALLS - 500}"),
    ("Queue and CRM", "/queue"),
    ("Users and security", "/users"),
    ("Logs and diagnostics", "/logs"),
    ("About and privacy", "/about"),
)
_START_SECONDS = 60.0
USER, PASSWORD = "bench", "a long way to the sea"


def measure() -> Table:
    with TemporaryDirectory(prefix="pw-bench-") as name:
        rows = asyncio.run(_measured(Path(name)))
    notes = (
        f"over TLS on loopback, {_TIMES} times each, one after the other; bytes are packed;",
        "the edge answers in a process of its own on the same machine.",
    )
    columns = ("page", "first", "median", "bytes")
    return Table("The page with 100,000 events stored", columns, rows, notes)


async def _measured(data: Path) -> tuple[tuple[str, ...], ...]:
    (data / FILE).write_text(_SITE)
    await store(data, _CALLS)
    async with _process("edge", "run", "--data", str(data)):
        token = (await opened(data)).token
        words = ("--data", str(data), "--listen", "127.0.0.1:0")
        async with _process("webui", *words) as page:
            assert page.stdout  # noqa: S101 - started with PIPE
            url = (await page.stdout.readline()).decode().split()[-1]
            idle = _megabytes(page.pid)
            async with browser(url, token) as visitor:
                rows = [await _asked(visitor, name, path) for name, path in _PAGES]
            used = _megabytes(page.pid)
    return (
        *rows,
        ("memory of the process", f"{idle:.1f} MB", f"{used:.1f} MB", "at the start, after all"),
    )


async def _asked(visitor: aiohttp.ClientSession, name: str, path: str) -> tuple[str, ...]:
    seconds, size = [], 0
    for _ in range(_TIMES):
        begun = perf_counter()
        async with visitor.get(path, raise_for_status=True) as answer:
            await answer.read()
            size = int(answer.headers["Content-Length"])
        seconds.append(perf_counter() - begun)
    return (name, *(f"{each * 1000:.1f} ms" for each in (seconds[0], median(seconds))), str(size))


async def store(data: Path, count: int) -> None:
    """So many calls, in three events each."""
    with hold(data):
        journal = await Journal.open(data / DATABASE)
        waiting = list(calls(count))
        for at in range(0, len(waiting), 2000):
            await journal.append(waiting[at : at + 2000])
        await journal.close()


def browser(url: str, token: str) -> aiohttp.ClientSession:
    """One that is logged in and trusts the page."""
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    return aiohttp.ClientSession(
        url,
        headers={"Cookie": f"__Host-payvand={token}"},
        connector=aiohttp.TCPConnector(ssl=trusting),
    )


async def opened(data: Path) -> Opened:
    """An administrator's session, by the box's setup; waits until the edge answers."""
    async with asyncio.timeout(_START_SECONDS):
        while not ((data / "web.sock").exists() and read_code(data)):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        async with Client(data, token="") as nobody:
            ticket = await nobody.begin_setup(read_code(data))
            return await nobody.finish_setup(ticket.token, USER, PASSWORD)


@asynccontextmanager
async def _process(module: str, *words: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *words, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        process.terminate()
        await process.wait()


def _megabytes(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(text.partition("VmRSS:")[2].split()[0]) / 1024
