"""The whole box on a small disk that another program fills: what goes, and that the box goes on."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from edge.journal.disk import BALLAST
from tests.small_disk import Filler, mounted
from tests.system.faults.checker import check
from tests.system.faults.office import Office, until
from tests.system.processes import ROOT

PROMISED_SECONDS = 10.0
XON, XOFF = b"\x11", b"\x13"
STEPS = (
    "ballast of",
    "delivered events go",
    "The journal cannot be written",
    "The journal is written again",
)


@pytest.fixture(params=["ext4", "tmpfs"])
def small_disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path, request.param, 128) as place:
        yield place


@asynccontextmanager
async def branch(folder: Path, disk: Path) -> AsyncIterator[Office]:
    """A box on the small disk; everything else lies in `folder`."""
    (disk / "data").mkdir()
    office = Office(folder, disk / "data")
    with office.port:
        office.settle()
        site = office.data / "site.toml"
        site.write_text(site.read_text().replace("[device.link]", '[device.link]\nhold = ["xoff"]'))
        try:
            await office.start_crm()
            office.box.spawn()
            await office.online()
            await until(lambda: has_ballast(office), "the ballast is made")
            yield office
        finally:
            office.kill()


async def hears(office: Office, last: bytes, heard: bytearray) -> bool:
    """Whether `last` is what the exchange was told last."""
    assert office.port._ends
    with suppress(BlockingIOError):
        heard += os.read(office.port._ends[0], 1000)
    return heard.endswith(last)


async def has_ballast(office: Office) -> bool:
    return (office.data / BALLAST).exists()


async def has_none(office: Office) -> bool:
    return not (office.data / BALLAST).exists()


async def has_dropped(office: Office) -> bool:
    return steps(office)["delivered events go"] > 0


async def begins_after(office: Office, sequence: int) -> bool:
    return int((await office.stored())[0]["sequence"]) > sequence


async def is_in_trouble(office: Office) -> bool:
    status = await office.status()
    return status is not None and status.trouble is not None


async def is_used(office: Office, percent: int) -> bool:
    status = await office.status()
    return bool(status and status.disk and status.disk.percent >= percent)


async def is_well(office: Office) -> bool:
    status = await office.status()
    return status is not None and status.trouble is None


def steps(office: Office) -> dict[str, int]:
    """How often the log tells of each."""
    return {step: office.box.log.count(step) for step in STEPS}


async def codes(office: Office) -> list[str]:
    """The box's own alarms, as the CRM has them."""
    kinds = ("box.alarm", "box.health")
    return [each["data"]["code"] for each in await office.delivered() if each["type"] in kinds]


def shown(office: Office) -> str:
    """What `payvand status` says, on one line."""
    command: list[str | Path] = [sys.executable, "-m", "edge", "status", "--data", office.data]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return " ".join(done.stdout.split())


async def fill_all(office: Office, filler: Filler) -> None:
    """Take the disk, and what the ballast leaves as well."""
    filler.fill()
    await until(lambda: has_none(office), "the ballast is given up")
    filler.fill()


async def test_undelivered_events_wait_and_hold_the_exchange_back(
    small_disk: Path, tmp_path: Path
) -> None:
    filler = Filler(small_disk)
    async with branch(tmp_path, small_disk) as office:
        await office.print(20)
        await office.has(20)
        assert "% used" in shown(office)
        office.crm.kill()
        await fill_all(office, filler)
        printing = asyncio.ensure_future(office.print(12000))
        try:
            await until(lambda: is_in_trouble(office), "no room for one event more", 240)
            await until(lambda: is_used(office, 95), "the status tells it")
            assert "its reserve is given up" in shown(office)
            assert "events wait and none is lost" in shown(office)
            assert not printing.done(), "the exchange waits"
            heard = bytearray()
            await until(lambda: hears(office, XOFF, heard), "the exchange is held back")

            filler.give_back()
            begun = time.monotonic()
            await until(lambda: is_well(office), "it goes on")
            assert time.monotonic() - begun < PROMISED_SECONDS
            await until(lambda: hears(office, XON, heard), "the exchange may send on")
            await until(lambda: has_ballast(office), "the ballast is back")
            assert time.monotonic() - begun < PROMISED_SECONDS
            await office.start_crm()
            await asyncio.wait_for(printing, 240)
        finally:
            printing.cancel()
        await office.has(12020)
        await office.settled()
        evidence = await office.evidence()
        assert check(evidence).wrong == []
        assert {entry.number for entry in evidence.delivered} >= set(range(1, 12021))
        assert await codes(office) == ["disk-80", "disk-95", "disk-80-over", "disk-95-over"]
        assert steps(office) == dict(zip(STEPS, (1, 0, 1, 1), strict=True))


async def test_delivered_history_makes_room_while_the_crm_takes_events(
    small_disk: Path, tmp_path: Path
) -> None:
    filler = Filler(small_disk)
    async with branch(tmp_path, small_disk) as office:
        await office.print(3000)
        await office.has(3000)
        await office.settled()
        filler.fill()
        await until(lambda: has_dropped(office), "delivered events go")
        filler.fill()
        for thousand in range(4, 11):
            await office.print(1000)
            await office.has(1000 * thousand)
            # No exchange prints as fast as a pty takes it: what went by then has gone before more.
            await until(partial(begins_after, office, 1000 * thousand - 500), "history goes")
        assert await is_well(office)
        filler.give_back()
        await until(lambda: has_ballast(office), "the ballast is back", PROMISED_SECONDS)
        await office.settled()
        delivered = {entry.number for entry in (await office.evidence()).delivered}
        assert delivered >= set(range(1, 10001))
        assert steps(office) == dict(zip(STEPS, (1, 1, 0, 0), strict=True))


async def test_a_box_killed_on_a_full_disk_starts_again(small_disk: Path, tmp_path: Path) -> None:
    filler = Filler(small_disk)
    async with branch(tmp_path, small_disk) as office:
        await office.print(50)
        await office.has(50)
        office.box.kill()
        filler.fill()
        office.box.spawn()
        await office.online()
        assert await has_none(office)
        await office.print(50)
        await office.has(100)
        assert office.box.log.count(STEPS[0]) == 1
