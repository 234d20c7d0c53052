"""The tables, and the steps by which a file comes to them.

    event      the queue and the history: rows are only added, by rising sequence
    memory     what each driver wants back, written together with its events
    progress   how far each destination is
    parked     what a destination refused for good
    identity   one row: the ids of this journal and of this box

There is no index beside the primary keys: each one would cost a page of flash per event. The row of
the highest sequence is never deleted, since the next number is taken from it.
"""

import secrets
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

APPLICATION = 0x50_61_79_76  # "Payv": tells a journal from any other SQLite file


class Event(Model):
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

    class Meta:
        strict_tables = True


class Memory(Model):
    device = TextField(primary_key=True)
    data = BlobField()

    class Meta:
        strict_tables = True
        without_rowid = True


class Progress(Model):
    destination = TextField(primary_key=True)
    cursor = IntegerField()

    class Meta:
        strict_tables = True
        without_rowid = True


class Parked(Model):
    destination = TextField()
    sequence = IntegerField()
    reason = TextField()

    class Meta:
        strict_tables = True
        without_rowid = True
        primary_key = CompositeKey("destination", "sequence")


class Identity(Model):
    """`journal`: 8 hex digits, new with every database. `box`: 12 hex digits."""

    id = IntegerField(primary_key=True, constraints=[SQL("CHECK (id = 1)")])
    journal = TextField()
    box = TextField()

    class Meta:
        strict_tables = True


def _create(database: SqliteDatabase) -> None:
    for model in (Event, Memory, Progress, Parked, Identity):
        SchemaManager(model, database=database).create_all(safe=False)
    ids = {"id": 1, "journal": secrets.token_hex(4), "box": secrets.token_hex(6)}
    Identity.insert(ids).execute(database)
    database.application_id = APPLICATION


STEPS: tuple[Callable[[SqliteDatabase], None], ...] = (_create,)
"""Step n brings a file from version n to n + 1. A released step keeps what it did: when a model
changes, a new step alters the table, and the step that made it takes the old definition along."""

VERSION = len(STEPS)


def upgrade(database: SqliteDatabase) -> None:
    """Bring the schema to this version, each step in a transaction of its own."""
    for number in range(database.user_version, VERSION):
        with database.atomic("IMMEDIATE"):
            STEPS[number](database)
            database.user_version = number + 1
