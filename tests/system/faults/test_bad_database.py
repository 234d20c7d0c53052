"""A damaged, cut or foreign database at the start of the box.

There are two documented ways to meet one. DAMAGED names the one that holds for a damaged journal;
what belongs to somebody else is always refused.

    refused    exit code 1, one line that says what to do, every file as it was
    recovered  the box runs; the damaged file is kept under another name, byte for byte; what could
               be read of it is there, unchanged; one alarm tells of the loss; no id is used again
"""

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Literal

import pytest

from edge.errors import CommandFailed
from edge.local.client import Client
from tests.system.faults.office import Program, until
from tests.system.faults.writing import JOURNAL, Work

Behaviour = Literal["refused", "recovered"]
DAMAGED: Behaviour = "recovered"
FOREIGN: Behaviour = "refused"
PAGE = 2048
APPENDS = 60
SITE = 'version = 1\nname = "mashhad"\ntimezone = "Asia/Tehran"\n'

Damage = Callable[[Path], None]


def _flip(path: Path) -> None:
    """Pages in the middle of the events."""
    content = bytearray(path.read_bytes())
    for byte in range(PAGE * 14, PAGE * 17):
        content[byte] ^= 0xA5
    path.write_bytes(content)


def _cut_short(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(PAGE * 14 + 100)


def _wrong_header(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"\0" * 100)


def _root_page(path: Path) -> None:
    """The table of tables, behind a header that is right."""
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * (PAGE - 100))


def _another_programs(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE event (sequence INTEGER PRIMARY KEY)")


def _newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")


CASES: list[tuple[Damage, Behaviour, int]] = [
    (_flip, DAMAGED, 300),
    (_cut_short, DAMAGED, 40),
    (_wrong_header, DAMAGED, 0),
    (_root_page, DAMAGED, 0),
    (_another_programs, FOREIGN, 0),
    (_newer, FOREIGN, 0),
]
"""The last number: how many of 360 events lie on pages that can be read, at least."""


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Work:
    """A journal with some hundred events, closed in order."""
    folder = tmp_path_factory.mktemp("sound")
    (folder / "data").mkdir()
    work = Work(folder / "data", folder / "notes")
    assert work.run(APPENDS).returncode == 0
    return work


@pytest.fixture(scope="module")
def stored(sound: Work) -> dict[str, int]:
    """Its events: the id, and how manieth of its device."""
    return {entry.id: entry.number for entry in sound.evidence().stored}


@pytest.mark.parametrize(
    ("damage", "behaviour", "readable"), CASES, ids=lambda it: getattr(it, "__name__", str(it))
)
async def test_a_bad_database_is_met_as_documented(
    damage: Damage,
    behaviour: Behaviour,
    readable: int,
    sound: Work,
    stored: dict[str, int],
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    shutil.copytree(sound.folder, data)
    (data / "site.toml").write_text(SITE)
    damage(data / JOURNAL)
    before = _prints(data)
    box = Program(tmp_path / "log", "run", "--data", data)
    box.spawn()
    try:
        if behaviour == "refused":
            assert await box.ended() == 1
            (line,) = box.log.splitlines()
            assert line.startswith("payvand: ")
            assert {name: _prints(data).get(name) for name in before} == before
        else:
            await until(lambda: _answers(box, data), "the box runs")
            assert await _assert_recovered(data, before[JOURNAL], stored) >= readable
            assert await box.stop() == 0
    finally:
        box.kill()


async def _answers(box: Program, data: Path) -> bool:
    assert box.alive, box.log
    try:
        async with Client(data) as client:
            await client.status()
    except CommandFailed:
        return False
    return True


async def _assert_recovered(data: Path, damaged: str, stored: dict[str, int]) -> int:
    """How many of the stored events are still there."""
    aside = [name for name, print_ in _prints(data).items() if print_ == damaged]
    assert len(aside) == 1
    assert aside != [JOURNAL]
    async with Client(data) as client:
        events = [json.loads(line) async for line in client.events()]
    alarms = [event for event in events if event["type"] == "box.alarm"]
    assert len(alarms) == 1
    kept = {
        event["id"]: event["data"]["number"] for event in events if event["type"] == "call.ended"
    }
    assert kept.items() <= stored.items()
    others = {event["id"] for event in events} - kept.keys()
    assert not others & stored.keys(), "an id has come to mean something else"
    return len(kept)


def _prints(folder: Path) -> dict[str, str]:
    """All files but those of a running box and a log's index, which any reader makes anew."""
    passing = ("-shm", "lock", ".sock")
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.iterdir()
        if not file.name.endswith(passing)
    }
