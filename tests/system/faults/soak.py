"""The long form: thousands of faults, and a closing table.

    python -m tests.system.faults.soak [ROUNDS] [--report FILE]

ROUNDS (500) power cuts and twice as many kills of the whole box, where lost and doubled are counted
at the reference CRM; a part of that many of the writer, which writes without a pause, and inside
each phase of a journal's life; a fault at system call after system call; and the controls that must
lose events. Two parts run at a time, each with its own folder, disk and programs. The table goes to
the report too, as Markdown. Exit code 1 when anything was wrong, or a control lost nothing.
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.system.faults import parts
from tests.system.faults.beginnings import beginnings
from tests.system.faults.checker import Evidence, check
from tests.system.faults.disk import NoDisk, disk_in
from tests.system.faults.injection import ERRORS, FLUSHES, KILLS
from tests.system.faults.parts import AtCalls, Found, InPhase, Part
from tests.system.faults.phases import PHASES
from tests.system.faults.writing import ROOT

CAMPAIGN = 25
"""Rounds with one journal; then a new one, so that looking at it stays quick."""
WORKERS = 2
TORN = 100
CONTROLS = 10
PROGRAMS = ("mount", "mkfs.ext4", "strace")
COLUMNS = ("lost", "doubled", "order broken", "damaged", "grown", "other")
_NOTE = (
    "Acknowledged: told safe and looked for; in a phase and at a system call each round looks for"
    " what its beginning holds, too. The controls must lose events."
)
_COLUMN = {
    "disordered": "order broken",
    "overtaken": "order broken",
    **{word: word for word in ("lost", "doubled", "damaged", "grown")},
}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("rounds", type=int, nargs="?", default=500, help="power cuts (%(default)s)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of chance (the time)")
    parser.add_argument("--report", type=Path, help="write the table to this file too")
    given = parser.parse_args()
    if lack := _lack():
        sys.stderr.write(f"soak: {lack}\n")
        return 1
    begun = time.monotonic()
    head = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, tree {_tree()}, seed {given.seed}"
    _say(head)
    faults, controls = list(_faults(given.rounds, given.seed)), list(_controls(given.seed))
    found = _run([*faults, *controls], begun)
    dull = [part.line for part in controls if not found[part.line].wrong["lost"]]
    sound = not dull and not any(found[part.line].wrong for part in faults)
    minutes = (time.monotonic() - begun) / 60
    end = f"{'Sound' if sound else 'NOT SOUND'}, after {minutes:.0f} min, {WORKERS} parts at a time"
    report = "\n".join([*_table(found), "", f"{head}. {end}; {_machine()}.", _NOTE, ""])
    _say(f"\n{report}")
    if given.report:
        given.report.write_text(report)
    return 0 if sound else 1


def _faults(rounds: int, seed: int) -> Iterator[Part]:
    many, few = max(1, rounds // 5), max(1, rounds // 25)
    yield from _split("kills of the box", 2 * rounds, seed, parts.box_kills)
    yield from _split("power cuts of the box", rounds, seed, parts.box_cuts)
    yield from _split("a long life of the box", 1, seed, parts.long_life)
    yield from _split("kills of the writer", many, seed, parts.writer_kills)
    yield from _split("power cuts of the writer", many, seed, parts.writer_cuts)
    for phase in PHASES:
        yield from _split(f"kills in the {phase}", few, seed, InPhase(phase.name, cut=False))
        some = max(1, few // 2)
        yield from _split(f"power cuts in the {phase}", some, seed, InPhase(phase.name, cut=True))
    for line, faults in (("kills", KILLS), ("errors", ERRORS), ("failed flushes", FLUSHES)):
        for fault in faults:
            yield Part(f"{line} at single system calls", 0, f"{seed} {fault}", AtCalls(fault))
    yield from _split("writes that stop in the middle", TORN, seed, parts.torn)


def _controls(seed: int) -> Iterator[Part]:
    yield from _split("control: synchronous=NORMAL", CONTROLS, seed, parts.control_normal)
    yield from _split("control: a disk that lies", CONTROLS, seed, parts.control_lying)


def _split(line: str, rounds: int, seed: int, run: parts.Run) -> Iterator[Part]:
    for start in range(0, rounds, CAMPAIGN):
        yield Part(line, min(CAMPAIGN, rounds - start), f"{seed} {line} {start}", run)


def _run(planned: list[Part], begun: float) -> dict[str, Found]:
    """All parts; what each line of the table came to, in the order of the plan."""
    found = {part.line: Found() for part in planned}
    left = Counter(part.line for part in planned)
    with TemporaryDirectory() as folder, _workers() as workers:
        works = beginnings(Path(folder))
        running = {workers.submit(parts.run, part, works): part for part in planned}
        for done in as_completed(running):
            line, new = running[done].line, done.result()
            found[line].join(new)
            left[line] -= 1
            if not left[line]:
                found[line].add(0, 0, _grown(found[line]))
            _tell(line, found[line], (time.monotonic() - begun) / 60, left.total())
    return found


def _grown(found: Found) -> list[str]:
    """Over all parts of a line; within one it was looked at there."""
    return check(Evidence(vitals=found.vitals)).wrong


def _workers() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(WORKERS, get_context("spawn"))


def _tell(line: str, now: Found, minutes: float, left: int) -> None:
    wrong = ", ".join(f"{count} {word}" for word, count in now.wrong.items()) or "nothing wrong"
    _say(
        f"{minutes:5.1f} min, {left:3} parts left: {line}: {now.rounds:,} rounds,"
        f" {now.acknowledged:,} acknowledged, {wrong}"
    )
    while now.lines:
        _say(f"      WRONG {now.lines.pop(0)}")


def _table(found: dict[str, Found]) -> Iterator[str]:
    words = ("faults", "rounds", "acknowledged", *COLUMNS)
    yield "| " + " | ".join(words) + " |"
    yield "|---" + "|---:" * (len(words) - 1) + "|"
    for line, each in found.items():
        counts = Counter[str]()
        for word, count in each.wrong.items():
            counts[_COLUMN.get(word, "other")] += count
        cells = (each.rounds, each.acknowledged, *(counts[column] for column in COLUMNS))
        yield f"| {line} | " + " | ".join(f"{count:,}" for count in cells) + " |"


def _machine() -> str:
    return f"{os.cpu_count()} cores, Linux {platform.release()}, Python {platform.python_version()}"


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
    return (_git("rev-parse", "HEAD^{tree}") or "unknown") + ", changed" * bool(changes)


def _git(*words: str) -> str:
    said = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return said.stdout.strip()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
