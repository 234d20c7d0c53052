"""`payvand demo` as a person runs it: a process with a box and a CRM below it."""

import asyncio
import os
import re
import select
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from edge.local.client import Client
from edge.local.lock import SOCKET
from edge.local.settings_records import DestinationChange, DeviceChange

SECONDS = 120
CALL = re.compile(r"\d\d:\d\d:\d\d  [↙↗⇄]  ")
VERDICT = re.compile(r"made +(\d+).*in the CRM +(\d+)\nlost (\d+), double (\d+) ", re.DOTALL)


@pytest.fixture
def scratch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A short place for temporary folders: a socket's path may have 107 bytes at most."""
    with TemporaryDirectory() as name:
        monkeypatch.setenv("TMPDIR", name)
        yield Path(name)


@pytest.fixture
def root(pytestconfig: pytest.Config) -> Path:
    return pytestconfig.rootpath


@asynccontextmanager
async def started(root: Path, *words: str) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "edge", "demo", *words),
        cwd=root,
        stdout=PIPE,
        stderr=PIPE,
        process_group=0,
    )
    try:
        async with asyncio.timeout(SECONDS):
            yield process
    finally:
        for pid in children(process):
            os.kill(pid, signal.SIGKILL)
        if process.returncode is None:
            process.kill()
        await process.communicate()


def children(process: Process) -> list[int]:
    """The pids of the box, its page and the CRM, as long as the demo lives."""
    try:
        return [int(pid) for pid in _file(process.pid, f"task/{process.pid}/children").split()]
    except OSError:
        return []


def _file(pid: int, name: str) -> str:
    return Path(f"/proc/{pid}/{name}").read_text()


def child(process: Process, command: str) -> int:
    (found,) = (pid for pid in children(process) if f"edge\0{command}\0" in _file(pid, "cmdline"))
    return found


def alive(pids: list[int]) -> list[int]:
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def ended(handle: int) -> bool:
    """Wait for a process's end, by its pidfd."""
    return bool(select.select([handle], [], [], SECONDS)[0])


def folders(scratch: Path) -> list[Path]:
    """What the demo has left there, or has there now."""
    return list(scratch.iterdir())


async def lines_until(process: Process, pattern: re.Pattern[str]) -> list[str]:
    """What is printed up to the first line that begins like the pattern."""
    assert process.stdout
    lines: list[str] = []
    async with asyncio.timeout(SECONDS):
        while not lines or not pattern.match(lines[-1]):
            line = await process.stdout.readline()
            assert line, f"ended after {lines}"
            lines.append(line.decode())
    return lines


def verdict(text: str) -> tuple[int, ...]:
    """(made, known, lost, double) as printed."""
    found = VERDICT.search(text)
    assert found, text
    return tuple(int(number) for number in found.groups())


@pytest.mark.parametrize("model", ["KX-TDA100", "KX-TES824"])
async def test_calls_appear_and_ctrl_c_leaves_nothing(
    root: Path, scratch: Path, model: str
) -> None:
    async with started(root, "--port", "0", "--page-port", "0", "--model", model) as process:
        begin = await lines_until(process, CALL)
        assert model in begin[0]
        await lines_until(process, CALL)
        parts = children(process)
        assert len(parts) == 3
        assert len(folders(scratch)) == 1
        os.killpg(process.pid, signal.SIGINT)
        out, err = await process.communicate()
        assert (process.returncode, err) == (0, b"")
        assert alive(parts) == []
    assert folders(scratch) == []
    made, known, lost, double = verdict(out.decode())
    assert made == known > 0
    assert (lost, double) == (0, 0)


@pytest.mark.usefixtures("scratch")
async def test_a_box_that_nobody_set_up_ends_too(root: Path) -> None:
    async with started(root, "--port", "0", "--page-port", "0", "--factory") as process:
        await lines_until(process, re.compile("time "))
        parts = children(process)
        process.send_signal(signal.SIGINT)
        out, _ = await process.communicate()
    assert verdict(out.decode()) == (0, 0, 0, 0)
    assert alive(parts) == []


async def test_what_was_set_up_by_hand_and_changed_is_not_waited_for(
    root: Path, scratch: Path
) -> None:
    """A device on a dead port keeps the exchange from nothing, and one that began anew counts."""
    async with started(root, "--port", "0", "--page-port", "0", "--factory") as process:
        told = "".join(await lines_until(process, re.compile("time ")))
        port, url = re.findall(r" on (/dev/\S+),|address +(http\S+)", told)
        box = folders(scratch)[0] / "box"
        while not (box / SOCKET).exists():  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        async with Client(box) as edge:
            await edge.add_destination(
                DestinationChange(
                    revision=await _revision(edge),
                    name="crm",
                    kind="link",
                    settings={"url": url[1]},
                )
            )
            await edge.add_device(await _exchange(edge, "dead", "/dev/ttyNONE7"))
            await edge.add_device(await _exchange(edge, "pbx", port[0]))
            await lines_until(process, CALL)
            again = await _exchange(edge, "pbx", port[0])
            await edge.change_device(again)
            await _heard_again(edge)
        process.send_signal(signal.SIGINT)
        out, _ = await process.communicate()
    assert "Not all of it came" not in out.decode()
    verdict(out.decode())


