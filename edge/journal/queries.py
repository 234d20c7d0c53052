"""What is asked of the journal's tables, in the reader's thread."""

from contextlib import closing

from peewee import SqliteDatabase

from edge.journal import models
from edge.journal.connecting import plain
from edge.journal.records import Parked, Stored
from edge.journal.rows import FIND, READ, RECENT, stored


def read(database: SqliteDatabase, after: int, limit: int, max_bytes: int) -> list[Stored]:
    events: list[Stored] = []
    size = 0
    with closing(plain(database).execute(READ, (after, limit))) as rows:
        for found in rows:
            event = stored(found)
            size += len(event.data)
            if events and size > max_bytes:
                break
            events.append(event)
    return events


def find(database: SqliteDatabase, bounds: tuple[int, int], wanted: str) -> list[Stored]:
    with closing(plain(database).execute(FIND, (*bounds, wanted))) as rows:
        return [stored(found) for found in rows]


def count(database: SqliteDatabase, first: int, last: int) -> int:
    query = models.Event.select().where(models.Event.sequence.between(first, last))
    return int(query.count(database))


def notes(database: SqliteDatabase, destination: str) -> dict[str, bytes]:
    table = models.Note
    query = table.select(table.key, table.data).where(table.destination == destination)
    return dict(query.tuples().execute(database))


def recent(
    database: SqliteDatabase, kind: str, bounds: tuple[int, int], limit: int
) -> list[Stored]:
    with closing(plain(database).execute(RECENT, (*bounds, f"{kind}*", limit))) as rows:
        return [stored(found) for found in rows]


def parked(
    database: SqliteDatabase, destination: str, bounds: tuple[int, int], limit: int
) -> list[Parked]:
    table = models.Parked
    after, through = bounds
    query = table.select(table.sequence, table.reason).where(
        table.destination == destination, table.sequence > after, table.sequence <= through
    )
    ordered = query.order_by(table.sequence).limit(limit)
    return [Parked(*row) for row in ordered.tuples().execute(database)]
