"""Which boxes may send: their keys, and the claim codes that let new ones in.

    box, unknown ──▶ pending ──operator──▶ accepted ──operator──▶ revoked
        │               └─────operator──▶ refused        └─another key for its branch─▶ replaced
        └──claim code, or endorsed by the key before──▶ accepted

One key is accepted for a box, and one for a branch: who accepts another, by claim code or by hand,
replaces it. A key is used by one box only: its requests count up, so of two boxes with a copied
card one falls behind, or both begin with the same number.
"""

import base64
import hashlib
import secrets
import sqlite3
import time
from collections.abc import Callable
from functools import partial
from typing import Annotated, Literal

from aiohttp import web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Meta, Struct

from edge.crm.answers import Refused, answer, read
from edge.crm.keys import OWN_KEY, Proof, Signed, named_key, proof
from edge.crm.store import STORE, Store, json_of

SCHEMA = """
CREATE TABLE IF NOT EXISTS box (
    device TEXT PRIMARY KEY, box TEXT NOT NULL, number INTEGER NOT NULL, public_key BLOB NOT NULL,
    state TEXT NOT NULL, branch TEXT NOT NULL, model TEXT NOT NULL, version TEXT NOT NULL,
    starts INTEGER NOT NULL DEFAULT 0, run TEXT NOT NULL DEFAULT '',
    count INTEGER NOT NULL DEFAULT 0, seen INTEGER NOT NULL DEFAULT 0,
    doubles INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE IF NOT EXISTS claim (
    hash BLOB PRIMARY KEY, branch TEXT NOT NULL, until REAL NOT NULL, device TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS guess (at REAL NOT NULL) STRICT;
"""
# For the operator. doubles: how often another box used the same key.
BOXES = """
SELECT json_group_array(json_object('device', device, 'box', box, 'number', number, 'state', state,
    'branch', branch, 'model', model, 'version', version, 'starts', starts, 'doubles', doubles))
FROM (SELECT * FROM box ORDER BY rowid DESC)
"""
CLAIM = """
UPDATE claim SET device = ? WHERE hash = ? AND until > ? AND device IS NULL RETURNING branch
"""
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that is taken for another
CODE_LETTERS, CODE_SECONDS = 10, 72 * 3600
MOST_PENDING = 1000
GUESSES, GUESS_SECONDS = 20, 3600.0
MOST_SKEW = 300.0
WINDOW = 60  # requests that may overtake each other; fits into SQLite's integer
ADVICE = {
    "not-enrolled": (401, "no key accepted here made this signature: enrol"),
    "clock-skew": (401, "the request's time is off: take the time that is signed here, ask again"),
    "two-boxes": (409, "this key is in use twice, or was replaced by another box's"),
    "replay": (409, "this request came before"),
    "bad-signature": (401, "the request must be signed by the key that it shows"),
    "too-many": (429, "too many wrong codes, or boxes that wait: try again later"),
    "not-found": (404, "no box has this device id"),
}
routes = web.RouteTableDef()


class Endorsement(Struct, frozen=True):
    number: int
    public_key: bytes
    signature: bytes


class Application(Struct, frozen=True):
    """Body of `POST /v1/enrol`."""

    box: str
    number: int
    public_key: bytes
    claim: str = ""
    model: str = ""
    version: str = ""
    line: tuple[Endorsement, ...] = ()


class Wish(Struct, frozen=True, forbid_unknown_fields=True):
    branch: Annotated[str, Meta(min_length=1, max_length=64)]


class Word(Struct, frozen=True, forbid_unknown_fields=True):
    state: Literal["accepted", "refused", "revoked"]
    branch: str | None = None


async def admit(request: web.Request) -> str:
    """The id of the box that signed a request. Raises Refused."""
    keyid, body = named_key(request), await request.read()
    prove = partial(proof, request, body, keyid)
    code, nonce = await request.app[STORE].do(partial(_admit, keyid, prove))
    if code:
        raise _refused(code, request.app[OWN_KEY].time(nonce) if code == "clock-skew" else None)
    return keyid.partition("#")[0]


