"""Runs the writer, with or without faults in its system calls, and gathers what became of it."""

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from zlib import crc32

from edge.journal.journal import Journal, JournalUnusable, Stored
from tests.system.faults.checker import Entry, Evidence
from tests.system.faults.writer import DESTINATION, DEVICES, number_of

ROOT = Path(__file__).parents[3]
SECONDS = 60
JOURNAL = "journal.sqlite"
BACKUP = "box.payvand"
LYING = "fdatasync,fsync", "retval=0"
"""A disk that says it has flushed, and has not."""


@dataclass(frozen=True, slots=True)
class Work:
    """A journal in a folder that faults reach, and the notes in one that they do not."""

    folder: Path
    notes: Path

    @property
    def journal(self) -> Path:
        return self.folder / JOURNAL

    @property
    def backup(self) -> Path:
        """Beside the folder, on the same disk."""
        return self.folder.with_name(BACKUP)

    def command(self, count: int, *options: str) -> list[str]:
        """The writer with `count` appends of each device."""
        program = [sys.executable, "-m", "tests.system.faults.writer"]
        return [*program, str(self.journal), str(self.notes), str(count), *options]

    def run(
        self, count: int, *options: str, under: tuple[str, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        """Run it to its end; a signal that ended it is negative in `returncode`, as ever."""
        return subprocess.run(
            [*under, *self.command(count, *options)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def start(
        self, count: int, *options: str, under: tuple[str, ...] = ()
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*under, *self.command(count, *options)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def copy(self, folder: Path) -> "Work":
        """The same in a new folder, as if nothing had happened since."""
        return self.copy_to(folder / "data", folder / "notes")

    def copy_to(self, data: Path, notes: Path) -> "Work":
        """The same, with the notes where no fault reaches them; the backup goes with the data."""
        shutil.copytree(self.folder, data)
        for source, target in ((self.notes, notes), (self.backup, data.with_name(BACKUP))):
            if source.exists():
                shutil.copy(source, target)
        return Work(data, notes)

    def noted(self) -> Evidence:
        """What was noted, and nothing of the disk."""
        lines = self.notes.read_text().splitlines() if self.notes.exists() else []
        taken = list(_entries(lines, "got"))
        return Evidence(
            acknowledged=list(_entries(lines, "ack")),
            delivered=list({entry.id: entry for entry in taken}.values()),
        )

    def evidence(self) -> Evidence:
        """What is on disk now, read from a copy, so that the next start still has all to mend."""
        noted = self.noted()
        with TemporaryDirectory() as folder:
            for file in self.folder.glob(f"{JOURNAL}*"):
                if not file.name.endswith("-shm"):
                    shutil.copy(file, folder)
            path = Path(folder) / JOURNAL
            if not path.exists():
                return noted
            if (found := self._aside() or integrity(path)) != "ok":
                return replace(noted, integrity=found)
            return asyncio.run(read(path, noted))

    def _aside(self) -> str:
        """No fault in here damages a journal: none may be taken for damaged."""
        names = [file.name for file in self.folder.glob(f"{JOURNAL}.damaged*")]
        return f"taken for damaged: {names}" if names else ""


def injecting(strace: str, calls: str, fault: str, *paths: Path) -> tuple[str, ...]:
    """strace that puts a fault into system calls, of the given files only if any are given."""
    only = [word for path in paths for word in ("-P", str(path))]
    quiet = [strace, "-f", "-qq", "--seccomp-bpf", "-o", os.devnull]
    return (*quiet, *only, "-e", f"trace={calls}", "-e", f"inject={calls}:{fault}")


def _entries(lines: list[str], kind: str) -> Iterator[Entry]:
    for line in lines:
        word, *rest = line.split(" ")
        if word == kind:
            id_, device, number, digest, subject = rest
            yield Entry(id_, device, int(number), int(digest), subject.strip("-"))


async def read(path: Path, noted: Evidence) -> Evidence:
    """What was noted, and what the journal at a path has; it opens the journal, so it may mend."""
    try:
        journal = await Journal.open(path)
    except JournalUnusable as error:
        return replace(noted, integrity=error.advice)
    try:
        stored: list[Stored] = []
        while more := await journal.read(stored[-1].sequence if stored else 0, 1_000_000, 1 << 30):
            stored += more  # of one journal id at a time
        memories = [(device, int(journal.memory(device) or b"0")) for device in DEVICES]
        return replace(
            noted,
            stored=[
                Entry(
                    f"{journal.origin(event.sequence)}-{event.sequence}",
                    event.device,
                    number_of(event),
                    crc32(event.data),
                    event.subject or "",
                )
                for event in stored
            ],
            cursor=journal.position(DESTINATION).cursor,
            memories=tuple(memories),
        )
    finally:
        await journal.close()


def integrity(path: Path) -> str:
    """SQLite's own full check of a journal, `ok` if nothing is wrong."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            return "; ".join(word for (word,) in connection.execute("PRAGMA integrity_check"))
    except sqlite3.DatabaseError as error:
        return str(error)
