import argparse
import asyncio
import gzip
import json
import signal
import socket
import subprocess
import sys
import tomllib
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from edge.cli import crm
from edge.delivery.destinations.link.settings import LinkSettings

PROGRAM = """
import argparse, sys
from edge.cli import crm
parser = argparse.ArgumentParser()
crm.add_arguments(parser)
sys.exit(crm.run(parser.parse_args()))
"""
EVENT: dict[str, object] = {
    "specversion": "1.0",
    "id": "1a2b3c4d-1",
    "source": "/boxes/mashhad/box",
    "type": "box.started",
    "time": "2026-11-21T19:14:21Z",
    "sequence": "1",
    "timequality": "estimated",
    "data": {"version": "0.1.0"},
}


@asynccontextmanager
async def started(*arguments: str) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, *arguments, stdout=PIPE, stderr=PIPE
    )
    try:
        async with asyncio.timeout(60):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def url_of(process: Process) -> str:
    assert process.stdout
    return (await process.stdout.readline()).decode().split()[-1]


async def send(url: str, event: dict[str, object]) -> dict[str, object]:
    sequence = event["sequence"]
    headers = {
        "Content-Type": "application/cloudevents-batch+json",
        "Content-Encoding": "gzip",
        "Payvand-Range": f"1a2b3c4d {sequence}-{sequence}",
    }
    body = gzip.compress(json.dumps([event]).encode())
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{url}/v1/events", data=body, headers=headers) as response,
    ):
        answer: dict[str, object] = await response.json()
        return answer


async def stored(url: str) -> list[dict[str, object]]:
    async with aiohttp.ClientSession() as session, session.get(f"{url}/events") as response:
        return [json.loads(line) for line in (await response.text()).splitlines()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_prints_where_it_listens_and_ends_cleanly(
    tmp_path: Path, number: signal.Signals
) -> None:
    async with started("--port", "0", "--data", str(tmp_path)) as process:
        url = await url_of(process)
        assert url.startswith("http://127.0.0.1:")
        assert await send(url, EVENT) == {"through": 1, "rejected": []}
        process.send_signal(number)
        out, err = await process.communicate()
        assert (process.returncode, out, err) == (0, b"", b"")


async def test_what_was_answered_for_survives_a_kill(tmp_path: Path) -> None:
    taken: list[dict[str, object]] = []
    for start in (1, 4, 7):
        async with started("--port", "0", "--data", str(tmp_path)) as process:
            url = await url_of(process)
            assert await stored(url) == taken
            for sequence in range(start, start + 3):
                event = EVENT | {"id": f"1a2b3c4d-{sequence}", "sequence": str(sequence)}
                assert await send(url, event) == {"through": sequence, "rejected": []}
                taken.append(event)
            process.kill()
            await process.wait()
    assert len(taken) == 9


async def test_busy_port_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        async with started("--port", port, "--data", str(tmp_path)) as process:
            out, err = await process.communicate()
    assert (process.returncode, out) == (1, b"")
    assert err.count(b"\n") == 1
    assert f"port {port}" in err.decode()
    assert "in use" in err.decode()


async def test_directory_that_cannot_be_used_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "crm.sqlite").write_text("this is no database, " * 100)
    for data in (tmp_path / "file", tmp_path):
        async with started("--port", "0", "--data", str(data)) as process:
            out, err = await process.communicate()
        assert (process.returncode, out) == (1, b"")
        assert err.count(b"\n") == 1
        assert str(data) in err.decode()


async def test_host_that_is_no_name_is_one_clear_line(tmp_path: Path) -> None:
    async with started("--host", "foo..bar", "--port", "0", "--data", str(tmp_path)) as process:
        out, err = await process.communicate()
    assert (process.returncode, out, err.count(b"\n")) == (1, b"", 1)
    assert "cannot listen on foo..bar" in err.decode()


@pytest.mark.parametrize("port", ["-1", "65536", "http", "٨"])
def test_port_that_is_none_is_a_bad_argument(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser()
    crm.add_arguments(parser)
    with pytest.raises(SystemExit) as ended:
        parser.parse_args([f"--port={port}"])
    assert ended.value.code == 2
    assert "0 to 65535" in capsys.readouterr().err


def test_the_command_key_is_shown_as_a_box_needs_it(
    tmp_path: Path, payvand: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    shown = payvand("crm", "--data", tmp_path / "crm", "--command-key")
    assert shown.returncode == 0
    keys = tomllib.loads(shown.stdout)["command_keys"]
    assert LinkSettings(url="https://crm.example.com", command_keys=keys).problems() == []
    assert payvand("crm", "--data", tmp_path / "crm", "--command-key").stdout == shown.stdout
    (tmp_path / "crm" / "command.key").write_bytes(b"short")
    broken = payvand("crm", "--data", tmp_path / "crm", "--command-key")
    assert broken.returncode == 1
    assert broken.stderr.count("\n") == 1
