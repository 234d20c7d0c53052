"""The CRM's orders: queued by a person, signed, fetched by the box, answered by its events.

    person ──POST /commands──▶ signed, on disk ◀──GET /v1/commands?after=N&wait=50── box
    person ◀── GET /commands ── results ◀──────────── POST /v1/events ────────────── box

A question with `after=N` acknowledges up to N: what was acknowledged is never sent again, whatever
`after` comes later. Of several results of one command the first one counts.
"""

import asyncio
import base64
import hashlib
import re
import secrets
import sqlite3
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Annotated

import msgspec
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Meta, Raw, Struct

from edge.crm.contract import SEQUENCE, Problem
from edge.crm.reply import answer
from edge.crm.store import Store

KEY_FILE = "command.key"
MOST_AT_ONCE = 100
MOST_PAYLOAD = 4096
MOST_WAIT = 60
SHOWN = 100
QUEUE = "INSERT INTO command (seq, box, id, payload) VALUES (?, ?, ?, ?)"
NEXT = """
SELECT seq, payload FROM command
WHERE box = ? AND seq > ? AND NOT acknowledged ORDER BY seq LIMIT ?
"""
RESULTS = """
SELECT json_extract(text, '$.data.command_id'), json_extract(text, '$.data.state'),
    json_extract(text, '$.data.detail'), json_extract(text, '$.source')
FROM (SELECT received, CAST(raw AS TEXT) AS text FROM event
      WHERE reason IS NULL AND call_id IS NULL)
WHERE json_extract(text, '$.type') = 'command.result' ORDER BY received DESC
"""


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


class SignedTime(Struct, frozen=True):
    """held: seconds for which the question waited here. nonce: the question's own."""

    time: datetime
    held: float
    nonce: str


class Sent(Struct, frozen=True):
    """One command as the box gets it; bytes are base64 in JSON."""

    seq: int
    payload: bytes
    keyid: str
    signature: bytes


class Shown(Struct, frozen=True):
    """One command as a person sees it. state: null until the box has told it."""

    seq: int
    acknowledged: bool
    state: str | None
    detail: str | None
    payload: Raw


