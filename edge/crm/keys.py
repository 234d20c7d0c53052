"""Who asks: RFC 9421 signatures of boxes; and our own key, for commands and the time.

    keyid   <box id>#<number of its key>
    nonce   <starts>.<count>.<run>    starts of the box, requests since, and a word for this start

Nothing here decides whether a key is known; boxes.py does.
"""

import hashlib
import re
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

KEY_FILE = "command.key"
COVERED = ("@method", "@authority", "@path", "@query", "content-digest")
KEY_ID = re.compile(r'keyid="([0-9a-f]{12}#[1-9][0-9]{0,8})"')
NONCE = re.compile(r"([1-9][0-9]{0,17})\.([1-9][0-9]{0,17})\.([0-9a-f]{8})")


class Signed(Struct, frozen=True):
    """payload: JSON. keyid: our name of our key. signature: Ed25519 over the payload."""

    payload: bytes
    keyid: str
    signature: bytes


class SignedTime(Struct, frozen=True):
    """Our clock, for the request with this nonce. held: seconds for which it waited here."""

    time: datetime
    nonce: str
    held: float


class OwnKey:
    """Made once, in a file that only its owner may read. Raises OSError, ValueError."""

    def __init__(self, folder: Path) -> None:
        path = folder / KEY_FILE
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            replace_file(path, Ed25519PrivateKey.generate().private_bytes_raw())
        self._private = Ed25519PrivateKey.from_private_bytes(path.read_bytes())
        self.public = self._private.public_key().public_bytes_raw()
        self.id = hashlib.sha256(self.public).hexdigest()[:8]

    def sign(self, payload: bytes) -> Signed:
        return Signed(payload, self.id, self._private.sign(payload))

    def time(self, nonce: str, held: float = 0.0) -> Signed:
        return self.sign(msgspec.json.encode(SignedTime(datetime.now(UTC), nonce, held)))


OWN_KEY = web.AppKey("own_key", OwnKey)
SENDER = web.RequestKey("sender", str)
"""The id of the box that signed a request; absent where boxes are not known by their keys."""


class Proof(Struct, frozen=True):
    """What a good signature says besides. skew: seconds by which its time differs from ours."""

    nonce: str
    starts: int
    count: int
    run: str
    skew: float


class _Verifier(HTTPMessageVerifier):
    max_clock_skew = timedelta(days=36500)  # a wrong time is told in other words than a wrong key


def named_key(request: web.Request) -> str:
    """The key that the request names; empty where it names none."""
    found = KEY_ID.search(request.headers.get("Signature-Input", ""))
    return found[1] if found else ""


def proof(request: web.Request, body: bytes, keyid: str, public_key: bytes) -> Proof | None:
    """What the signature over request and body tells; None where it is not by this key."""
    try:
        key = Ed25519PublicKey.from_public_bytes(public_key)
        keys = MappingKeyResolver(public_keys={keyid: key}, private_keys={})
        verifier = _Verifier(signature_algorithm=ED25519, key_resolver=keys)
        [result] = verifier.verify(request, require_components=COVERED, body=body)
    except (InvalidSignature, ValueError):
        return None
    if (nonce := NONCE.fullmatch(result.nonce or "")) is None:
        return None
    skew = int(result.parameters["created"]) - datetime.now(UTC).timestamp()
    return Proof(nonce[0], int(nonce[1]), int(nonce[2]), nonce[3], skew)
