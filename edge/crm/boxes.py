"""The HTTP side of enrolment: boxes ask to be let in and prove who they are; an operator decides.

    POST /v1/enrol           a box shows its key ──▶ pending, accepted, refused, revoked
    POST /claims             {"branch": "mashhad"} ──▶ {"code": "7KQ2M-XW4HD"}
    GET /boxes               all keys, the newest first
    POST /boxes/DEVICE       {"state": "accepted", "branch": "mashhad"}

Only the first is the contract; the others are the operator's, on loopback like all that is his.
"""

from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from edge.crm.contract import Problem
from edge.crm.enrolment import Application, Register, TooManyGuesses
from edge.crm.reply import answer
from edge.crm.signatures import OUR_KEY, KeyName, OwnKey, Signed, key_name, proof
from edge.crm.store import Store

ADVICE = {
    "not-enrolled": "no key accepted here made this signature: enrol",
    "clock-skew": "the request's time is off: take the time that is signed here, and ask again",
    "two-boxes": "this key is in use twice, or was replaced by another box's",
    "replay": "this request came before",
    "bad-signature": "the request must be signed by the key that it shows",
    "bad-request": "the body is not as openapi.yaml has it",
    "too-many": "too many wrong codes, or boxes that wait: try again later",
    "not-found": "no box has this device id",
}


class CommandKey(Struct, frozen=True):
    keyid: str
    public_key: bytes


class Decision(Struct, frozen=True, omit_defaults=True):
    state: Literal["pending", "accepted", "refused", "revoked"]
    code: str = ""
    command_key: CommandKey | None = None


class Wish(Struct, frozen=True, forbid_unknown_fields=True):
    branch: Annotated[str, Meta(min_length=1, max_length=64)]


class Code(Struct, frozen=True):
    code: str


class Word(Struct, frozen=True, forbid_unknown_fields=True):
    state: Literal["accepted", "refused", "revoked"]
    branch: str | None = None


class Boxes:
    """The register, as boxes and the operator meet it."""

    def __init__(self, store: Store, folder: Path) -> None:
        """Raises OSError."""
        self._store = store
        self._own = OwnKey(folder)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/v1/enrol", self.post_enrol),
            web.get("/boxes", self.get_boxes),
            web.post("/boxes/{device}", self.post_box),
            web.post("/claims", self.post_claim),
        ]

    async def admit(self, request: web.Request, body: bytes) -> str | web.Response:
        """The box that sent this; or the refusal that it gets."""
        if (name := key_name(request)) is None:
            return _refuse("not-enrolled", HTTPStatus.UNAUTHORIZED)
        code, proved = await self._store.register(
            lambda known: known.admit(name, lambda key: proof(request, body, name, key))
        )
        if code == "clock-skew" and proved is not None:
            time = self._own.time(proved.nonce)
            return _refuse(code, HTTPStatus.UNAUTHORIZED, time)
        if code == "not-enrolled":
            return _refuse(code, HTTPStatus.UNAUTHORIZED)
        return _refuse(code, HTTPStatus.CONFLICT) if code else name.box

    async def post_enrol(self, request: web.Request) -> web.Response:
        body = await request.read()
        try:
            asked = msgspec.json.decode(body, type=Application)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return _refuse("bad-request", HTTPStatus.BAD_REQUEST)
        name = KeyName(asked.box, asked.number)
        if key_name(request) != name or not proof(request, body, name, asked.public_key):
            return _refuse("bad-signature", HTTPStatus.UNAUTHORIZED)
        try:
            state, code = await self._store.register(lambda known: known.apply(asked))
        except TooManyGuesses:
            response = _refuse("too-many", HTTPStatus.TOO_MANY_REQUESTS)
            response.headers["Retry-After"] = "600"
            return response
        if state == "accepted":
            return answer(Decision(state, command_key=CommandKey(OUR_KEY, self._own.public_key)))
        return answer(Decision("revoked" if state == "replaced" else state, code))

    async def get_boxes(self, _: web.Request) -> web.Response:
        return answer(await self._store.register(Register.boxes))

    async def post_box(self, request: web.Request) -> web.Response:
        device = request.match_info["device"]
        try:
            word = msgspec.json.decode(await request.read(), type=Word)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return _refuse("bad-request", HTTPStatus.BAD_REQUEST)
        if not await self._store.register(
            lambda known: known.decide(device, word.state, word.branch)
        ):
            return _refuse("not-found", HTTPStatus.NOT_FOUND)
        return answer(word)

    async def post_claim(self, request: web.Request) -> web.Response:
        try:
            wish = msgspec.json.decode(await request.read(), type=Wish)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return _refuse("bad-request", HTTPStatus.BAD_REQUEST)
        return answer(Code(await self.new_claim(wish.branch)))

    async def new_claim(self, branch: str) -> str:
        """A code for a branch. Raises sqlite3.Error."""
        return await self._store.register(lambda known: known.new_claim(branch))


def _refuse(code: str, status: HTTPStatus, time: Signed | None = None) -> web.Response:
    return answer(Problem(code, ADVICE[code], time), status)
