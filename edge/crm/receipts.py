"""Receipts: once a day a box tells what it sent; the CRM compares, and says what is missing.

    box ──{"device": "pbx1", "day": …, "first": 101, "last": 912, "events": 640, "sha256": …}──▶
        ◀── {"missing": [[110, 112]]} ── where number or hash of what is here are others

What the CRM refused by name counts on neither side, and is not missing either.
"""

import hashlib
import sqlite3
from collections.abc import Iterable
from datetime import date
from functools import partial
from itertools import pairwise
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from edge.crm.answers import answer, read
from edge.crm.store import STORE

SCHEMA = """
CREATE TABLE IF NOT EXISTS receipt (
    journal TEXT NOT NULL, device TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    day TEXT NOT NULL, box TEXT NOT NULL, agreed INTEGER NOT NULL, receipt BLOB NOT NULL,
    PRIMARY KEY (journal, device, first)
) STRICT, WITHOUT ROWID;
"""
HERE = """
SELECT sequence, call_id, reason, raw FROM event
WHERE journal = ? AND sequence BETWEEN ? AND ? ORDER BY sequence
"""
FORGET = "DELETE FROM receipt WHERE journal = ? AND device = ? AND last >= ? AND first <= ?"
RECENT = """
SELECT journal, agreed, receipt, coalesce(nullif(branch, ''), receipt.box)
FROM receipt LEFT JOIN box ON box.box = receipt.box AND state = 'accepted'
ORDER BY day DESC, 4 LIMIT 100
"""
MOST_GAPS = 1000
Number = Annotated[int, Meta(ge=0, lt=10**18)]
Span = tuple[int, int]
routes = web.RouteTableDef()


class Receipt(Struct, frozen=True):
    """Of one device and local day: what the box sent and was answered for."""

    device: Annotated[str, Meta(pattern="^[^/]+$")]
    day: date
    first: Number
    last: Number
    events: Annotated[int, Meta(ge=1, lt=10**18)]
    calls: Number
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class Receipts(Struct, frozen=True):
    """Body of `POST /v1/receipts`."""

    journal: Annotated[str, Meta(pattern="^[0-9a-f]{8}$")]
    through: Number
    receipts: Annotated[tuple[Receipt, ...], Meta(max_length=1000)]


class Here(Struct, frozen=True):
    """What is here of a receipt. box: whose events they are. gaps: none where it agrees."""

    box: str
    calls: int
    agrees: bool
    gaps: list[Span]


class Day(Struct):
    """A branch's day, for the page."""

    branch: str
    day: date
    seen: int = 0
    here: int = 0
    missing: list[Span] = []


class _Sourced(Struct):
    source: str


@routes.post("/v1/receipts")
async def post_receipts(request: web.Request) -> web.Response:
    told, store = await read(request, Receipts), request.app[STORE]
    missing = await store.do(partial(_compare, told))
    store.appended.ring()
    return answer({"missing": missing})


def days(db: sqlite3.Connection) -> list[Day]:
    """By branch and day, the newest first."""
    found: dict[tuple[str, date], Day] = {}
    for journal, agreed, text, branch in db.execute(RECENT).fetchall():
        receipt = msgspec.json.decode(text, type=Receipt)
        day = found.setdefault((branch, receipt.day), Day(branch, receipt.day))
        here = None if agreed else _here(db, journal, receipt)
        day.seen += receipt.calls
        day.here += here.calls if here else receipt.calls
        day.missing = _joined(day.missing + here.gaps) if here else day.missing
    return list(found.values())


def _compare(told: Receipts, db: sqlite3.Connection) -> list[Span]:
    gaps: list[Span] = []
    for receipt in told.receipts:
        here = _here(db, told.journal, receipt)
        gaps += here.gaps
        place = (told.journal, receipt.device, receipt.first, receipt.last)
        kept = (receipt.day.isoformat(), here.box, here.agrees, msgspec.json.encode(receipt))
        db.execute(FORGET, place)
        db.execute("INSERT OR REPLACE INTO receipt VALUES (?,?,?,?,?,?,?,?)", place + kept)
    return _joined(gaps)


def _here(db: sqlite3.Connection, journal: str, receipt: Receipt) -> Here:
    """What is here between a receipt's first and last sequence."""
    box, calls, digest, events, known = journal, set(), hashlib.sha256(), 0, [receipt.first - 1]
    for sequence, call_id, reason, raw in db.execute(HERE, (journal, receipt.first, receipt.last)):
        known.append(sequence)
        source = "" if reason else msgspec.json.decode(raw, type=_Sourced).source
        if source.endswith(f"/{receipt.device}"):
            box, events = source.split("/")[2], events + 1
            calls.add(call_id)
            digest.update(b"%d\n" % sequence)
    agrees = (events, digest.hexdigest()) == (receipt.events, receipt.sha256)
    known.append(receipt.last + 1)
    gaps = [(left + 1, right - 1) for left, right in pairwise(known) if right - left > 1]
    return Here(box, len(calls - {None}), agrees, [] if agrees else gaps)


def _joined(spans: Iterable[Span]) -> list[Span]:
    """The same sequences, rising, each in one span."""
    found: list[Span] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found[:MOST_GAPS]
