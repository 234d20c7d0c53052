"""Events come in, each kept once; and people look at them.

    box  ──POST /v1/events──▶ unzip ──▶ judge (contract.py) ──▶ on disk ──▶ {"through", "rejected"}
    who looks on ◀── GET /events  GET /calls  GET /stats ───────────┘

    event    every event ever judged, once, with its raw JSON; `reason` tells why it was refused
    call     for each call_id the event that is its truth: the one with the highest sequence
    tally    one row of counters, so that they survive a restart with the rest

The first verdict on an id stands: a repeat neither changes what is stored nor what is answered.
"""

import sqlite3
import zlib
from functools import partial

import msgspec
from aiohttp import web
from msgspec import Struct

from edge.crm.answers import BadRequest, TooLarge, answer
from edge.crm.contract import MOST_BYTES_UNPACKED, Batch, Rejection, read_batch, read_range
from edge.crm.keys import SENDER
from edge.crm.misbehave import ORDER
from edge.crm.store import STORE, json_of

SCHEMA = """
CREATE TABLE IF NOT EXISTS event (
    received INTEGER PRIMARY KEY, journal TEXT NOT NULL, sequence INTEGER NOT NULL,
    call_id TEXT, reason TEXT, raw BLOB NOT NULL, UNIQUE (journal, sequence)
) STRICT;
CREATE INDEX IF NOT EXISTS refused ON event (journal, sequence) WHERE reason IS NOT NULL;
CREATE TABLE IF NOT EXISTS call (
    call_id TEXT PRIMARY KEY, journal TEXT NOT NULL, sequence INTEGER NOT NULL,
    received INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tally (
    one INTEGER PRIMARY KEY CHECK (one = 1), received INTEGER NOT NULL, stored INTEGER NOT NULL,
    duplicates INTEGER NOT NULL, rejected INTEGER NOT NULL
) STRICT;
INSERT OR IGNORE INTO tally VALUES (1, 0, 0, 0, 0);
"""
KEEP = "INSERT OR IGNORE INTO event (journal, sequence, call_id, reason, raw) VALUES (?,?,?,?,?)"
# A call_id lives in one journal. Should it come from a second one all the same (a box whose
# database was lost), their sequences do not compare, and what came last is believed.
FOLLOW = """
INSERT INTO call SELECT call_id, journal, sequence, received FROM event
WHERE received > ? AND call_id IS NOT NULL ORDER BY received
ON CONFLICT (call_id) DO UPDATE SET
    journal = excluded.journal, sequence = excluded.sequence, received = excluded.received
WHERE excluded.journal <> journal OR excluded.sequence > sequence
"""
REFUSED = """
SELECT sequence, reason FROM event
WHERE reason IS NOT NULL AND journal = ? AND sequence BETWEEN ? AND ?
"""
COUNT = """
UPDATE tally SET received = received + ?, stored = stored + ?,
    duplicates = duplicates + ?, rejected = rejected + ?
"""
# received = stored + duplicates + rejected. `stored` and `rejected` count each event once (but
# those without a box's id each time), `duplicates` every repeat of either.
STATS = """
SELECT json_object('received', received, 'stored', stored, 'duplicates', duplicates,
    'rejected', rejected, 'calls', (SELECT count(*) FROM call)) FROM tally
"""
TAKEN = "SELECT received, raw FROM event WHERE received > ? AND reason IS NULL ORDER BY 1 LIMIT ?"
# CROSS JOIN holds SQLite to this order: walk back from the newest event, stop at the limit.
TRUTH = """
SELECT event.received, raw FROM event CROSS JOIN call
    ON call.call_id = event.call_id AND call.received = event.received
WHERE event.received > ? ORDER BY event.received DESC LIMIT ?
"""
MOST_CALLS = 10_000
AT_ONCE = 1000
MEDIA_TYPE = "application/cloudevents-batch+json"
routes = web.RouteTableDef()


