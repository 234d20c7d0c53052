"""`payvand status` and `payvand events`, run as processes against a real socket."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Literal

import pytest
from msgspec import structs

from edge.cli.status import page, span
from edge.local.client import Client
from edge.local.issue import Issue, Severity, Words
from edge.local.status import ClockStatus
from tests.edge.checks.conftest import DESTINATION, DEVICE, START, STATUS

StartEdge = Callable[[Path], Awaitable[asyncio.subprocess.Process]]
Payvand = Callable[..., subprocess.CompletedProcess[str]]

MANY = 20_000


@pytest.fixture
async def data(tmp_path: Path, start_edge: StartEdge) -> Path:
    """The data directory of an edge that has three events."""
    process = await start_edge(tmp_path)
    await _add(process, *(b'{"sequence":"%d"}' % number for number in (1, 2, 3)))
    await _stored(tmp_path, 3)
    return tmp_path


async def _add(process: asyncio.subprocess.Process, *lines: bytes) -> None:
    assert process.stdin
    process.stdin.writelines(line + b"\n" for line in lines)
    await process.stdin.drain()


async def _stored(data: Path, count: int) -> None:
    async with (
        asyncio.timeout(60),
        Client(data) as client,
        aclosing(client.follow(after=count - 1)) as lines,
    ):
        await anext(lines)


async def _follower(data: Path, root: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "edge", "events", "--follow", "--data", data),
        cwd=root,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


def test_status_tells_each_device_and_destination(data: Path, payvand: Payvand) -> None:
    done = payvand("status", "--data", data)
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert max(map(len, lines)) < 80
    assert lines[0] == "mashhad: payvand 0.1.0, running for 2 h 5 min, last event 3"
    heads = [line for line in lines if line.startswith(("device ", "destination "))]
    assert [head.split(" since ")[0] for head in heads] == [
        "device pbx1: online",
        "device pbx2: offline",
        "destination crm: retrying",
    ]
    text = " ".join(done.stdout.split())
    assert "trouble: The disk is 91 % full" in text
    assert "panasonic on /dev/ttyUSB0 19200 8N1, 512 calls," in text
    assert "do: No exchange answers at 192.168.1.20 port 2300: look whether it has power" in text
    assert "(link-missing)" in text
    assert "Set the exchange's clock: it is off by 2 h. (clock)" in text
    assert "120 events waiting, 2 refused and parked" in text
    assert "last good answer never, next try in 12 s" in text
    assert "look whether the internet line is up. (connection refused)" in text
    assert "Nothing to do" not in text


def test_an_issue_stands_once_and_with_what_it_concerns() -> None:
    def issue(code: str, concerns: str, severity: Severity = "alarm") -> Issue:
        words = Words(f"{code} is wrong.", ""), Words(f"Mend {code}.", "")
        return Issue(
            code=code,
            concerns=concerns,
            severity=severity,
            since=START,
            cause=words[0],
            advice=words[1],
        )

    offline = structs.replace(DEVICE, state="offline", code="port-missing", advice="It is gone.")
    away = structs.replace(DESTINATION, state="stopped", code="HTTP 401", advice="Get a token.")
    issues = (
        issue("port-missing", "pbx1"),
        issue("crm-refuses", "crm"),
        issue("crm-parked", "crm", "warning"),
        issue("clock-untrusted", "box"),
        issue("odd", "gone"),
    )
    before = structs.replace(STATUS, devices=(offline,), destinations=(away,))
    text = "\n".join(page(before, START))
    assert "do: It is gone. (port-missing)" in text
    assert "do: Get a token. (HTTP 401)" in text
    text = "\n".join(page(structs.replace(before, issues=issues), START))
    assert "It is gone." not in text
    assert "Get a token." not in text
    box, device, crm = text.split("\n\n")
    assert "do: Mend clock-untrusted. (clock-untrusted)" in box
    assert "do: Mend odd. (odd)" in box
    assert "port-missing is wrong.\n  do: Mend port-missing. (port-missing)" in device
    assert "warning since" in crm
    assert crm.count("do: ") == 2


def test_a_trouble_that_events_and_commands_share_is_told_once() -> None:
    away = structs.replace(DESTINATION, state="retrying", code="no answer", advice="See the line.")
    for commands, told in (("See the line. (no answer)", 0), ("Tell support. (HTTP 500)", 1)):
        both = structs.replace(away, commands=commands)
        text = "\n".join(page(structs.replace(STATUS, destinations=(both,)), START))
        assert text.count("See the line.") == 1
        assert text.count("no commands can be fetched: Tell support.") == told


def test_status_as_json_is_one_object(data: Path, payvand: Payvand) -> None:
    done = payvand("status", "--data", data, "--json")
    status = json.loads(done.stdout)
    assert done.returncode == 0
    assert (status["box"], status["started_at"]) == ("b0x", "2026-03-01T06:30:00Z")
    assert [device["key"] for device in status["devices"]] == ["pbx1", "pbx2"]
    assert status["destinations"][0]["last_ok_at"] is None


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("kernel", "clock: right by a time server since"),
        ("crm", "clock: right by the CRM's time since"),
        (None, "clock: not trusted since"),
    ],
)
def test_status_says_who_vouches_for_the_clock(
    source: Literal["kernel", "crm"] | None, said: str
) -> None:
    device = structs.replace(DEVICE, clock_skew=-3720.0)
    clock = ClockStatus(now=START, source=source, since=START)
    shown = structs.replace(STATUS, clock=clock, devices=(device,))
    text = " ".join(" ".join(page(shown, START)).split())
    assert said in text
    assert "its clock 1 h 2 min behind" in text


@pytest.mark.parametrize("command", ["status", "events"])
def test_without_an_edge_one_line_says_how_to_start_it(
    tmp_path: Path, payvand: Payvand, command: str
) -> None:
    done = payvand(command, "--data", tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"payvand: payvand is not running with data directory {tmp_path}: "
        f"start it with `payvand run --data {tmp_path}`\n"
    )


@pytest.mark.parametrize(
    ("words", "sequences"),
    [
        ([], ["1", "2", "3"]),
        (["--after", "1"], ["2", "3"]),
        (["--after", "1", "--limit", "1"], ["2"]),
        (["--limit", "0"], []),
        (["--follow", "--limit", "2"], ["1", "2"]),
    ],
)
def test_events_prints_what_is_asked_for(
    data: Path, payvand: Payvand, words: list[str], sequences: list[str]
) -> None:
    done = payvand("events", "--data", data, *words)
    assert (done.returncode, done.stderr) == (0, "")
    assert [json.loads(line)["sequence"] for line in done.stdout.splitlines()] == sequences


async def test_events_follows_until_interrupted(
    tmp_path: Path, start_edge: StartEdge, pytestconfig: pytest.Config
) -> None:
    edge = await start_edge(tmp_path)
    follower = await _follower(tmp_path, pytestconfig.rootpath)
    assert follower.stdout
    async with asyncio.timeout(60):
        for line in (b'{"sequence":"1"}', b'{"sequence":"2"}'):
            await _add(edge, line)
            assert await follower.stdout.readline() == line + b"\n"
        follower.send_signal(signal.SIGINT)
        rest, errors = await follower.communicate()
    assert (follower.returncode, rest, errors) == (130, b"", b"")


async def test_a_follower_ends_with_1_when_the_edge_dies(
    tmp_path: Path, start_edge: StartEdge, pytestconfig: pytest.Config
) -> None:
    edge = await start_edge(tmp_path)
    await _add(edge, b"{}")
    follower = await _follower(tmp_path, pytestconfig.rootpath)
    assert follower.stdout
    async with asyncio.timeout(60):
        await follower.stdout.readline()
        edge.kill()
        _, errors = await follower.communicate()
    assert follower.returncode == 1
    assert b"stopped while it answered\n" in errors
    assert errors.count(b"\n") == 1


async def test_a_reader_that_has_enough_is_no_error(
    tmp_path: Path, start_edge: StartEdge, pytestconfig: pytest.Config
) -> None:
    edge = await start_edge(tmp_path)
    await _add(edge, *[b'{"sequence":"0"}'] * MANY)
    await _stored(tmp_path, MANY)
    read, write = os.pipe()
    printer = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "edge", "events", "--data", tmp_path),
        cwd=pytestconfig.rootpath,
        stdout=write,
        stderr=asyncio.subprocess.PIPE,
    )
    os.close(write)
    await asyncio.to_thread(os.read, read, 100)
    os.close(read)
    async with asyncio.timeout(60):
        _, errors = await printer.communicate()
    assert (printer.returncode, errors) == (0, b"")


@pytest.mark.parametrize(
    "words",
    [
        ["stauts"],
        [],
        ["status", "--nonsense"],
        ["events", "--after", "-1"],
        ["events", "--limit", "many"],
        ["events", "--after", "9" * 30],
    ],
)
def test_wrong_arguments_end_with_2_and_one_line(payvand: Payvand, words: list[str]) -> None:
    done = payvand(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("payvand")
    assert done.stderr.count("\n") == 1


def test_help_names_the_commands_and_loads_nothing_heavy(pytestconfig: pytest.Config) -> None:
    code = (
        "import sys, edge.__main__ as main\n"
        "try: main.main(['--help'])\n"
        "except SystemExit as end: assert end.code == 0\n"
        "heavy = {'aiohttp', 'peewee', 'phonenumbers'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=pytestconfig.rootpath,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    firsts = {line.split()[0] for line in done.stdout.splitlines() if line.strip()}
    assert {"status", "events"} <= firsts


def test_version_is_one_line(payvand: Payvand) -> None:
    done = payvand("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("payvand ")
    assert done.stdout.count("\n") == 1


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (-5, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (125, "2 min 5 s"),
        (7500, "2 h 5 min"),
        (7200, "2 h"),
        (86400 * 3 + 3600 * 4 + 59, "3 d 4 h"),
    ],
)
def test_a_span_has_its_two_largest_units(seconds: float, text: str) -> None:
    assert span(seconds) == text
