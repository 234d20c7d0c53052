"""What a CRM has signed: commands, and the time. Nothing else of its answer is believed.

    {"seq": 7, "payload": base64, "keyid": "…", "signature": base64}     signature: Ed25519, payload
                  └▶ {"id", "device": "/boxes/<box>/<device key>", "type", "args", "issued", "ttl"}

    Payvand-Time: <base64 of {"time", "held", "nonce"}> <keyid> <base64 of the signature>

TLS tells that the right server answers; only these signatures tell that the CRM's operator ordered
it. What is not signed with a pinned key, or is meant for another box, is a `Stray`: told to the
technician, and to the CRM as an alarm, but never answered as a command; whoever made it up would
otherwise choose for which command the CRM reads a result. `id` and `device` of a well signed
command are believed even where the rest cannot be read: then it is refused by name.
"""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Annotated

import msgspec
from msgspec import Meta, Raw, Struct

from edge.commands.source import Asked, CommandKeys

MOST_SECONDS = 86_400
"""The longest time to live: how long the inbox must know a command's id follows from it."""

_WRONG = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class Unreadable(Exception):
    """The answer is none of the link: not even the numbers of its commands can be read."""


class _Numbered(Struct, frozen=True):
    seq: Annotated[int, Meta(ge=1, lt=10**18)]


class _Signed(Struct, frozen=True):
    payload: bytes
    keyid: str
    signature: bytes


class _Addressed(Struct, frozen=True):
    id: Annotated[str, Meta(pattern=r"^[!-~]{1,64}$")]
    device: Annotated[str, Meta(pattern=r"^/boxes/[^/]+/[^/]+$")]


class _Payload(_Addressed, frozen=True):
    type: Annotated[str, Meta(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)*$", max_length=64)]
    issued: Annotated[datetime, Meta(tz=True)]
    ttl: Annotated[float, Meta(gt=0, le=MOST_SECONDS)]
    args: Raw = Raw(b"{}")


class _Time(Struct, frozen=True):
    time: Annotated[datetime, Meta(tz=True)]
    held: Annotated[float, Meta(ge=0)]
    nonce: str


@dataclass(frozen=True, slots=True)
class Order:
    """A command that the CRM signed for this box. issued, deadline: seconds since 1970, its time.

    device: the key after the box's id. wrong: why it cannot be executed, whatever is allowed.
    """

    id: str
    device: str
    type: str = ""
    args: bytes = b"{}"
    issued: float = 0.0
    deadline: float = 0.0
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class Stray:
    """What nobody may take for a command of ours. `why` quotes nothing of it."""

    why: str


@dataclass(frozen=True, slots=True)
class CrmTime:
    """The CRM's clock: so many seconds since 1970 ahead of our monotonic one, at the most."""

    ahead: float

    def now(self) -> float:
        """Seconds since 1970; never earlier than it is at the CRM."""
        return monotonic() + self.ahead


def read(item: Raw, keys: CommandKeys, box: str) -> tuple[int, Order | Stray]:
    """The number of one command of an answer, and what it is. Raises Unreadable."""
    try:
        seq = msgspec.json.decode(item, type=_Numbered).seq
    except _WRONG as error:
        raise Unreadable(str(error)) from error
    try:
        signed = msgspec.json.decode(item, type=_Signed)
    except _WRONG:
        return seq, Stray("it is not signed in the form of the link")
    if wrong := _unsigned(signed, keys):
        return seq, Stray(wrong)
    return seq, _order(signed.payload, box)


def read_time(asked: Asked, keys: CommandKeys, nonce: str) -> CrmTime | None:
    """The CRM's time, if it signed it for this very question; None otherwise.

    It was written no earlier than `held` seconds after we had asked: so much is sure of the way
    back, and the CRM's clock is taken to be ahead by the whole rest.
    """
    try:
        payload, keyid, signature = asked.signed_time.split(" ")
        parts = (base64.b64decode(part, validate=True) for part in (payload, signature))
        signed = _Signed(next(parts), keyid, next(parts))
        said = msgspec.json.decode(signed.payload, type=_Time)
    except (*_WRONG, ValueError, binascii.Error):
        return None
    if said.nonce != nonce or _unsigned(signed, keys):
        return None
    held = min(said.held, asked.received - asked.sent)
    return CrmTime(said.time.timestamp() - (asked.sent + held))


def _unsigned(signed: _Signed, keys: CommandKeys) -> str:
    """Why a signature cannot be believed; empty for a good one."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    key = keys.key(signed.keyid)
    if key is None:
        return "it is signed with a key that this box has not pinned"
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signed.signature, signed.payload)
    except InvalidSignature:
        return "its signature is wrong: it was altered, or another key made it"
    return ""


def _order(payload: bytes, box: str) -> Order | Stray:
    try:
        payload.decode()  # msgspec does not look into what it skips
        to = msgspec.json.decode(payload, type=_Addressed)
    except _WRONG:
        return Stray("it is signed, but does not tell its id and its device")
    if not to.device.startswith(f"/boxes/{box}/"):
        return Stray("it is signed for another box")
    device = to.device.rpartition("/")[2]
    try:
        told = msgspec.json.decode(payload, type=_Payload)
    except _WRONG as error:
        return Order(to.id, device, wrong=f"the command cannot be read: {error}")
    issued = told.issued.timestamp()
    return Order(to.id, device, told.type, bytes(told.args), issued, issued + told.ttl)
