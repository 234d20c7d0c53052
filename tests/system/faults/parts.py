"""The parts of the soak: each a number of rounds on data of its own, so that parts may run at once.

A part makes its folder, its disk and its programs, and leaves nothing behind but what it found.
"""

import asyncio
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from tests.system.faults.campaign import Fault as Ending
from tests.system.faults.campaign import kill, lives, open_office, power_cut, verdict
from tests.system.faults.checker import Evidence, Findings, Vitals, check
from tests.system.faults.disk import disk_in
from tests.system.faults.injection import Fault, Outcome, torn_writes, until_clean
from tests.system.faults.office import Office
from tests.system.faults.phases import PHASES
from tests.system.faults.phases import rounds as phase_rounds
from tests.system.faults.power import cuts, kills
from tests.system.faults.writing import LYING, Work, injecting

DISK_MEGABYTES = 128
STRIDE = 1.3
CALLS_BEFORE, CALLS = 500, 10_000
TOLD = 5
"""So many wrong lines of a part are shown."""


@dataclass(slots=True)
class Found:
    """What some rounds came to. wrong: how many findings by their first word, such as `lost`."""

    rounds: int = 0
    acknowledged: int = 0
    wrong: Counter[str] = field(default_factory=Counter)
    lines: list[str] = field(default_factory=list)
    vitals: tuple[Vitals, ...] = ()

    def add(self, rounds: int, acknowledged: int, wrong: Iterable[str]) -> None:
        """Count rounds that had one verdict."""
        wrong = list(wrong)
        self.rounds += rounds
        self.acknowledged += acknowledged
        self.wrong.update(line.partition(":")[0] for line in wrong)
        self.lines += wrong[: max(0, TOLD - len(self.lines))]

    def join(self, other: "Found") -> None:
        self.add(other.rounds, other.acknowledged, ())
        self.wrong.update(other.wrong)
        self.lines += other.lines
        self.vitals += other.vitals


Run = Callable[[dict[str, Work], int, Random], Found]
"""Given the beginnings, the rounds and chance."""


@dataclass(frozen=True, slots=True)
class Part:
    """So many rounds of one line of the table; `seed` is all of its chance."""

    line: str
    rounds: int
    seed: str
    run: Run


def run(part: Part, works: dict[str, Work]) -> Found:
    """A part that breaks off is a finding, not the end of the soak."""
    try:
        return part.run(works, part.rounds, Random(part.seed))
    except Exception:  # noqa: BLE001 - whatever it was, it is told with the part's chance
        found = Found()
        found.add(part.rounds, 0, [f"broken off: seed {part.seed}: {traceback.format_exc()}"])
        return found


def box_kills(_: dict[str, Work], rounds: int, rng: Random) -> Found:
    """The whole box, with the exchange and the reference CRM."""
    with _folder() as folder:
        (folder / "data").mkdir()
        return _campaign(Office(folder, folder / "data"), rounds, rng, kill)


def box_cuts(_: dict[str, Work], rounds: int, rng: Random) -> Found:
    """The same on a disk that loses its power."""
    with _folder() as folder, disk_in(folder, DISK_MEGABYTES) as disk:
        disk.make_folder(disk.room / "data")
        return _campaign(Office(folder, disk.room / "data"), rounds, rng, power_cut(disk))


def _campaign(office: Office, rounds: int, rng: Random, ending: Ending) -> Found:
    async def live() -> Evidence:
        async with open_office(office):
            await lives(office, rounds, rng, ending)
            return await verdict(office)

    return _judged(rounds, asyncio.run(live()))


def long_life(_works: dict[str, Work], rounds: int, _rng: Random) -> Found:
    """One life without a fault of its own, the CRM away for most of it: what does it use?"""

    async def live(office: Office) -> Evidence:
        async with open_office(office):
            office.box.spawn()
            await office.online()
            await office.print(CALLS_BEFORE)
            await office.has(CALLS_BEFORE)
            await office.settled()
            before = office.box.vitals()
            await office.misbehave("503", seconds=0)
            await office.print(CALLS)
            await office.misbehave("none")
            await office.has(CALLS_BEFORE + CALLS)
            await office.settled()
            return await office.evidence(before, office.box.vitals())

    with _folder() as folder:
        (folder / "data").mkdir()
        return _judged(rounds, asyncio.run(live(Office(folder, folder / "data"))))


