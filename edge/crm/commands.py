"""The CRM's orders: queued by a person, signed, fetched by the box, answered by its events.

    person ──POST /commands──▶ on disk, signed ◀──GET /v1/commands?after=N&wait=50── box
    person ◀── GET /commands ── results ◀──────────── POST /v1/events ────────────── box

A question with `after=N` acknowledges up to N: what was acknowledged is never sent again, whatever
`after` comes later. Of several results of one command the first one counts.
"""

import re
import secrets
import sqlite3
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta, Struct
from msgspec.structs import asdict

from edge.crm.answers import BadRequest, Refused, answer, read
from edge.crm.contract import SEQUENCE
from edge.crm.keys import OWN_KEY, SENDER
from edge.crm.store import STORE, json_of

SCHEMA = """
CREATE TABLE IF NOT EXISTS command (
    seq INTEGER PRIMARY KEY, box TEXT NOT NULL, id TEXT NOT NULL UNIQUE, payload BLOB NOT NULL,
    acknowledged INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE IF NOT EXISTS result (
    box TEXT NOT NULL, id TEXT NOT NULL, state TEXT NOT NULL, detail TEXT NOT NULL,
    PRIMARY KEY (box, id)
) STRICT, WITHOUT ROWID;
"""
ACKNOWLEDGE = "UPDATE command SET acknowledged = 1 WHERE box = ? AND seq <= ? AND NOT acknowledged"
NEXT = """
SELECT seq, payload FROM command
WHERE box = ? AND seq > ? AND NOT acknowledged ORDER BY seq LIMIT 100
"""
# The newest with what became of them; state is null until the box has told it.
SHOWN = """
SELECT json_group_array(json_object('seq', seq, 'acknowledged', json(iif(acknowledged, 'true',
    'false')), 'state', state, 'detail', detail, 'payload', json(CAST(payload AS TEXT))))
FROM (SELECT * FROM command LEFT JOIN result USING (box, id) ORDER BY seq DESC LIMIT 100)
"""
MOST_PAYLOAD = 4096
MOST_WAIT = 60
routes = web.RouteTableDef()


class Wish(Struct, frozen=True, forbid_unknown_fields=True):
    """What a person orders. device: as `source` in the events that come from it."""

    device: Annotated[str, Meta(pattern=r"^/boxes/[^/]+/[^/]+$")]
    type: Annotated[str, Meta(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)*$", max_length=64)]
    args: Mapping[str, object] = {}
    ttl: Annotated[float, Meta(gt=0, le=86_400)] = 60.0
    id: Annotated[str, Meta(pattern=r"^[!-~]{1,64}$")] = ""


class Payload(Struct, frozen=True):
    """What is signed."""

    id: str
    device: str
    type: str
    args: Mapping[str, object]
    issued: datetime
    ttl: float


@routes.get("/v1/commands")
async def get_next(request: web.Request) -> web.Response:
    asked, store, key = monotonic(), request.app[STORE], request.app[OWN_KEY]
    after, wait = (request.query.get(name, "") for name in ("after", "wait"))
    box = request.get(SENDER) or request.headers.get("Payvand-Box")
    nonce = request.headers.get("Payvand-Nonce", "")
    numbers = all(re.fullmatch(SEQUENCE, number) for number in (after, wait))
    if not (box and numbers and int(wait) <= MOST_WAIT and re.fullmatch("[0-9a-f]{32}", nonce)):
        raise BadRequest("needs after=N, wait=0-60, Payvand-Nonce and Payvand-Box")
    about, until = (box, int(after)), asked + int(wait)
    await store.do(lambda db: db.execute(ACKNOWLEDGE, about))
    while True:
        news = store.ordered.next
        found = await store.look(lambda db: db.execute(NEXT, about).fetchall())
        if found or monotonic() >= until or store.ordered.over:
            break
        await store.ordered.wait(news, until - monotonic())
    signed = [{"seq": seq} | asdict(key.sign(payload)) for seq, payload in found]
    time = key.time(nonce, monotonic() - asked)
    parts = (b64encode(time.payload).decode(), time.keyid, b64encode(time.signature).decode())
    return answer(signed, headers={"Payvand-Time": " ".join(parts)})


@routes.post("/commands")
async def post_command(request: web.Request) -> web.Response:
    """Queue a command; answers with what is signed."""
    wish, store = await read(request, Wish), request.app[STORE]
    try:
        payload = await store.do(partial(_queue, wish))
    except sqlite3.IntegrityError as error:
        advice = "this id was ordered before: give each command its own, or none"
        raise Refused(409, "known-id", advice) from error
    store.ordered.ring()
    return answer(payload)


@routes.get("/commands")
async def get_commands(request: web.Request) -> web.Response:
    return answer(await request.app[STORE].look(partial(json_of, SHOWN)))


def _queue(wish: Wish, db: sqlite3.Connection) -> Payload:
    """Numbers come from the clock, so that a CRM whose file was lost does not begin anew at 1."""
    now = datetime.now(UTC)
    id_ = wish.id or secrets.token_hex(8)
    payload = Payload(id_, wish.device, wish.type, wish.args, now, wish.ttl)
    text = msgspec.json.encode(payload)
    if len(text) > MOST_PAYLOAD:
        raise BadRequest(f"the args are too long: {MOST_PAYLOAD} bytes in all at most")
    (last,) = db.execute("SELECT coalesce(max(seq), 0) FROM command").fetchone()
    seq = max(last + 1, int(now.timestamp() * 1_000_000))
    row = (seq, wish.device.split("/")[2], id_, text)
    db.execute("INSERT INTO command (seq, box, id, payload) VALUES (?, ?, ?, ?)", row)
    return payload
