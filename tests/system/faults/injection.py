"""Faults in single system calls: at the first call, the second, …, until a run meets none.

`steps` says which calls: each one at first, then ever larger steps, since later calls are alike.
After each fault the writer is started again without one; it must go on from what was kept.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from tests.system.faults.beginnings import MANY_APPENDS
from tests.system.faults.checker import Findings, check
from tests.system.faults.writer import FAILED, UNUSABLE
from tests.system.faults.writing import JOURNAL, Work

APPENDS = 60
ALL = ("", "-journal", "-wal", "-shm")
NOTES = ("notes",)
CHECKPOINT = ("",), MANY_APPENDS
"""In service the database itself is written by checkpoints only."""
KILLED = -9
ENDS = {0, FAILED, UNUSABLE}


@dataclass(frozen=True, slots=True)
class Fault:
    """`what` strace does to a system `call` on the files of the journal whose names end in `files`.

    start: `new`, `old` or `first`, see beginnings.
    """

    call: str
    what: str
    start: str
    files: tuple[str, ...] = ALL
    appends: int = APPENDS

    def __str__(self) -> str:
        where = "" if self.files == ALL else f"-{self.files[0] or 'database'}"
        return f"{self.start}-{self.call}{where}-{self.what}"


KILLS = [
    *(Fault(call, "signal=KILL", "new") for call in ("openat", "pwrite64", "fdatasync")),
    *(Fault(call, "signal=KILL", "old") for call in ("pwrite64", "fdatasync")),
    *(Fault(call, "signal=KILL", "old", *CHECKPOINT) for call in ("pwrite64", "fdatasync")),
    Fault("write", "signal=KILL", "old", NOTES),
    *(
        Fault(call, "signal=KILL", "first")
        for call in ("openat", "pwrite64", "fdatasync", "rename")
    ),
]
ERRORS = [
    Fault("openat", "error=EIO", "new"),
    Fault("pwrite64", "error=ENOSPC", "new"),
    Fault("pwrite64", "error=EIO", "old"),
    Fault("pwrite64", "retval=0", "old"),
    Fault("pwrite64", "error=EIO", "old", *CHECKPOINT),
    Fault("pread64", "error=EIO", "old"),
    Fault("ftruncate", "error=EIO", "old"),
    Fault("pwrite64", "error=EIO", "first"),
    Fault("pwrite64", "error=ENOSPC", "first"),
]
FLUSHES = [
    Fault("fdatasync", "error=EIO", "old", ("-wal",)),
    Fault("fdatasync", "error=EIO", "old", *CHECKPOINT),
]
"""The process must end at each: after a failed flush nobody knows what is on the disk."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One run with a fault at its `when`th call, and one without after it."""

    when: int
    ended: int
    hit: bool
    said: str
    restarted: str
    findings: Findings

    @property
    def wrong(self) -> list[str]:
        """What went wrong, each line with the call that was hit."""
        lines = list(self.findings.wrong)
        if self.ended not in ENDS and not (self.hit and self.ended == KILLED):
            lines.append(f"ended with {self.ended}")
        if "Traceback" in self.said or (self.ended and self.said.count("\n") > 1):
            lines.append(f"said more than one line: {self.said}")
        if self.restarted:
            lines.append(f"not started again: {self.restarted}")
        return [f"call {self.when}: {line}" for line in lines]


def steps(factor: float) -> Iterator[int]:
    """1, 2, 3, …, and from where it makes a difference each `factor` times the one before."""
    number = 1
    while True:
        yield number
        number = max(number + 1, int(number * factor))


def until_clean(
    fault: Fault, lives: dict[str, Work], strace: str, factor: float
) -> Iterator[Outcome]:
    """Hit one call after the other; the last outcome is of the first run that was not hit."""
    for when in steps(factor):
        with TemporaryDirectory() as folder:
            outcome = _hit(fault, lives[fault.start].copy(Path(folder)), strace, when)
        yield outcome
        if not outcome.hit:
            return


_TORN_AT = {"new": (40_000, 80_000), "old": (600_000, 1_200_000)}
"""Bytes: behind SQLite's own index of the log, and before the log comes round a second time."""


def torn_writes(lives: dict[str, Work], rng: Random, times: int) -> Iterator[Outcome]:
    """The kernel writes only the first part of a page, and then no more, at a random byte."""
    for turn in range(times):
        start = ("new", "old")[turn % 2]
        limit = rng.randint(*_TORN_AT[start])
        with TemporaryDirectory() as folder:
            work = lives[start].copy(Path(folder))
            ended = work.run(MANY_APPENDS, "--largest", str(limit))
            yield _restarted(work, limit, ended.returncode, ended.returncode != 0, ended.stderr)


def _hit(fault: Fault, work: Work, strace: str, when: int) -> Outcome:
    trace = work.folder.with_name("trace")
    files = [work.folder / f"{JOURNAL}{end}" for end in fault.files]
    if fault.start == "first":
        files += [work.folder / f"{JOURNAL}.{word}" for word in ("copying", "version-1")]
    paths = [work.notes] if fault.files == NOTES else files
    only = [word for path in paths for word in ("-P", str(path))]
    inject = f"inject={fault.call}:{fault.what}:when={when}"
    tracing = (strace, "-f", "-qq", "-o", str(trace), *only)
    under = (*tracing, "-e", f"trace={fault.call}", "-e", inject)
    ended = work.run(fault.appends, "--abrupt", under=under)
    hit = ended.returncode == KILLED or "(INJECTED)" in trace.read_text()
    return _restarted(work, when, ended.returncode, hit, ended.stderr)


def _restarted(work: Work, when: int, ended: int, hit: bool, said: str) -> Outcome:  # noqa: FBT001
    again = work.run(2)
    return Outcome(
        when,
        ended,
        hit,
        said,
        "" if again.returncode == 0 else f"{again.returncode} {again.stderr}",
        check(work.evidence()),
    )
