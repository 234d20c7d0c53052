"""The tables, and the steps by which a file comes to them.

    event      the queue and the history: rows are only added, by rising sequence
    memory     what each driver wants back, written together with its events
    progress   how far each destination is: a cursor, and one live range ahead of it
    parked     what a destination refused for good
    note       what a destination must not forget, such as the names that a CRM gave our calls
    identity   one row: the id of this box
    epoch      from which sequence on which journal id stands in the ids of events
    taken      of which epochs the events come from another box, and for whom they are

An event's id is `<journal>-<sequence>`, and no id may ever name two contents. A file that was
restored or recovered cannot know which numbers the box gave out after it: so it begins an epoch, a
new journal id from the next number on. Older events keep the id they were written with, and what is
sent again is known again at the CRM. Sequences rise over all epochs, so cursors need no epoch.

Events of another box, taken in from an export, are an epoch too: that of their own journal. Their
sequences there are lower, or higher, than here by a number that stays.

There is no index beside the primary keys: each one would cost a page of flash per event. The row of
the highest sequence is never deleted, since the next number is taken from it.
"""

import secrets
import sqlite3
from collections.abc import Callable

from peewee import (
    SQL,
    BlobField,
    CompositeKey,
    DoubleField,
    IntegerField,
    Model,
    SchemaManager,
    SqliteDatabase,
    TextField,
)

from edge.journal.connecting import plain

APPLICATION = 0x50_61_79_76  # "Payv": tells a journal from any other SQLite file


class _Strict(Model):
    """SQLite refuses a value of another type, in every table."""

    class Meta:
        strict_tables = True


class Event(_Strict):
    """`time` is in microseconds since 1970, UTC."""

    sequence = IntegerField(primary_key=True)
    device = TextField()
    type = TextField()
    subject = TextField(null=True)
    time = IntegerField()
    timequality = TextField()
    boot = TextField()
    monotonic = DoubleField()
    data = BlobField()


class Memory(_Strict):
    """With a rowid: without one a row of a quarter page spills, into pages freed and taken anew."""

    device = TextField(primary_key=True)
    data = BlobField()


class Progress(_Strict):
    """See edge.journal.records.Position."""

    destination = TextField(primary_key=True)
    cursor = IntegerField()
    live_first = IntegerField(null=True)
    live_last = IntegerField(null=True)

    class Meta:
        without_rowid = True


class Parked(_Strict):
    destination = TextField()
    sequence = IntegerField()
    reason = TextField()

    class Meta:
        without_rowid = True
        primary_key = CompositeKey("destination", "sequence")


class Note(_Strict):
    destination = TextField()
    key = TextField()
    data = BlobField()

    class Meta:
        without_rowid = True
        primary_key = CompositeKey("destination", "key")


class Identity(_Strict):
    """`box`: 12 hex digits."""

    id = IntegerField(primary_key=True, constraints=[SQL("CHECK (id = 1)")])
    box = TextField()


class Epoch(_Strict):
    """`journal`: 8 hex digits, the journal id of the events from sequence `first` on."""

    first = IntegerField(primary_key=True)
    journal = TextField()


class Taken(_Strict):
    """See edge.journal.records.TakenIn. `first`: of an epoch."""

    first = IntegerField(primary_key=True)
    shift = IntegerField()
    destination = TextField()


_FIRST_IDENTITY = (
    "CREATE TABLE identity (id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),"
    " journal TEXT NOT NULL, box TEXT NOT NULL) STRICT"
)


_FIRST_PROGRESS = (
    "CREATE TABLE progress (destination TEXT NOT NULL PRIMARY KEY, cursor INTEGER NOT NULL)"
    " STRICT, WITHOUT ROWID"
)

_FIRST_MEMORY = (
    "CREATE TABLE memory (device TEXT NOT NULL PRIMARY KEY, data BLOB NOT NULL)"
    " STRICT, WITHOUT ROWID"
)


def _create(database: SqliteDatabase) -> None:
    SchemaManager(Event, database=database).create_all(safe=False)
    plain(database).execute(_FIRST_MEMORY)
    SchemaManager(Parked, database=database).create_all(safe=False)
    plain(database).execute(_FIRST_PROGRESS)
    plain(database).execute(_FIRST_IDENTITY)
    ids = (1, new_journal_id(), secrets.token_hex(6))
    plain(database).execute("INSERT INTO identity VALUES (?, ?, ?)", ids)
    database.application_id = APPLICATION


def _count_epochs(database: SqliteDatabase) -> None:
    SchemaManager(Epoch, database=database).create_all(safe=False)
    plain(database).execute("INSERT INTO epoch SELECT 1, journal FROM identity")
    plain(database).execute("ALTER TABLE identity DROP COLUMN journal")


def _serve_other_crms(database: SqliteDatabase) -> None:
    SchemaManager(Note, database=database).create_all(safe=False)
    for column in ("live_first", "live_last"):
        plain(database).execute(f"ALTER TABLE progress ADD COLUMN {column} INTEGER")
    memories = plain(database).execute("SELECT device, data FROM memory").fetchall()
    plain(database).execute("DROP TABLE memory")
    SchemaManager(Memory, database=database).create_all(safe=False)
    plain(database).executemany("INSERT INTO memory VALUES (?, ?)", memories)


def _take_in(database: SqliteDatabase) -> None:
    SchemaManager(Taken, database=database).create_all(safe=False)


STEPS: tuple[Callable[[SqliteDatabase], None], ...] = (
    _create,
    _count_epochs,
    _serve_other_crms,
    _take_in,
)
"""Step n brings a file from version n to n + 1. A released step keeps what it did: when a model
changes, a new step alters the table, and the step that made it takes the old definition along."""

VERSION = len(STEPS)


def new_journal_id() -> str:
    return secrets.token_hex(4)


_TOP = (
    "SELECT MAX((SELECT IFNULL(MAX(sequence), 0) FROM event),"
    " (SELECT IFNULL(MAX(MAX(cursor, IFNULL(live_last, 0))), 0) FROM progress),"
    " (SELECT IFNULL(MAX(sequence), 0) FROM parked),"
    " (SELECT IFNULL(MAX(first), 1) - 1 FROM epoch))"
)


def begin_epoch(connection: sqlite3.Connection) -> int:
    """Give a new journal id to all that comes; returns its first sequence, above all known."""
    first = top(connection) + 1
    epoch = (first, new_journal_id())
    connection.execute("INSERT OR REPLACE INTO epoch VALUES (?, ?)", epoch)
    return first


def top(connection: sqlite3.Connection) -> int:
    """The highest sequence that was ever given out, as far as the file knows."""
    (found,) = connection.execute(_TOP).fetchone()
    return int(found)
