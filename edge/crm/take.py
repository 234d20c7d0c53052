"""Takes in what a box without a line exported to a USB stick: `payvand crm --take FILE`.

gzip of lines   {"payvand": "export 1", "box": "5e1f00c0ffee", …}
                {"id": "1a2b3c4d-41", …}           one event a line, as it would have been sent
                {"payvand": "end", "events": 312, "sha256": …}    over the events' lines
"""

import gzip
import hashlib
import sqlite3
import zlib
from collections.abc import Iterator
from itertools import groupby, islice
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from edge.crm.answers import UNREADABLE, Refused
from edge.crm.contract import MOST_EVENTS, Range, read_batch
from edge.crm.events import STATS, append
from edge.crm.server import SCHEMA
from edge.crm.store import connect, json_of

BROKEN = (*UNREADABLE, Refused, EOFError, zlib.error, gzip.BadGzipFile)


class NoExport(Exception):
    """The file is none that a box exported, or not whole: nothing of it is taken in."""


class Head(Struct, frozen=True):
    payvand: Literal["export 1"]
    box: str


class End(Struct, frozen=True):
    payvand: Literal["end"]
    events: int
    sha256: str


class _Line(Struct):
    id: str = ""


def take(data: Path, file: Path) -> dict[str, int]:
    """Take a file's events into the CRM's folder, whose server may run; what /stats has more then.

    Raises NoExport, OSError, sqlite3.Error.
    """
    database = connect(data, SCHEMA)
    try:
        with database, gzip.open(file) as lines:
            database.execute("BEGIN IMMEDIATE")
            before = msgspec.json.decode(json_of(STATS, database))
            head = msgspec.json.decode(lines.readline(), type=Head)
            _take(database, head.box, lines)
            after = msgspec.json.decode(json_of(STATS, database))
    except BROKEN as error:
        raise NoExport(str(error)) from error
    finally:
        database.close()
    return {name: after[name] - count for name, count in before.items()}


def _take(database: sqlite3.Connection, box: str, lines: Iterator[bytes]) -> None:
    """Take all events up to the last line, which tells whether they are all. Raises NoExport."""
    digest, events = hashlib.sha256(), 0
    for journal, some in groupby(lines, _journal):
        while found := list(islice(some, MOST_EVENTS)):
            if not journal:
                end = msgspec.json.decode(found[0], type=End)
                if (end.events, end.sha256) == (events, digest.hexdigest()):
                    return
                raise NoExport("it was altered: export again")
            digest.update(b"".join(found))
            events += len(found)
            span = Range(journal, 0, 10**18 - 1)
            text = b"[" + b",".join(found) + b"]"
            append(read_batch(text, span, box), database)
    raise NoExport("it was cut short: export again")


def _journal(line: bytes) -> str:
    """The one that an event's id names; empty for the last line."""
    return msgspec.json.decode(line, type=_Line).id.partition("-")[0]
