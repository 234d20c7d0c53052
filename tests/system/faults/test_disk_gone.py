"""The box's disk is full, dead, or taken out of the tree of files."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.system.faults.campaign import open_office, verdict
from tests.system.faults.checker import check
from tests.system.faults.disk import Disk
from tests.system.faults.office import Office, until

NewDisk = Callable[..., Disk]
RECOVERS_SECONDS = 10.0


@pytest.fixture
def disk(new_disk: NewDisk) -> Disk:
    """Of blocks so small that a page may be written in part before the disk is full."""
    return new_disk(24, block=1024)


@pytest.fixture
def office(disk: Disk, tmp_path: Path) -> Office:
    data = disk.room / "data"
    disk.make_folder(data)
    return Office(tmp_path, data)


async def test_a_full_disk_holds_events_back_and_loses_none(office: Office, disk: Disk) -> None:
    async with open_office(office):
        office.box.spawn()
        await office.online()
        await office.print(20)
        await office.has(20)
        # Else a box that delivers as fast as it is told always has something to give up.
        await office.misbehave("503", seconds=0)
        printing = asyncio.ensure_future(office.print_on(0.001))
        await until(lambda: _in_trouble(office, disk), "the full disk is noticed")
        _filler(disk).unlink()
        await until(lambda: _at_ease(office), "the box goes on by itself", RECOVERS_SECONDS)
        printing.cancel()
        await asyncio.wait([printing])
        await office.misbehave("none")
        await office.settled()
        # The line at which the printing was broken off may be torn: the next ones are whole.
        await office.print(2)
        await office.has(office.printed)
        evidence = await office.evidence()
    assert check(evidence).wrong == []
    calls = {entry.number for entry in evidence.delivered if entry.device == "pbx1"}
    assert calls >= set(range(1, office.printed - 2))


async def _in_trouble(office: Office, disk: Disk) -> bool:
    """Fill the disk up again until the box says so: it may have had something to give up first."""
    await asyncio.to_thread(_fill, disk)
    status = await office.status()
    return status is not None and status.trouble is not None


async def _at_ease(office: Office) -> bool:
    status = await office.status()
    return status is not None and status.trouble is None


def _filler(disk: Disk) -> Path:
    return disk.room / "filler"


def _fill(disk: Disk) -> None:
    """Take all the room there is, to the last byte."""
    with suppress(OSError), _filler(disk).open("ab", buffering=0) as file:
        for size in (1 << 16, 1 << 10, 1):
            with suppress(OSError):
                while file.write(b"\0" * size) == size:
                    pass


async def test_a_dead_disk_ends_the_process_with_one_line(office: Office, disk: Disk) -> None:
    async with open_office(office):  # `payvand events` follows all the while
        office.box.spawn()
        await office.online()
        await office.print(20)
        await office.has(20)
        before = office.box.log
        disk.cut()
        await office.print(1)
        assert await office.box.ended() == 1
        *noticed, last = office.box.log.removeprefix(before).splitlines()
        assert last.startswith("payvand: ")
        assert all("What devices send is not kept" in line for line in noticed), noticed
        disk.unplug()
        disk.plug()
        evidence = await verdict(office)
    assert check(evidence).wrong == []
    assert len(evidence.delivered) >= 20


async def test_without_its_disk_the_box_begins_nothing_new(office: Office, disk: Disk) -> None:
    async with open_office(office):
        office.box.spawn()
        await office.online()
        await office.print(20)
        await office.has(20)
        disk.pull()
        await office.print(20)
        office.box.kill()
        disk.room.joinpath("data").mkdir()
        office.box.spawn()
        assert await office.box.ended() == 2
        assert office.box.log.splitlines()[-1].startswith("payvand: ")
        assert list(disk.room.joinpath("data").iterdir()) == []
        disk.room.joinpath("data").rmdir()
        disk.plug()
        evidence = await verdict(office)
    assert check(evidence).wrong == []
    assert len(evidence.delivered) >= 20
