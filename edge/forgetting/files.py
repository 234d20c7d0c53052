"""A person's number in the files of the data directory, beside the journal in service.

    databases set aside or of before an update   erased as the journal is; what cannot be opened
                                                 soundly goes, since nobody can look into it
    captures, logs and all other text            the digits are written over where they stand
    copies in clear that a kill left             go
    settings                                     stay, and are told: a filter may name the number
    exports, files under a passphrase            stay, and are told: nobody can look into them

In a capture a number may be cut by the end of a chunk, so its chunks are read as one. So are the
files that the journal of the wire has of a device, one of which may end in the middle of it.
"""

import os
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path

from edge.durable_file import sync_folder
from edge.forgetting.person import Person
from edge.journal.erasing import erase
from edge.journal.inspection import MAGIC
from edge.local.lock import DATABASE
from edge.upkeep.passphrase import MAGIC as SEALED
from edge.wire.journal import FOLDER as WIRE

_IN_SERVICE = {DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", "lock", "ballast"}
_SECRETS = {"vault.json", "vault.key", "identity.json", "access.json"}
_ENDS = ("-wal", "-shm", "-journal")
_LEFT = re.compile(r"\.(backup|export)\.clear|\..*\.new|.*\.(copying|restoring|recovering|patched)")
_CHUNK = re.compile(rb'^[0-9.]+ ([<>]) "((?:[^"\\\n]|\\.)*)"', re.MULTILINE)
_ESCAPE = re.compile(rb"\\(?:x..|.)")
_WAYS = (b"<", b">")
_NO_DIGIT = 0x0A
_LONGEST = 64
"""Bytes; more than a number takes in any spelling."""
_GZIP = b"\x1f\x8b"
_MOST_BYTES = 256 << 20


def erase_files(folder: Path, person: Person) -> tuple[int, list[str]]:
    """How many files were changed or went, and what could not be reached. Blocks."""
    changed, unreached = 0, []
    for path in _files(folder):
        try:
            done, told = _erase(path, person)
        except OSError as error:
            done, told = False, f"{path.name} ({error.strerror or error})"
        changed += done
        unreached += [told] if told else []
    for device in sorted((folder / WIRE).glob("*/")):
        changed += _erase_cut(sorted(device.glob("*.cap")), person)
    return changed, unreached


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        inner = path.relative_to(folder).as_posix()
        if path.is_symlink() or not path.is_file() or inner in _IN_SERVICE | _SECRETS:
            continue
        yield path


def _erase(path: Path, person: Person) -> tuple[bool, str]:
    """Whether it was changed, and what is to be told of it."""
    if _LEFT.fullmatch(path.name):
        path.unlink(missing_ok=True)
        return True, ""
    if path.name.endswith(_ENDS) and path.with_name(_without_end(path.name)).exists():
        return False, ""  # belongs to a database, and is erased with it
    with path.open("rb") as file:
        head = file.read(100)
    if head.startswith(MAGIC):
        return _erase_database(path, person)
    if head.startswith((_GZIP, SEALED)) or path.stat().st_size > _MOST_BYTES:
        return False, f"{path.name}: nobody can look into it; delete it, or export and back up anew"
    return _erase_text(path, person)


def _erase_text(path: Path, person: Person) -> tuple[bool, str]:
    data = path.read_bytes()
    spots = list(_spots(data, person))
    if spots and path.name.startswith("site.toml"):
        return False, f"{path.name} names the number: decide whether it stays"
    if spots:
        _write_over(path, spots)
    return bool(spots), ""


def _erase_cut(files: Sequence[Path], person: Person) -> int:
    """Where it begins at the end of one of these and ends in the next; how many are changed."""
    spots: dict[Path, list[int]] = {}
    for way in _WAYS:
        before: list[tuple[Path, int, int]] = []
        for path in files:
            data = path.read_bytes()
            places = _of_way(data, way)
            printed = [(path, at, data[at] if at >= 0 else _NO_DIGIT) for at in places]
            seam = before + printed[:_LONGEST]
            for found in person.pattern.finditer(bytes(byte for *_, byte in seam)):
                for owner, at, byte in seam[slice(*found.span())]:
                    spots.setdefault(owner, []).extend([at] if chr(byte).isdigit() else [])
            before = (before + printed)[-_LONGEST:]
    for path, places in spots.items():
        _write_over(path, places)
    return len(spots)


def _without_end(name: str) -> str:
    return name.rpartition("-")[0]


def _erase_database(path: Path, person: Person) -> tuple[bool, str]:
    """As the journal is erased; what is damaged goes."""
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as copy:
            (found,) = copy.execute("PRAGMA quick_check(1)").fetchone()
            erased = erase(copy, path, person, (), 0) if found == "ok" else None
    except sqlite3.DatabaseError:
        erased = None
    if erased is None:
        for end in ("", *_ENDS):
            Path(f"{path}{end}").unlink(missing_ok=True)
        sync_folder(path.parent)
        return True, ""
    told = "" if erased.whole else f"{path.name}: {erased.why}"
    return bool(erased.events or erased.memories or erased.notes), told


def _spots(data: bytes, person: Person) -> Iterator[int]:
    """Where digits of the number stand."""
    for found in person.pattern.finditer(data):
        yield from (at for at in range(*found.span()) if data[at : at + 1].isdigit())
    for way in _WAYS:
        places = _of_way(data, way)
        joined = bytes(data[at] if at >= 0 else _NO_DIGIT for at in places)
        for found in person.pattern.finditer(joined):
            yield from (at for at in places[slice(*found.span())] if data[at : at + 1].isdigit())


def _of_way(data: bytes, way: bytes) -> list[int]:
    """The places of all bytes of a capture that went one way."""
    places: list[int] = []
    for chunk in _CHUNK.finditer(data):
        if chunk[1] == way:
            places += _printed(data, *chunk.span(2))
    return places


def _printed(data: bytes, begin: int, end: int) -> list[int]:
    """The places of a chunk's own bytes; -1 for each that is escaped, which is no digit."""
    places: list[int] = []
    for escape in _ESCAPE.finditer(data, begin, end):
        places += [*range(begin, escape.start()), -1]
        begin = escape.end()
    return [*places, *range(begin, end)]


def _write_over(path: Path, spots: list[int]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        for at in spots:
            os.pwrite(descriptor, b"0", at)
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
