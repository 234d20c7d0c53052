"""The whole box, killed and cut from its power while the exchange prints and the CRM has moods.

Claimed: what `payvand events` has shown or the CRM has received is in the journal for ever, under
the same id and with the same content; each call is one event; the order stays; a CRM has every
event once. Not claimed: a line that the box had not stored, because no exchange prints it again.
"""

from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.system.faults.campaign import Fault, kill, lives, open_office, power_cut, verdict
from tests.system.faults.checker import check
from tests.system.faults.disk import Disk
from tests.system.faults.office import Office
from tests.system.faults.writing import JOURNAL, integrity

NewDisk = Callable[..., Disk]
ROUNDS = 6


async def _survives(office: Office, fault: Fault) -> None:
    async with open_office(office):
        await lives(office, ROUNDS, Random(3), fault)
        evidence = await verdict(office)
    findings = check(evidence)
    assert findings.wrong == []
    assert findings.acknowledged > 10 * ROUNDS
    assert {entry.id for entry in evidence.delivered} == {entry.id for entry in evidence.stored}
    assert integrity(office.data / JOURNAL) == "ok"


async def test_kills_of_the_box_lose_and_double_nothing(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    await _survives(Office(tmp_path, tmp_path / "data"), kill)


async def test_power_cuts_of_the_box_lose_and_double_nothing(
    new_disk: NewDisk, tmp_path: Path
) -> None:
    disk = new_disk(64)
    data = disk.room / "data"
    disk.make_folder(data)
    await _survives(Office(tmp_path, data), power_cut(disk))


async def test_memory_and_descriptors_stay_flat(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    office = Office(tmp_path, tmp_path / "data")
    async with open_office(office):
        office.box.spawn()
        await office.online()
        await office.print(300)
        await office.has(300)
        await office.settled()
        before = office.box.vitals()
        await office.misbehave("503", seconds=0)
        await office.print(1500)
        await office.misbehave("none")
        await office.has(1800)
        await office.settled()
        evidence = await office.evidence(before, office.box.vitals())
    assert check(evidence).wrong == []
    assert len(evidence.delivered) > 1500
