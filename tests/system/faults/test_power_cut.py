"""The power is cut under the writer: nothing acknowledged is lost.

Two controls show that the cuts bite and that the checker sees it: a journal that does not flush at
each commit, and a disk that says it has flushed and has not. The second is outside the promise: no
program can keep an event on a disk that lies.
"""

from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.system.faults.checker import check
from tests.system.faults.disk import Disk
from tests.system.faults.power import cuts
from tests.system.faults.writing import LYING, Work, injecting

NewDisk = Callable[..., Disk]
CUTS = 8
TRIES = 12
NORMAL = ("--synchronous", "1")


def test_power_cuts_lose_nothing(new_disk: NewDisk, tmp_path: Path) -> None:
    acknowledged = []
    for evidence in cuts(new_disk(64), tmp_path / "notes", CUTS, Random(7)):
        findings = check(evidence)
        assert findings.wrong == []
        acknowledged.append(findings.acknowledged)
    assert len(acknowledged) == CUTS
    assert acknowledged[-1] > acknowledged[0] > 0


def test_without_a_flush_at_each_commit_events_are_lost(new_disk: NewDisk, tmp_path: Path) -> None:
    rounds = cuts(new_disk(64), tmp_path / "notes", TRIES, Random(7), *NORMAL)
    assert any(check(evidence).lost for evidence in rounds), "the power cuts do not bite"


def test_a_disk_that_lies_about_its_flushes_loses_events(
    new_disk: NewDisk, tmp_path: Path, strace: str
) -> None:
    disk = new_disk(64)
    disk.make_folder(disk.room / "data")
    assert Work(disk.room / "data", tmp_path / "notes").run(3).returncode == 0
    lying = injecting(strace, *LYING)
    rounds = cuts(disk, tmp_path / "notes", TRIES, Random(7), under=lying)
    assert any(check(evidence).lost for evidence in rounds), "the checker sees no loss"
