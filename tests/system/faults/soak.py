"""The long form: thousands of faults, and a closing summary.

    python -m tests.system.faults.soak [ROUNDS]

ROUNDS (500) power cuts and twice as many kills of the whole box, where lost and doubled are counted
at the reference CRM; ROUNDS of each of the writer, which writes without a pause; then a fault at
system call after system call, the controls that must lose events, and the summary. Exit code 1 when
anything was wrong.
"""

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from tests.system.faults.beginnings import beginnings
from tests.system.faults.campaign import Fault as Ending
from tests.system.faults.campaign import kill, lives, open_office, power_cut, verdict
from tests.system.faults.checker import Evidence, Findings, Vitals, check
from tests.system.faults.disk import NoDisk, disk_in
from tests.system.faults.injection import ERRORS, FLUSHES, KILLS, torn_writes, until_clean
from tests.system.faults.office import Office
from tests.system.faults.power import cuts, kills
from tests.system.faults.writing import LYING, ROOT, injecting

CAMPAIGN = 25
"""Rounds with one journal; then a new one, so that looking at it stays quick."""
DISK_MEGABYTES = 128
STRIDE = 1.3
TORN = 100
CONTROLS = 10
PROGRAMS = ("mount", "mkfs.ext4", "strace")


@dataclass(slots=True)
class Tally:
    """One line of the summary."""

    what: str
    rounds: int = 0
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    wrong: list[str] = field(default_factory=list)
    first: tuple[Vitals, ...] = ()

    def add(self, rounds: int, findings: Findings, *more: str) -> None:
        """Count rounds that had one verdict."""
        self.rounds += rounds
        self.acknowledged += findings.acknowledged
        self.lost += len(findings.lost)
        self.doubled += len(findings.doubled)
        self.wrong += [*findings.wrong, *more]
        for line in findings.wrong[:5]:
            _say(f"  WRONG {self.what}: {line}")

    def __str__(self) -> str:
        counts = (self.rounds, self.acknowledged, self.lost, self.doubled, len(self.wrong))
        return f"{self.what:42}" + "".join(f"{count:14,}" for count in counts)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("rounds", type=int, nargs="?", default=500, help="power cuts (%(default)s)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of chance (the time)")
    given = parser.parse_args()
    if lack := _lack():
        sys.stderr.write(f"soak: {lack}\n")
        return 1
    begun = time.monotonic()
    _say(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, tree {_tree()}, seed {given.seed}")
    tallies, controls = _all(given.rounds, Random(given.seed))
    _say("")
    _say(f"{'':42}" + "".join(f"{word:>14}" for word in WORDS))
    for tally in tallies:
        _say(str(tally))
    _say("controls, which must lose events:")
    for tally in controls:
        _say(str(tally))
    dull = [tally for tally in controls if not tally.lost]
    sound = not dull and not any(tally.wrong for tally in tallies)
    _say(f"{'sound' if sound else 'NOT SOUND'}, after {(time.monotonic() - begun) / 60:.0f} min")
    return 0 if sound else 1


WORDS = ("rounds", "acknowledged", "lost", "doubled", "all wrong")


def _all(rounds: int, rng: Random) -> tuple[list[Tally], list[Tally]]:
    tallies = [
        _step(_box_kills, "kills of the box", 2 * rounds, rng),
        _step(_box_cuts, "power cuts of the box", rounds, rng),
        _step(_writer_kills, "kills of the writer", rounds, rng),
        _step(_writer_cuts, "power cuts of the writer", rounds, rng),
        *_system_calls(rng),
    ]
    controls = [
        _control("power cuts, synchronous=NORMAL", rng, "--synchronous", "1"),
        _control("power cuts, a disk that lies", rng, under=injecting("strace", *LYING)),
    ]
    return tallies, controls


def _step(run: Callable[[Tally, int, Random], None], what: str, rounds: int, rng: Random) -> Tally:
    tally = Tally(what)
    for part in _parts(rounds):
        run(tally, part, rng)
        _say(
            f"{what}: {tally.rounds} of {rounds}, {tally.acknowledged:,} acknowledged,"
            f" {tally.lost} lost, {tally.doubled} doubled"
        )
    return tally


def _parts(rounds: int) -> Iterator[int]:
    for start in range(0, rounds, CAMPAIGN):
        yield min(CAMPAIGN, rounds - start)


def _box_kills(tally: Tally, rounds: int, rng: Random) -> None:
    with TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        data.mkdir()
        _campaign(tally, Office(Path(folder), data), rounds, rng, kill)


def _box_cuts(tally: Tally, rounds: int, rng: Random) -> None:
    with TemporaryDirectory() as folder, disk_in(Path(folder), DISK_MEGABYTES) as disk:
        data = disk.room / "data"
        disk.make_folder(data)
        _campaign(tally, Office(Path(folder), data), rounds, rng, power_cut(disk))


def _campaign(tally: Tally, office: Office, rounds: int, rng: Random, ending: Ending) -> None:
    async def run() -> Evidence:
        async with open_office(office):
            await lives(office, rounds, rng, ending)
            return await verdict(office, *tally.first)

    evidence = asyncio.run(run())
    tally.first = evidence.vitals[:1]
    tally.add(rounds, check(evidence))


def _writer_kills(tally: Tally, rounds: int, rng: Random) -> None:
    with _folder() as folder:
        _last(tally, rounds, kills(folder / "data", folder / "notes", rounds, rng))


def _writer_cuts(tally: Tally, rounds: int, rng: Random) -> None:
    with _folder() as folder, disk_in(folder, DISK_MEGABYTES) as disk:
        _last(tally, rounds, cuts(disk, folder / "notes", rounds, rng))


def _last(tally: Tally, rounds: int, verdicts: Iterator[Evidence]) -> None:
    """Each round is judged; the last verdict holds all that was acknowledged in them."""
    findings = Findings()
    for evidence in verdicts:
        findings = check(evidence)
        if findings.wrong:
            break
    tally.add(rounds, findings)


def _system_calls(rng: Random) -> Iterator[Tally]:
    with _folder() as folder:
        works = beginnings(folder)
        for fault in [*KILLS, *ERRORS, *FLUSHES]:
            tally = Tally(str(fault))
            for outcome in until_clean(fault, works, "strace", STRIDE):
                tally.add(1, outcome.findings, *outcome.wrong[len(outcome.findings.wrong) :])
            _say(str(tally))
            yield tally
        tally = Tally("writes that stop in the middle")
        for outcome in torn_writes(works, rng, TORN):
            tally.add(1, outcome.findings, *outcome.wrong[len(outcome.findings.wrong) :])
        _say(str(tally))
        yield tally


def _control(what: str, rng: Random, *options: str, under: tuple[str, ...] = ()) -> Tally:
    """Each round with a new disk: after a loss the ids are worth nothing any more."""
    tally = Tally(what)
    for _ in range(CONTROLS):
        with _folder() as folder, disk_in(folder, DISK_MEGABYTES) as disk:
            for evidence in cuts(disk, folder / "notes", 1, rng, *options, under=under):
                findings = check(evidence)
                tally.rounds += 1
                tally.acknowledged += findings.acknowledged
                tally.lost += len(findings.lost)
                tally.doubled += len(findings.doubled)
                tally.wrong += findings.wrong
    return tally


@contextmanager
def _folder() -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        yield Path(folder)


def _lack() -> str:
    """What this machine lacks, "" if nothing."""
    if os.geteuid() != 0:
        return "needs root, to mount disks"
    for program in PROGRAMS:
        if shutil.which(program) is None:
            return f"needs {program}: apt-get install mount e2fsprogs strace"
    try:
        with TemporaryDirectory() as folder, disk_in(Path(folder), 16):
            return ""
    except NoDisk as lack:
        return f"needs loop devices: {lack}"


def _tree() -> str:
    changes = _git("status", "--porcelain")
    return (_git("rev-parse", "--short", "HEAD^{tree}") or "unknown") + ", changed" * bool(changes)


def _git(*words: str) -> str:
    said = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return said.stdout.strip()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
