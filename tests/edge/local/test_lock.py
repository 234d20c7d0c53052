"""One process per data directory, whatever happened to the one before."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from edge.local.lock import AlreadyRunning, hold

StartEdge = Callable[[Path], Awaitable[asyncio.subprocess.Process]]


def test_the_holder_writes_its_pid_and_a_second_one_names_it(tmp_path: Path) -> None:
    with hold(tmp_path) as lock:
        assert lock.folder == tmp_path
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"
        with pytest.raises(AlreadyRunning) as refused, hold(tmp_path):
            pass
    assert f"(pid {os.getpid()})" in str(refused.value)
    with hold(tmp_path):
        pass


async def test_a_second_process_is_refused_with_the_first_ones_pid(
    tmp_path: Path, start_edge: StartEdge
) -> None:
    first = await start_edge(tmp_path)
    second = await start_edge(tmp_path)
    async with asyncio.timeout(20):
        _, errors = await second.communicate()
    assert second.returncode == 1
    assert errors.decode() == (
        f"payvand is already running with this data directory (pid {first.pid}): "
        f"stop it first, or give another directory than {tmp_path}\n"
    )
    assert first.returncode is None


async def test_a_killed_process_leaves_its_socket_but_not_its_hold(
    tmp_path: Path, start_edge: StartEdge
) -> None:
    first = await start_edge(tmp_path)
    first.send_signal(signal.SIGKILL)
    async with asyncio.timeout(20):
        await first.wait()
    assert (tmp_path / "control.sock").is_socket()
    second = await start_edge(tmp_path)
    assert second.returncode is None
    assert (tmp_path / "lock").read_text() == f"{second.pid}\n"