@routes.post("/v1/enrol")
async def post_enrol(request: web.Request) -> web.Response:
    asked, key = await read(request, Application), request.app[OWN_KEY]
    keyid = f"{asked.box}#{asked.number}"
    signed = named_key(request) == keyid
    if not (signed and proof(request, await request.read(), keyid, asked.public_key)):
        raise _refused("bad-signature")
    state, code = await request.app[STORE].do(partial(_apply, asked))
    if state == "accepted":
        shown = {"keyid": key.id, "public_key": key.public}
        return answer({"state": state, "command_key": shown})
    return answer({"state": state} | ({"code": code} if code else {}))


@routes.get("/boxes")
async def get_boxes(request: web.Request) -> web.Response:
    return answer(await request.app[STORE].look(partial(json_of, BOXES)))


@routes.post("/boxes/{device}")
async def post_box(request: web.Request) -> web.Response:
    word, device = await read(request, Word), request.match_info["device"]
    if not await request.app[STORE].do(lambda db: _decide(db, device, word.state, word.branch)):
        raise _refused("not-found")
    return answer(word)


@routes.post("/claims")
async def post_claim(request: web.Request) -> web.Response:
    wish = await read(request, Wish)
    return answer({"code": await new_claim(request.app[STORE], wish.branch)})


async def new_claim(store: Store, branch: str) -> str:
    """A code that lets one box in, for three days; it replaces the branch's box, if any."""
    code = "".join(secrets.choice(LETTERS) for _ in range(CODE_LETTERS))
    row = (_hash(code), branch, time.time() + CODE_SECONDS)
    sql = "INSERT INTO claim (hash, branch, until) VALUES (?, ?, ?)"
    await store.do(lambda db: db.execute(sql, row))
    return f"{code[:5]}-{code[5:]}"


def _apply(asked: Application, db: sqlite3.Connection) -> tuple[str, str]:
    """Decide on a box whose request was signed by the key that it shows. Raises Refused.

    Returns its state, and `bad-claim` where the code was the reason.
    """
    device = _device(asked.public_key)
    row = db.execute("SELECT state FROM box WHERE device = ?", (device,)).fetchone()
    if row == ("accepted",):
        return "accepted", ""
    branch = _endorsed(db, asked)
    if branch is None and asked.claim:
        branch = _claimed(db, asked.claim, device)
        if branch is None:
            return "refused", "bad-claim"
    if row is None:
        _note(db, asked, device)
    if branch is not None:
        _decide(db, device, "accepted", branch)
        return "accepted", ""
    state = row[0] if row else "pending"
    return "revoked" if state == "replaced" else state, ""


def _claimed(db: sqlite3.Connection, code: str, device: str) -> str | None:
    """The branch that a code is for, which is used up by it. Raises Refused."""
    now = time.time()
    sql = "SELECT count(*) FROM guess WHERE at > ?"
    if db.execute(sql, (now - GUESS_SECONDS,)).fetchone()[0] >= GUESSES:
        raise _refused("too-many", Retry_After="600")
    row = db.execute(CLAIM, (device, _hash(code), now)).fetchone()
    if row is None:
        db.execute("INSERT INTO guess VALUES (?)", (now,))
        return None
    return str(row[0])


def _admit(
    keyid: str, prove: Callable[[bytes], Proof | None], db: sqlite3.Connection
) -> tuple[str, str]:
    """Judge a request by the keys known under its name: two, where a box lost its key.

    Returns why it is refused, or nothing; and its nonce.
    """
    sql = "SELECT device, public_key, state FROM box WHERE box || '#' || number = ?"
    for device, key, state in db.execute(sql, (keyid,)).fetchall():
        if (proved := prove(key)) is None:
            continue
        if state == "replaced":
            return _doubled(db, device), proved.nonce
        if state != "accepted":
            break
        if abs(proved.skew) > MOST_SKEW:
            return "clock-skew", proved.nonce
        return _use(db, device, proved), proved.nonce
    return "not-enrolled", ""


