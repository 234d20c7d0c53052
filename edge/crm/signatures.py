"""Who asks: RFC 9421 signatures of boxes, checked by http-message-signatures; and our own.

    keyid   <box id>#<number of its key>
    nonce   <starts>.<count>.<run>    starts of the box, requests since, and a word for this start

Nothing here decides whether a key is known; enrolment.py does.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from http_message_signatures import HTTPMessageVerifier, InvalidSignature
from http_message_signatures.algorithms import ED25519
from http_message_signatures.resolvers import MappingKeyResolver
from msgspec import Struct

from edge.durable_file import replace_file

COVERED = ("@method", "@authority", "@path", "@query", "content-digest")
KEY_ID = re.compile(r'keyid="(?P<box>[0-9a-f]{12})#(?P<number>[1-9][0-9]{0,8})"')
NONCE = re.compile(
    r"(?P<starts>[1-9][0-9]{0,17})\.(?P<count>[1-9][0-9]{0,17})\.(?P<run>[0-9a-f]{8})"
)
OUR_KEY = "crm#1"


class Signed(Struct, frozen=True):
    payload: bytes
    keyid: str
    signature: bytes


class SignedTime(Struct, frozen=True):
    time: datetime
    nonce: str


@dataclass(frozen=True, slots=True)
class KeyName:
    """What a request claims to be signed with."""

    box: str
    number: int


@dataclass(frozen=True, slots=True)
class Proof:
    """What a good signature says besides. skew: seconds by which its time differs from ours."""

    nonce: str
    starts: int
    count: int
    run: str
    skew: float


@dataclass(frozen=True, slots=True)
class _Message:
    method: str
    url: str
    headers: dict[str, str]


class _Verifier(HTTPMessageVerifier):
    max_clock_skew = timedelta(days=36500)  # a wrong time is told in other words than a wrong key


def key_name(request: web.Request) -> KeyName | None:
    """The key that the request names, None where it names none."""
    found = KEY_ID.search(request.headers.get("Signature-Input", ""))
    return KeyName(found["box"], int(found["number"])) if found else None


def proof(request: web.Request, body: bytes, name: KeyName, public_key: bytes) -> Proof | None:
    """What the signature over request and body tells; None where it is not by this key."""
    keyid = f"{name.box}#{name.number}"
    try:
        key = Ed25519PublicKey.from_public_bytes(public_key)
        keys = MappingKeyResolver(public_keys={keyid: key}, private_keys={})
        verifier = _Verifier(signature_algorithm=ED25519, key_resolver=keys)
        [result] = verifier.verify(_message(request), require_components=COVERED, body=body)
    except (InvalidSignature, ValueError):
        return None
    nonce = NONCE.fullmatch(result.nonce or "")
    if nonce is None:
        return None
    skew = int(result.parameters["created"]) - datetime.now(UTC).timestamp()
    return Proof(nonce[0], int(nonce["starts"]), int(nonce["count"]), nonce["run"], skew)


def _message(request: web.Request) -> _Message:
    lines: dict[str, str] = {}
    for name, value in request.headers.items():
        lines[name] = f"{lines[name]}, {value}" if name in lines else value
    return _Message(request.method, f"{request.scheme}://{request.host}{request.raw_path}", lines)


class OwnKey:
    """The key by which this CRM signs what it tells boxes to do, and the time."""

    def __init__(self, folder: Path) -> None:
        """Make it where there is none. Raises OSError."""
        path = folder / "command.key"
        if not path.exists():
            replace_file(path, Ed25519PrivateKey.generate().private_bytes_raw())
        self._private = Ed25519PrivateKey.from_private_bytes(path.read_bytes())

    @property
    def public_key(self) -> bytes:
        return self._private.public_key().public_bytes_raw()

    def sign(self, told: Struct) -> Signed:
        payload = msgspec.json.encode(told)
        return Signed(payload, OUR_KEY, self._private.sign(payload))

    def time(self, nonce: str) -> Signed:
        """Our time, for the request with this nonce."""
        return self.sign(SignedTime(datetime.now(UTC).replace(microsecond=0), nonce))
