"""A small edge in a process of its own, and the command line run as a person runs it."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

SMALL_EDGE = Path(__file__).parent / "local" / "small_edge.py"
SECONDS = 60

StartEdge = Callable[[Path], Awaitable[asyncio.subprocess.Process]]
Payvand = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
async def start_edge(pytestconfig: pytest.Config) -> AsyncIterator[StartEdge]:
    """`await start_edge(data)`: a process that answers on DATA/control.sock until the test ends."""
    started: list[asyncio.subprocess.Process] = []

    async def start(data: Path) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, SMALL_EDGE, data),
            env=os.environ | {"PYTHONPATH": str(pytestconfig.rootpath)},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        started.append(process)
        assert process.stdout
        async with asyncio.timeout(SECONDS):
            await process.stdout.readline()
        return process

    yield start
    for process in started:
        if process.returncode is None:
            process.kill()
        async with asyncio.timeout(SECONDS):
            await process.communicate()


@pytest.fixture
def payvand(pytestconfig: pytest.Config) -> Payvand:
    """`payvand("status", "--json")`: the finished process."""

    def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "edge", *words],
            cwd=pytestconfig.rootpath,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    return run
