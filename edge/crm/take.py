"""Takes in what a box without a line exported to a USB stick: `payvand crm --take FILE`.

gzip of lines   {"payvand": "export 1", "box": …, "journal": …, "first": 41, "last": 912}
                {"id": "1a2b3c4d-41", …}      one event a line, as it would have been sent
"""

import gzip
import zlib
from itertools import islice
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import astuple

from edge.crm.answers import UNREADABLE, Refused
from edge.crm.contract import MOST_EVENTS, Range, read_batch
from edge.crm.events import Stats, append, stats
from edge.crm.server import SCHEMAS
from edge.crm.store import connect

BROKEN = (*UNREADABLE, Refused, EOFError, zlib.error, gzip.BadGzipFile)


class NoExport(Exception):
    """The file is none that a box exported, or it is cut; what came before stays taken in."""


class Head(Struct, frozen=True):
    """The first line."""

    payvand: Literal["export 1"]
    box: str
    journal: str
    first: int
    last: int


def take(data: Path, file: Path) -> Stats:
    """Take a file's events into the CRM's folder, whose server may run; returns what is new there.

    Raises NoExport, OSError, sqlite3.Error.
    """
    with gzip.open(file) as lines:
        database = connect(data, SCHEMAS)
        try:
            before = stats(database)
            head = msgspec.json.decode(lines.readline(), type=Head)
            span = Range(head.journal, head.first, head.last)
            while found := list(islice(lines, MOST_EVENTS)):
                text = b"[" + b",".join(found) + b"]"
                batch = read_batch(text, span, lambda _type, _sequence: None, head.box)
                with database:
                    database.execute("BEGIN IMMEDIATE")
                    append(database, batch)
            after = stats(database)
        except BROKEN as error:
            raise NoExport(str(error)) from error
        finally:
            database.close()
    return Stats(*(new - old for new, old in zip(astuple(after), astuple(before), strict=True)))
