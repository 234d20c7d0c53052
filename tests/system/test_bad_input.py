"""Wrong settings, ports and files: what the box says about them, and that it goes on."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from drivers.panasonic.exchange_port import Pace, SerialPort, serve_pty
from edge.journal.disk import BALLAST
from edge.local.status import Status
from tests.small_disk import Filler, mounted
from tests.system.paper import BAUD, assert_same, day_of
from tests.system.processes import (
    SECONDS,
    Box,
    Crm,
    assert_exactly_once,
    eventually,
    of_type,
    payvand,
)

DAY = day_of("KX-TDA100", 20, 14)
HOLD = "import serial, sys; port = serial.Serial(sys.argv[1], exclusive=True); print(); input()"


def _tda(port: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    return {"serial": str(port)}, {"model": "KX-TDA100"}


async def _ends(box: Box) -> tuple[int, str]:
    """Run a box that cannot start: exit code and what it said."""
    before = len(box.log)
    box.spawn()
    return await box.ended(), box.log[before:]


async def _print_all(port: SerialPort, box: Box, crm: Crm) -> None:
    for line in DAY.printed:
        await port.write(line.text)
    await crm.told("call.ended", count=sum(DAY.truth.values()))
    await box.settled()
    assert_same(await crm.calls(), DAY)


async def test_an_unknown_model_is_named_with_those_that_are_known(box: Box) -> None:
    box.settle({"serial": "/dev/ttyUSB0"}, {"model": "KX-TDA900"}, None)
    code, said = await _ends(box)
    assert code == 2
    assert len(said.splitlines()) == 1
    assert "KX-TDA900" in said
    assert "KX-TDA100" in said


async def test_five_mistakes_are_all_named_at_once(box: Box) -> None:
    (box.data / "site.toml").write_text(
        """
version = 1
name = "mashhad"
timezone = "Asia/Teheran"
[[device]]
key = "pbx 1"
driver = "panasonik"
link = { serial = "/dev/ttyUSB0", baud = 9601 }
[[destination]]
name = "crm"
kind = "link"
settings = { url = "crm.example.com" }
"""
    )
    code, said = await _ends(box)
    assert code == 2
    assert said.startswith("payvand: ")
    assert "5 mistakes" in said
    fields = [line.strip().split(": ")[0] for line in said.splitlines()[1:]]
    assert [field.rpartition(".")[2] for field in fields] == [
        "timezone",
        "key",
        "driver",
        "baud",
        "url",
    ]
    assert not (box.data / "journal.sqlite").exists()


async def test_settings_that_are_not_there(box: Box) -> None:
    code, said = await _ends(box)
    assert code == 2
    assert said.count("\n") == 1
    assert "site.toml does not exist" in said


async def test_a_missing_port_is_waited_for(box: Box, crm: Crm, tmp_path: Path) -> None:
    await crm.start()
    place = tmp_path / "ttyUSB7"
    box.settle(*_tda(place), crm.url)
    box.spawn()
    device = await box.becomes("offline", "port-missing")
    assert str(place) in device.advice

    async def tried_again() -> bool:
        # A try at opening leaves no trace of its own: the CRM hears of the first only.
        status = await box.status()
        return status is not None and status.uptime_seconds >= 3

    await eventually(tried_again, "three seconds of trying")
    with SerialPort(place) as port:
        await box.becomes("online")
        await _print_all(port, box, crm)
        told = of_type(await crm.events(), "device.*")
        assert [event["type"] for event in told] == ["device.offline", "device.online"]
        assert box.log.count(str(place)) == 2


@pytest.fixture
def holder(port: SerialPort) -> Iterator["subprocess.Popen[str]"]:
    """Another program that has the port open."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, port.path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.communicate(timeout=SECONDS)


async def test_a_port_in_use_names_who_has_it(
    holder: "subprocess.Popen[str]", box: Box, crm: Crm, port: SerialPort
) -> None:
    await crm.start()
    box.settle(*_tda(port.path), crm.url)
    box.spawn()
    device = await box.becomes("offline", "port-busy")
    assert f"(pid {holder.pid})" in device.advice
    assert "python" in device.advice

    holder.kill()
    await box.becomes("online")
    await _print_all(port, box, crm)


