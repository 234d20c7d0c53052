"""Rounds of power cuts and kills under the writer; the tests and the soak run the same ones."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from tests.system.faults.checker import Evidence
from tests.system.faults.disk import Disk
from tests.system.faults.writing import SECONDS, Work

MANY = 1_000_000
STARTING = 0.1


def cuts(
    disk: Disk,
    notes: Path,
    rounds: int,
    rng: Random,
    *options: str,
    under: tuple[str, ...] = (),
) -> Iterator[Evidence]:
    """Cut the power `rounds` times, each time under a writer that goes on from the last one.

    Yields what is known after each cut; the disk is plugged in then and the writer gone.
    """
    work = Work(disk.room / "data", notes)
    disk.make_folder(work.folder)
    for _ in range(rounds):
        with _writing(work, rng, options, under) as writer:
            writer.kill()
            disk.cut()
        disk.unplug()
        disk.plug()
        yield work.evidence()


def kills(folder: Path, notes: Path, rounds: int, rng: Random) -> Iterator[Evidence]:
    """The same with SIGKILL, on any disk."""
    folder.mkdir(exist_ok=True)
    work = Work(folder, notes)
    for _ in range(rounds):
        with _writing(work, rng, (), ()) as writer:
            writer.kill()
        yield work.evidence()


@contextmanager
def _writing(
    work: Work, rng: Random, options: tuple[str, ...], under: tuple[str, ...]
) -> Iterator[subprocess.Popen[bytes]]:
    """A writer at a random moment: in one of ten rounds while it starts."""
    noted = size(work.notes)
    writer = work.start(MANY, *options, under=under)
    try:
        if rng.random() > STARTING:
            wait_for(lambda: size(work.notes) > noted or writer.poll() is not None)
        time.sleep(rng.uniform(0, 0.4))
        yield writer
    finally:
        writer.kill()
        writer.communicate()


def size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def wait_for(true: Callable[[], bool], seconds: float = SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.005)
