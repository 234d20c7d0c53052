"""One process per data directory, whatever happened to the one before."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from edge.errors import CommandFailed
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
    async with asyncio.timeout(60):
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
    async with asyncio.timeout(60):
        await first.wait()
    assert (tmp_path / "control.sock").is_socket()
    second = await start_edge(tmp_path)
    assert second.returncode is None
    assert (tmp_path / "lock").read_text() == f"{second.pid}\n"


def test_a_directory_that_may_not_be_written_is_told_with_its_reason(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        with pytest.raises(CommandFailed) as refused, hold(tmp_path):
            pass
    finally:
        os.seteuid(before)
        tmp_path.chmod(0o700)
    text = str(refused.value)
    assert text.startswith(f"{tmp_path} may not be written by this user ({tmp_path}/lock: Perm")
    assert text.endswith("give it to the user with chown, or run payvand as its owner")


def test_a_directory_in_place_of_the_lock_is_told(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()
    with (
        pytest.raises(CommandFailed, match=r"lock: Is a directory\): move that directory away"),
        hold(tmp_path),
    ):
        pass


def test_a_path_too_long_for_the_control_socket_is_told_before_anything(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    with pytest.raises(CommandFailed, match="shorter path"), hold(folder):
        pass
    assert list(folder.iterdir()) == []