async def _heard_again(edge: Client) -> None:
    while True:
        if [each.state for each in (await edge.status()).devices] == ["offline", "online"]:
            return
        await asyncio.sleep(0.1)


async def _revision(edge: Client) -> str:
    return (await edge.settings()).revision


async def _exchange(edge: Client, key: str, port: str) -> DeviceChange:
    return DeviceChange(
        revision=await _revision(edge),
        key=key,
        driver="panasonic",
        link={"serial": port, "baud": 9600},
        settings={"model": "KX-TDA100", "area_code": "51"},
    )


async def test_sigterm_ends_it_in_the_same_way(root: Path, scratch: Path) -> None:
    async with started(root, "--port", "0", "--page-port", "0") as process:
        await lines_until(process, CALL)
        parts = children(process)
        process.terminate()
        out, _ = await process.communicate()
        assert process.returncode == 0
        assert alive(parts) == []
    assert verdict(out.decode())[2:] == (0, 0)
    assert folders(scratch) == []


async def test_an_outage_loses_and_doubles_nothing(root: Path, scratch: Path) -> None:
    async with started(root, "--port", "0", "--page-port", "0", "--outage", "3") as process:
        out, err = await process.communicate()
        assert (process.returncode, err) == (0, b"")
    text = out.decode()
    waiting = [int(number) for number in re.findall(r"--- (\d+) events? waits? in the box", text)]
    assert max(waiting) >= 2
    assert "--- The backlog is in the CRM." in text
    made, known, lost, double = verdict(text)
    assert made == known > 3
    assert (lost, double) == (0, 0)
    assert folders(scratch) == []


@pytest.mark.parametrize(("command", "name"), [("run", "the box"), ("crm", "the CRM")])
async def test_a_part_that_dies_is_named_and_takes_the_rest_with_it(
    root: Path, scratch: Path, command: str, name: str
) -> None:
    async with started(root, "--port", "0", "--page-port", "0") as process:
        await lines_until(process, CALL)
        parts = children(process)
        os.kill(child(process, command), signal.SIGKILL)
        _, err = await process.communicate()
        assert process.returncode == 1
        assert alive(parts) == []
    assert err.decode().startswith(f"payvand: {name} ended by itself (killed by signal 9)")
    assert b"Traceback" not in err
    assert folders(scratch) == []


async def test_a_demo_that_is_killed_leaves_no_process(root: Path, scratch: Path) -> None:
    async with started(root, "--port", "0", "--page-port", "0") as process:
        await lines_until(process, CALL)
        parts = children(process)
        assert len(parts) == 3
        handles = [os.pidfd_open(pid) for pid in parts]
        process.kill()
        try:
            for handle in handles:
                assert await asyncio.to_thread(ended, handle), "an orphan lives on"
        finally:
            for handle in handles:
                with suppress(ProcessLookupError):
                    signal.pidfd_send_signal(handle, signal.SIGKILL)
                os.close(handle)
    assert len(folders(scratch)) == 1


async def test_a_port_in_use_is_told_and_another_one_taken(root: Path, scratch: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        async with started(root, "--port", str(port)) as process:
            text = "".join(await lines_until(process, CALL))
            process.send_signal(signal.SIGINT)
            await process.communicate()
            assert process.returncode == 0
    assert text.startswith(f"Port {port} is in use")
    assert f"http://127.0.0.1:{port}" not in text
    assert folders(scratch) == []


async def test_a_second_ctrl_c_waits_for_no_comparison(root: Path, scratch: Path) -> None:
    async with started(root, "--port", "0", "--page-port", "0") as process:
        await lines_until(process, CALL)
        parts = children(process)
        crm = child(process, "crm")
        os.kill(crm, signal.SIGSTOP)  # nothing can be brought or compared now
        process.send_signal(signal.SIGINT)
        await lines_until(process, re.compile("The exchange and the lines fall silent"))
        process.send_signal(signal.SIGINT)
        os.kill(crm, signal.SIGCONT)
        out, err = await process.communicate()
        assert (process.returncode, err) == (130, b"")
        assert b"lost" not in out
        assert alive(parts) == []
    assert folders(scratch) == []


@pytest.mark.parametrize(
    "words",
    [
        ["--model", "KX-TD1232"],
        ["--port", "65536"],
        ["--page-port", "-1"],
        ["--outage", "0"],
        ["--outage", "x"],
    ],
)
async def test_wrong_arguments_end_with_2_and_one_line(root: Path, words: list[str]) -> None:
    async with started(root, *words) as process:
        out, err = await process.communicate()
        assert (process.returncode, out, err.count(b"\n")) == (2, b"", 1)
