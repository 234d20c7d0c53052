"""Kills and power cuts at random moments of one phase, each with proof that it fell into it.

    a copy of a beginning ─▶ a process ─▶ the phase has begun ─▶ chance ─▶ kill [─▶ power cut]
                                  what the disk shows now: inside, or the round counts for nothing
                                  ─▶ started again, to its end ─▶ the checker

The proof is what the process has left: a file that exists in this phase only, or the place in
SQLite's log (see moments), and that nothing was noted which comes after the phase.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from edge.journal.backup import restore
from tests.system.faults import moments
from tests.system.faults.checker import Entry, Evidence, Findings, check
from tests.system.faults.disk import Disk
from tests.system.faults.power import MANY, size, wait_for
from tests.system.faults.writing import JOURNAL, ROOT, SECONDS, Work, read

TRIES = 30
"""For each round that is to fall into the phase."""

Seen = Callable[[Work, Work], bool]
"""Whether a work is in the phase; the second is the beginning that it is a copy of."""
Command = Callable[[Work], list[str]]


@dataclass(frozen=True, slots=True)
class Phase:
    """What runs, from which beginning, and how to see from outside that it is in the phase.

    span: so long may it have run before the phase is looked for. longest: seconds from then on
    within which the kill comes. beside: somebody appends meanwhile. again: what must end well
    afterwards. judge: what is known then.
    """

    name: str
    start: str
    command: Command
    inside: Seen
    longest: float
    again: Command
    judge: Callable[[Work, Work], Iterator[Evidence]]  # also before it was started again
    span: float = 0.0
    beside: bool = False

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Round:
    """One kill. inside: it fell into the phase."""

    inside: bool
    findings: tuple[Findings, ...] = ()
    failed: str = ""

    @property
    def wrong(self) -> list[str]:
        lines = [line for found in self.findings for line in found.wrong]
        return [*lines, self.failed] if self.failed else lines


def rounds(
    phase: Phase, works: dict[str, Work], wanted: int, rng: Random, disk: Disk | None = None
) -> Iterator[Round]:
    """Rounds until so many fell into the phase; with a disk its power is cut in each."""
    hits = 0
    for _ in range(wanted * TRIES):
        with _placed(works[phase.start], disk) as work:
            found = _round(phase, work, works[phase.start], rng, disk)
        yield found
        hits += found.inside
        if hits == wanted:
            return


@contextmanager
def _placed(beginning: Work, disk: Disk | None) -> Iterator[Work]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        room = Path(stack.enter_context(TemporaryDirectory(dir=disk.room))) if disk else folder
        work = beginning.copy_to(room / "data", folder / "notes")
        if disk:
            disk.make_folder(work.folder)
        yield work


def _round(phase: Phase, work: Work, before: Work, rng: Random, disk: Disk | None) -> Round:
    noted = size(work.notes)
    with _running(work.command(MANY) if phase.beside else None) as beside:
        if beside:
            wait_for(lambda: size(work.notes) > noted)
        with _running(phase.command(work)) as process:
            assert process is not None
            time.sleep(rng.uniform(0, phase.span))  # the moment of the kill
            _spin(lambda: phase.inside(work, before) or process.poll() is not None)
            time.sleep(rng.uniform(0, phase.longest))
            process.kill()
            if beside and disk:
                beside.kill()
                beside.wait()
            process.wait()
            inside = phase.inside(work, before)
            if disk:
                disk.cut()
    if disk:
        disk.unplug()
        disk.plug()
    return _judged(phase, work, before) if inside else Round(inside)


def _judged(phase: Phase, work: Work, before: Work) -> Round:
    """As the kill left it, and after it was started again."""
    findings = [check(each) for each in phase.judge(work, before)]
    ended = subprocess.run(
        phase.again(work), cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    failed = f"not started again: {ended.stderr}" if ended.returncode else ""
    findings += [check(each) for each in phase.judge(work, before)]
    return Round(True, tuple(findings), failed)  # noqa: FBT003


@contextmanager
def _running(command: list[str] | None) -> Iterator["subprocess.Popen[bytes] | None"]:
    if command is None:
        yield None
        return
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _spin(true: Callable[[], bool]) -> None:
    """Without a pause: some phases are over in a millisecond."""
    deadline = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < deadline, "the phase never came"


def _appending(work: Work) -> list[str]:
    return work.command(MANY)


def _going_on(work: Work) -> list[str]:
    return work.command(2)


def _payvand(*words: str | Path) -> list[str]:
    return [sys.executable, "-m", "edge", *map(str, words)]


def _backup(work: Work) -> list[str]:
    return _payvand("backup", work.backup, "--data", work.folder)


def _restore(work: Work) -> list[str]:
    return _payvand("restore", work.backup, "--data", work.folder)


def _silent(work: Work, before: Work) -> bool:
    """Whether this life has noted nothing yet."""
    return size(work.notes) == size(before.notes)


def _is_there(work: Work, word: str) -> bool:
    return any(work.folder.glob(f"{JOURNAL}.{word}"))


def _starting(work: Work, before: Work) -> bool:
    return work.journal.exists() and _silent(work, before)


def _committing(work: Work, before: Work) -> bool:
    return not _silent(work, before) and moments.look(work.journal).committing


def _checkpointing(work: Work, _: Work) -> bool:
    return moments.look(work.journal).checkpointing


def _pruning(work: Work, before: Work) -> bool:
    """It writes nothing else."""
    return _silent(work, before) and moments.look(work.journal).committing


def _migrating(work: Work, _: Work) -> bool:
    """The new version is the first commit in the log, and a copy is made before."""
    copied = _is_there(work, "copying") or _is_there(work, "version-1")
    return copied and moments.look(work.journal).frames == 0


def _recovering(work: Work, _: Work) -> bool:
    return _is_there(work, "recovering") or _is_there(work, "recovered")


def _backing_up(work: Work, _: Work) -> bool:
    return work.backup.with_name(f".{work.backup.name}.new").exists()


def _restoring(work: Work, _: Work) -> bool:
    return _is_there(work, "restoring")


def _journal(work: Work, _: Work) -> Iterator[Evidence]:
    yield work.evidence()


def _journal_and_backup(work: Work, before: Work) -> Iterator[Evidence]:
    """The backup of before or a newer one, but a whole one."""
    yield work.evidence()
    with TemporaryDirectory() as folder:
        restored = Path(folder) / JOURNAL
        restore(work.backup, restored)
        noted = replace(work.noted(), acknowledged=before.noted().acknowledged)
        yield asyncio.run(read(restored, noted))


def _restored(work: Work, before: Work) -> Iterator[Evidence]:
    """All that is in the backup, or no journal at all."""
    if work.journal.exists():
        yield asyncio.run(read(work.journal, before.noted()))


def _salvaged(work: Work, before: Work) -> Iterator[Evidence]:
    """What a recovery in peace saves, and the damaged file, once and as it was."""
    aside = [file for file in work.folder.glob(f"{JOURNAL}.damaged-*") if file.suffix[-1] == "Z"]
    files = [work.journal, *aside]
    kept = [file for file in files if file.read_bytes() == before.journal.read_bytes()]
    with TemporaryDirectory() as folder:
        copy = work.copy(Path(folder))
        noted = replace(work.noted(), acknowledged=_saved_in_peace(before))
        found = asyncio.run(read(copy.journal, noted))
    damaged = "ok" if kept and len(aside) <= 1 else f"of the damaged file there is {aside}"
    yield replace(found, integrity=damaged)


@cache
def _saved_in_peace(before: Work) -> tuple[Entry, ...]:
    with TemporaryDirectory() as folder:
        copy = before.copy(Path(folder))
        return tuple(asyncio.run(read(copy.journal, copy.noted())).stored)


PHASES = (
    Phase("first start", "new", _appending, _starting, 0.02, _going_on, _journal),
    Phase("migration", "first", _appending, _migrating, 0.003, _going_on, _journal),
    Phase("commit", "old", _appending, _committing, 0.0005, _going_on, _journal, span=0.5),
    Phase("checkpoint", "closed", _appending, _checkpointing, 0.002, _going_on, _journal, span=0.5),
    Phase(
        "prune",
        "old",
        lambda work: work.command(0, "--prune"),
        _pruning,
        0.0003,
        _going_on,
        _journal,
        span=0.5,
    ),
    Phase("recovery", "damaged", _appending, _recovering, 0.02, _going_on, _salvaged),
    Phase("backup", "old", _backup, _backing_up, 0.005, _backup, _journal_and_backup, beside=True),
    Phase("restore", "empty", _restore, _restoring, 0.004, _restore, _restored),
)