async def test_bytes_that_nobody_can_read_raise_one_alarm(
    box: Box, crm: Crm, port: SerialPort
) -> None:
    await crm.start()
    box.settle(*_tda(port.path), crm.url)
    await box.start()
    rng = Random(1)
    garbage = b"".join(rng.randbytes(40).replace(b"\n", b"?") + b"\r\n" for _ in range(60))
    await port.write(garbage)

    (alarm,) = await crm.told("device.alarm")
    assert alarm["data"]["code"] == "unreadable"
    assert "speed, data bits and parity" in alarm["data"]["advice"]
    device = await box.becomes("online")
    assert [one.code for one in device.alarms] == ["unreadable"]
    text = " ".join(payvand("status", "--data", box.data).stdout.split())
    assert "check speed, data bits and parity" in text

    await _print_all(port, box, crm)
    events = await crm.events()
    assert len(of_type(events, "device.alarm")) == 1
    (unrecognized,) = of_type(events, "wire.unrecognized")
    assert not any(sign.isdigit() for sign in unrecognized["data"]["sample"])


async def test_a_second_box_on_the_same_data_is_refused(box: Box, port: SerialPort) -> None:
    box.settle(*_tda(port.path), None)
    await box.start()
    second = payvand("run", "--data", box.data)
    assert second.returncode == 1
    assert second.stderr.count("\n") == 1
    assert f"already running with this data directory (pid {box.pid})" in second.stderr
    await box.becomes("online")


async def test_another_programs_database_is_left_alone(box: Box, port: SerialPort) -> None:
    content = b"SQLite format 3\x00" + bytes(4080)
    box.settle(*_tda(port.path), None)
    file = box.data / "journal.sqlite"
    file.write_bytes(content)
    code, said = await _ends(box)
    assert code == 1
    assert said.count("\n") == 1
    assert str(file) in said
    assert file.read_bytes() == content
    assert {path.name for path in box.data.iterdir()} == {"site.toml", "journal.sqlite", "lock"}


async def test_a_file_that_is_no_database_is_set_aside_and_told(
    box: Box, crm: Crm, port: SerialPort
) -> None:
    content = b"no database at all\n" * 100
    await crm.start()
    box.settle(*_tda(port.path), crm.url)
    (box.data / "journal.sqlite").write_bytes(content)
    await box.start()
    (alarm,) = await crm.told("box.alarm", "journal-recovered")
    (kept,) = box.data.glob("journal.sqlite.damaged-*")
    assert kept.read_bytes() == content
    assert kept.name in alarm["data"]["advice"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path, "tmpfs", 32) as place:
        yield place


async def test_a_full_disk_holds_the_exchange_back_until_there_is_room(
    small_disk: Path, crm: Crm, port: SerialPort
) -> None:
    """The log file has its full size from the start: only a long day finds out that no room is.

    The CRM is away meanwhile, and the box's own reserve is gone before the day begins: else events
    that are delivered, or the reserve, make room again at some moment of their own.
    """
    day = day_of("KX-TDA100", 2500, 15, received=True)
    await crm.start()
    box = Box(small_disk / "box")
    filler = Filler(small_disk)
    try:
        box.settle(*_tda(port.path), crm.url)
        await box.start()
        await eventually(lambda: _has_reserve(box), "the reserve is made")
        crm.kill()
        filler.fill()
        await eventually(lambda: _has_none(box), "the reserve is given up")
        filler.fill()
        async with asyncio.TaskGroup() as group:
            printing = group.create_task(serve_pty(day.printed, port, BAUD, Pace(longest_wait=0)))
            status = await eventually(lambda: _in_trouble(box), "the disk is full")
            assert str(status.trouble).startswith("the disk of ")
            assert "free space on it; events wait and none is lost" in str(status.trouble)
            assert status.last_sequence == len(box.rows("SELECT sequence FROM event"))
            assert status.last_sequence < len(day.printed)
            assert "trouble: the disk of" in payvand("status", "--data", box.data).stdout
            assert not printing.done(), "the exchange waits, as the line's handshake tells it to"
            filler.give_back()
            await crm.start()

        await crm.told("call.ended", count=sum(day.truth.values()))
        status = await box.settled()
        assert status.trouble is None
        assert (box.log.count("cannot be written"), box.log.count("is written again")) == (1, 1)
        events = await crm.events()
        assert_exactly_once(events)
        assert len(events) == status.last_sequence
        assert_same(await crm.calls(), day)
    finally:
        box.kill()


async def _has_reserve(box: Box) -> bool:
    return (box.data / BALLAST).exists()


async def _has_none(box: Box) -> bool:
    return not await _has_reserve(box)


async def _in_trouble(box: Box) -> Status | None:
    status = await box.status()
    return status if status and status.trouble else None