def _use(db: sqlite3.Connection, device: str, proved: Proof) -> str:
    """Count a request; `two-boxes` or `replay` for one that is not new."""
    sql = "SELECT starts, run, count, seen FROM box WHERE device = ?"
    starts, run, count, seen = db.execute(sql, (device,)).fetchone()
    if (proved.starts, proved.run) != (starts, run):
        if proved.starts <= starts:
            return _doubled(db, device)
        count, seen = 0, 0
    ahead = proved.count - count
    if ahead <= -WINDOW or (ahead <= 0 and seen >> -ahead & 1):
        return "replay"
    seen = (seen << ahead | 1) & (1 << WINDOW) - 1 if ahead > 0 else seen | 1 << -ahead
    db.execute(
        "UPDATE box SET starts = ?, run = ?, count = ?, seen = ? WHERE device = ?",
        (proved.starts, proved.run, max(count, proved.count), seen, device),
    )
    return ""


def _doubled(db: sqlite3.Connection, device: str) -> str:
    """Note for the operator that a key is in use twice, or still in use."""
    db.execute("UPDATE box SET doubles = doubles + 1 WHERE device = ?", (device,))
    return "two-boxes"


def _decide(db: sqlite3.Connection, device: str, state: str, branch: str | None) -> bool:
    """The operator's word on a key; False where there is none such. Accepting replaces."""
    sql = """UPDATE box SET state = ?, branch = coalesce(?, branch) WHERE device = ?
             RETURNING box, branch"""
    row = db.execute(sql, (state, branch, device)).fetchone()
    if row and state == "accepted":
        sql = """UPDATE box SET state = 'replaced' WHERE state = 'accepted' AND device <> ?
                 AND (box = ? OR branch = ? AND branch <> '')"""
        db.execute(sql, (device, *row))
    return row is not None


def _note(db: sqlite3.Connection, asked: Application, device: str) -> None:
    sql = "SELECT count(*) FROM box WHERE state = 'pending'"
    if db.execute(sql).fetchone()[0] >= MOST_PENDING:
        raise _refused("too-many", Retry_After="600")
    db.execute(
        "INSERT INTO box (device, box, number, public_key, state, branch, model, version)"
        " VALUES (?, ?, ?, ?, 'pending', '', ?, ?)",
        (device, asked.box, asked.number, asked.public_key, asked.model, asked.version),
    )


def _endorsed(db: sqlite3.Connection, asked: Application) -> str | None:
    """The branch of the accepted key that leads to this one, link by link."""
    sql = "SELECT number, public_key, branch FROM box WHERE box = ? AND state = 'accepted'"
    if (row := db.execute(sql, (asked.box,)).fetchone()) is None:
        return None
    number, key, branch = row
    for link in asked.line:
        if link.number == number + 1 and _vouches(key, asked.box, link):
            number, key = link.number, link.public_key
    return branch if (number, key) == (asked.number, asked.public_key) else None


def _vouches(key: bytes, box: str, link: Endorsement) -> bool:
    told = f"payvand key {box}#{link.number} ".encode() + base64.b64encode(link.public_key)
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(link.signature, told)
    except (InvalidSignature, ValueError):
        return False
    return True


def _device(public_key: bytes) -> str:
    """What a person reads off two screens to compare a key."""
    return base64.b32encode(hashlib.sha256(public_key).digest()).decode()[:16]


def _hash(code: str) -> bytes:
    return hashlib.sha256("".join(filter(str.isalnum, code.upper())).encode()).digest()


def _refused(code: str, time: Signed | None = None, **headers: str) -> Refused:
    status, advice = ADVICE[code]
    return Refused(status, code, advice, time, **headers)