def _judged(rounds: int, evidence: Evidence) -> Found:
    findings = check(evidence)
    found = Found(vitals=evidence.vitals)
    found.add(rounds, findings.acknowledged, findings.wrong)
    return found


def writer_kills(_: dict[str, Work], rounds: int, rng: Random) -> Found:
    """The journal alone, written to without a pause."""
    with _folder() as folder:
        return _last(rounds, kills(folder / "data", folder / "notes", rounds, rng))


def writer_cuts(_: dict[str, Work], rounds: int, rng: Random) -> Found:
    """The same on a disk that loses its power."""
    with _folder() as folder, disk_in(folder, DISK_MEGABYTES) as disk:
        return _last(rounds, cuts(disk, folder / "notes", rounds, rng))


def _last(rounds: int, verdicts: Iterator[Evidence]) -> Found:
    """Each round is judged; the last verdict holds all that was acknowledged in them."""
    findings = Findings()
    for evidence in verdicts:
        findings = check(evidence)
        if findings.wrong:
            break
    found = Found()
    found.add(rounds, findings.acknowledged, findings.wrong)
    return found


@dataclass(frozen=True, slots=True)
class InPhase:
    """Kills, or power cuts, that fell into one phase; the rounds that missed are not counted."""

    phase: str
    cut: bool

    def __call__(self, works: dict[str, Work], rounds: int, rng: Random) -> Found:
        (phase,) = (phase for phase in PHASES if phase.name == self.phase)
        found = Found()
        with _folder() as folder, disk_in(folder, DISK_MEGABYTES) as disk:
            for each in phase_rounds(phase, works, rounds, rng, disk if self.cut else None):
                safe = each.findings[-1].acknowledged if each.findings else 0
                found.add(each.inside, safe, each.wrong)
        if found.rounds < rounds:
            found.add(0, 0, [f"missed: {found.rounds} of {rounds} fell into {phase}"])
        return found


@dataclass(frozen=True, slots=True)
class AtCalls:
    """A fault at one system call after the other, until a run meets none."""

    fault: Fault

    def __call__(self, works: dict[str, Work], _rounds: int, _rng: Random) -> Found:
        return _outcomes(until_clean(self.fault, works, "strace", STRIDE))


def torn(works: dict[str, Work], rounds: int, rng: Random) -> Found:
    """Writes that stop in the middle."""
    return _outcomes(torn_writes(works, rng, rounds))


def _outcomes(outcomes: Iterator[Outcome]) -> Found:
    found = Found()
    for outcome in outcomes:
        others = outcome.wrong[len(outcome.findings.wrong) :]
        found.add(1, outcome.findings.acknowledged, [*outcome.findings.wrong, *others])
    return found


def control_normal(_: dict[str, Work], rounds: int, rng: Random) -> Found:
    """A journal that does not flush at each commit must lose events."""
    return _control(rounds, rng, "--synchronous", "1")


def control_lying(_: dict[str, Work], rounds: int, rng: Random) -> Found:
    """On a disk that says it has flushed, and has not, events must be lost."""
    return _control(rounds, rng, under=injecting("strace", *LYING))


def _control(rounds: int, rng: Random, *options: str, under: tuple[str, ...] = ()) -> Found:
    """Each round with a new disk: after a loss the ids are worth nothing any more."""
    found = Found()
    for _ in range(rounds):
        with _folder() as folder, disk_in(folder, DISK_MEGABYTES) as disk:
            for evidence in cuts(disk, folder / "notes", 1, rng, *options, under=under):
                findings = check(evidence)
                found.add(1, findings.acknowledged, findings.wrong)
    return found


@contextmanager
def _folder() -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        yield Path(folder)