class CommandKey:
    """The key that commands are signed with: made once, in a file that only its owner may read."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            made = path.with_suffix(".making")
            made.unlink(missing_ok=True)
            made.touch(0o600)
            made.write_bytes(Ed25519PrivateKey.generate().private_bytes_raw())
            made.replace(path)
        self._private = Ed25519PrivateKey.from_private_bytes(path.read_bytes())
        self.public = self._private.public_key().public_bytes_raw()
        self.id = hashlib.sha256(self.public).hexdigest()[:8]

    def sign(self, payload: bytes) -> bytes:
        return self._private.sign(payload)

    def time(self, held: float, nonce: str) -> str:
        """The value of Payvand-Time."""
        payload = msgspec.json.encode(SignedTime(datetime.now(UTC), held, nonce))
        parts = (base64.b64encode(part).decode() for part in (payload, self.sign(payload)))
        return f" {self.id} ".join(parts)


class Commands:
    """The HTTP side. turn_away: the answer to who may not ask, None for who may."""

    def __init__(
        self,
        store: Store,
        key: CommandKey,
        turn_away: Callable[[web.Request], web.Response | None],
    ) -> None:
        self.key = key
        self._store = store
        self._turn_away = turn_away
        self._news = asyncio.Event()
        self._ending = False

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/v1/commands", self.get_next),
            web.post("/commands", self.post),
            web.get("/commands", self.get_all),
        ]

    async def end(self, _: web.Application) -> None:
        """Let all who wait go."""
        self._ending = True
        self._wake()

    async def get_next(self, request: web.Request) -> web.Response:
        asked = time.monotonic()
        if response := self._turn_away(request):
            return response
        after, wait = (request.query.get(name, "0") for name in ("after", "wait"))
        box = request.headers.get("Payvand-Box", "")
        if not (box and _number(after) and _number(wait)):
            advice = "needs after=N, wait=seconds and the header Payvand-Box"
            return answer(Problem("bad-request", advice), HTTPStatus.BAD_REQUEST)
        await self._store.use(lambda file: _acknowledge(file, box, int(after)))
        until = asked + min(int(wait), MOST_WAIT)
        while not (found := await self._next(box, int(after), until)):
            pass
        headers = {"Payvand-Time": self.key.time(time.monotonic() - asked, _nonce(request))}
        return web.Response(body=found, headers=headers, content_type="application/json")

    async def post(self, request: web.Request) -> web.Response:
        """Queue a command; answers with its id and number."""
        try:
            wish = msgspec.json.decode(await request.read(), type=Wish)
            payload = await self._store.use(lambda file: _queue(file, wish))
        except (msgspec.MsgspecError, RecursionError) as error:
            return answer(Problem("bad-request", str(error)), HTTPStatus.BAD_REQUEST)
        except sqlite3.IntegrityError:
            advice = "this id was ordered before: give each command its own, or none"
            return answer(Problem("known-id", advice), HTTPStatus.CONFLICT)
        self._wake()
        return answer(payload)

    async def get_all(self, _: web.Request) -> web.Response:
        """The newest commands with their results, newest first."""
        shown = await self._store.use(_shown)
        return web.Response(body=msgspec.json.encode(shown), content_type="application/json")

    async def _next(self, box: str, after: int, until: float) -> bytes:
        """What is there for a box, or an empty list when the time is over; else b"" after news."""
        news = self._news
        rows = await self._store.use(
            lambda file: file.execute(NEXT, (box, after, MOST_AT_ONCE)).fetchall()
        )
        left = until - time.monotonic()
        if rows or left <= 0 or self._ending:
            sent = [Sent(seq, text, self.key.id, self.key.sign(text)) for seq, text in rows]
            return msgspec.json.encode(sent)
        try:
            async with asyncio.timeout(left):
                await news.wait()
        except TimeoutError:
            pass
        return b""

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


def _number(text: str) -> bool:
    return re.fullmatch(SEQUENCE, text) is not None


def _nonce(request: web.Request) -> str:
    return request.headers.get("Payvand-Nonce", "")[:100]


def _acknowledge(file: sqlite3.Connection, box: str, after: int) -> None:
    file.execute(
        "UPDATE command SET acknowledged = 1 WHERE box = ? AND seq <= ? AND NOT acknowledged",
        (box, after),
    )


def _queue(file: sqlite3.Connection, wish: Wish) -> Payload:
    """Numbers come from the clock, so that a CRM whose file was lost does not begin anew at 1."""
    now = datetime.now(UTC)
    id_ = wish.id or secrets.token_hex(8)
    payload = Payload(id_, wish.device, wish.type, wish.args, now, wish.ttl)
    text = msgspec.json.encode(payload)
    if len(text) > MOST_PAYLOAD:
        raise msgspec.ValidationError(f"the args are too long: {MOST_PAYLOAD} bytes in all at most")
    (last,) = file.execute("SELECT coalesce(max(seq), 0) FROM command").fetchone()
    seq = max(last + 1, int(now.timestamp() * 1_000_000))
    box = wish.device.split("/")[2]
    file.execute(QUEUE, (seq, box, id_, text))
    return payload


def _shown(file: sqlite3.Connection) -> list[Shown]:
    results = {
        (id_, source.split("/")[2]): (state, detail)
        for id_, state, detail, source in file.execute(RESULTS)
    }
    rows = file.execute(
        "SELECT seq, acknowledged, id, box, payload FROM command ORDER BY seq DESC LIMIT ?",
        (SHOWN,),
    )
    return [
        Shown(seq, bool(known), *results.get((id_, box), (None, None)), Raw(payload))
        for seq, known, id_, box, payload in rows
    ]