class Answer(Struct, frozen=True):
    """What the box gets. `through`: the last sequence of the request that the CRM has on disk."""

    through: int
    rejected: list[Rejection]


@routes.post("/v1/events")
async def post_events(request: web.Request) -> web.Response:
    if request.content_type != MEDIA_TYPE:
        raise BadRequest(f"Content-Type must be {MEDIA_TYPE}")
    if request.headers.get("Content-Encoding") != "gzip":
        raise BadRequest("Content-Encoding must be gzip")
    span = read_range(request.headers.get("Payvand-Range"))
    text = _unzip(await request.read())
    batch = read_batch(text, span, request.get(SENDER), request[ORDER].reason)
    stored = await request.app[STORE].do(partial(append, batch))
    request.app[STORE].appended.ring()
    return answer(stored)


@routes.get("/events")
async def get_events(request: web.Request) -> web.StreamResponse:
    """All taken events in order of arrival, one line of JSON each."""
    response = web.StreamResponse()
    response.content_type = "application/x-ndjson"
    await response.prepare(request)
    found = [(0, b"")]
    while found := await request.app[STORE].look(partial(rows, TAKEN, found[-1][0], AT_ONCE)):
        await response.write(b"".join(line + b"\n" for _, line in found))
    return response


@routes.get("/calls")
async def get_calls(request: web.Request) -> web.Response:
    """For each call the event that is its truth, newest first, as a JSON list."""
    limit = request.query.get("limit", "100")
    if not (limit.isascii() and limit.isdigit() and 0 < int(limit[:9]) <= MOST_CALLS):
        raise BadRequest(f"limit must be a number from 1 to {MOST_CALLS}")
    calls = await request.app[STORE].look(partial(rows, TRUTH, 0, int(limit)))
    return answer(b"[" + b",\n".join(line for _, line in calls) + b"]")


@routes.get("/stats")
async def get_stats(request: web.Request) -> web.Response:
    return answer(await request.app[STORE].look(partial(json_of, STATS)))


def append(batch: Batch, db: sqlite3.Connection) -> Answer:
    """Keep a batch; the answer is the same at every repeat."""
    (before,) = db.execute("SELECT coalesce(max(received), 0) FROM event").fetchone()
    db.executemany(KEEP, batch.verdicts)
    db.execute(FOLLOW, (before,))
    db.executemany("INSERT OR IGNORE INTO result VALUES (?, ?, ?, ?)", batch.results)
    sql = "SELECT count(*), count(reason) FROM event WHERE received > ?"
    fresh, refused = db.execute(sql, (before,)).fetchone()
    total, unkept = len(batch.verdicts), len(batch.unkept)
    db.execute(COUNT, (total + unkept, fresh - refused, total - fresh, refused + unkept))
    reasons = dict(db.execute(REFUSED, batch.range))
    sequences = dict.fromkeys(verdict.sequence for verdict in batch.verdicts)
    rejected = [
        Rejection(f"{batch.range.journal}-{sequence}", reasons[sequence])
        for sequence in sequences
        if sequence in reasons
    ]
    return Answer(max(sequences, default=batch.range.last), rejected + batch.unkept)


def rows(sql: str, after: int, limit: int, db: sqlite3.Connection) -> list[tuple[int, bytes]]:
    """Events that came in after a place, each with its place, as one line of JSON."""
    found = db.execute(sql, (after, limit))
    return [(place, msgspec.json.format(raw, indent=-1)) for place, raw in found]


def _unzip(body: bytes) -> bytes:
    """Unpack gzip, but never more than the limit: a kilobyte can hold a megabyte of zeros."""
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        text = unpacker.decompress(body, MOST_BYTES_UNPACKED + 1)
    except zlib.error as error:
        raise BadRequest(f"the body is no gzip: {error}") from error
    if len(text) > MOST_BYTES_UNPACKED:
        raise TooLarge(f"the body unpacks to more than {MOST_BYTES_UNPACKED} bytes")
    if not unpacker.eof:
        raise BadRequest("the gzip body is cut short")
    return text
