"""What a life begins with: folders that each round takes a copy of.

    new       nothing yet
    old       as a kill left it in the middle of its life, with a log
    closed    ended in order, without a log
    first     a file of the first version (tests/edge/journal/version_1.sql), to be migrated
    damaged   as `closed`, but some pages in the middle of the events are spoilt
    empty     nothing, with the notes of `old`

Beside `old` and `empty` lies a backup of `old`.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from zlib import crc32

from edge.journal.backup import back_up
from tests.system.faults.writer import DESTINATION, DEVICES, Notes
from tests.system.faults.writing import JOURNAL, ROOT, Work

MANY_APPENDS = 400
"""Of each device: enough for the log to come round, so that a checkpoint is among the phases."""
PAGE = 2048
VERSION_1 = ROOT / "tests" / "edge" / "journal" / "version_1.sql"
FIRST_EVENTS, FIRST_CURSOR = 300, 120


def beginnings(folder: Path) -> dict[str, Work]:
    """All of them, made in a folder."""
    works = {}
    for name in ("new", "old", "closed", "first", "empty"):
        (folder / name / "data").mkdir(parents=True)
        works[name] = Work(folder / name / "data", folder / name / "notes")
    for _ in range(2):
        assert works["old"].run(MANY_APPENDS, "--abrupt").returncode == 0
    works["old"].journal.with_name(f"{JOURNAL}-shm").unlink()  # made anew by who opens it
    assert works["closed"].run(MANY_APPENDS).returncode == 0
    _write_first_version(works["first"])
    works["damaged"] = works["closed"].copy(folder / "damaged")
    _spoil(works["damaged"].journal)
    for name in ("old", "empty"):
        back_up(works["old"].journal, works[name].backup, None)
    works["empty"].notes.write_bytes(works["old"].notes.read_bytes())
    return works


def _write_first_version(work: Work) -> None:
    """The events of the file, as said by our first device and half of them delivered."""
    device = DEVICES[0]
    with closing(sqlite3.connect(work.journal)) as connection:
        connection.executescript(VERSION_1.read_text(encoding="utf-8"))
        connection.execute("UPDATE memory SET data = ?", (b"%d" % FIRST_EVENTS,))
        found = connection.execute(
            "SELECT journal || '-' || sequence, sequence, data FROM event, identity"
        ).fetchall()
        known = connection.execute("SELECT destination, cursor FROM progress").fetchall()
        connection.commit()
    assert known == [(DESTINATION, FIRST_CURSOR)]
    lines = [(n, f"{id_} {device} {n} {crc32(data)} -") for id_, n, data in found]
    assert len(lines) == FIRST_EVENTS
    notes = Notes(work.notes)
    notes.add(*(f"ack {line}" for _, line in lines))
    notes.add(*(f"got {line}" for n, line in lines if n <= FIRST_CURSOR))


def _spoil(journal: Path) -> None:
    with journal.open("r+b") as file:
        middle = journal.stat().st_size // PAGE // 2
        file.seek(middle * PAGE)
        file.write(b"\xa5" * PAGE * 3)
