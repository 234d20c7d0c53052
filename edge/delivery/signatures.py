"""Requests signed after RFC 9421, and what a CRM signs for us.

    Content-Digest: sha-256=:ewvX…:
    Signature-Input: payvand=("@method" "@authority" "@path" "@query" "content-digest");
        created=1795308674;keyid="5e1f00c0ffee#1";nonce="7.12.0b5e55ed"
    Signature: payvand=:sfV8…:

What is signed is the text of RFC 9421, section 2.5: a line for each component, the last one holds
the parameters. http-message-signatures makes the lines that say whom a request goes to, once for
each address; digest, time and nonce come new to each request. All of it by the library takes six
times as long as Ed25519.

A CRM signs a few bytes of JSON, which come beside their signature as base64.
"""

import hashlib
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from msgspec import Struct

from edge.delivery.identity import Identity

COVERED = ("@method", "@authority", "@path", "@query", "content-digest")
LABEL = "payvand"
_TO_WHOM = COVERED[:-1]
_COVERED = "({})".format(" ".join(f'"{name}"' for name in COVERED))
_ADDRESSES = 8
"""More than a CRM has, but for the query of the orders, which is new with each order."""


class Signed(Struct, frozen=True):
    """payload: JSON. keyid: the CRM's name of its key. signature: Ed25519 over the payload."""

    payload: bytes
    keyid: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class _Request:
    """A request as http-message-signatures looks at one."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)


class Signer:
    """Signs one connection's requests. Importing what it takes is heavy: make it in a thread.

    nonce, created: of the last request signed.
    """

    def __init__(self, identity: Identity, box: str) -> None:
        from http_message_signatures import HTTPMessageSigner
        from http_message_signatures.algorithms import ED25519

        self.keyid = f"{box}#{identity.number}"
        self.nonce = ""
        self.created = datetime.fromtimestamp(0, UTC)
        self._identity = identity
        self._library = HTTPMessageSigner(signature_algorithm=ED25519)
        self._to_whom = lru_cache(_ADDRESSES)(self._lines)

    def headers(self, method: str, url: str, body: bytes, created: datetime) -> dict[str, str]:
        """The three headers for a request. url: as it goes out, percent-encoded."""
        self.nonce, self.created = self._identity.nonce(), created
        digest = f"sha-256={_bytes(hashlib.sha256(body).digest())}"
        known_by = f'keyid="{self.keyid}";nonce="{self.nonce}"'
        parameters = f"{_COVERED};created={int(created.timestamp())};{known_by}"
        lines = self._to_whom(method, url)
        text = f'{lines}"content-digest": {digest}\n"@signature-params": {parameters}'
        signature = self._identity.private_key.sign(text.encode())
        return {
            "Content-Digest": digest,
            "Signature-Input": f"{LABEL}={parameters}",
            "Signature": f"{LABEL}={_bytes(signature)}",
        }

    def _lines(self, method: str, url: str) -> str:
        """The lines of a signature before that of the digest."""
        prepared = self._library.prepare(
            _Request(method, url), key_id=self.keyid, covered_component_ids=_TO_WHOM
        )
        return prepared.signature_base.decode().rpartition('"@signature-params"')[0]


def _bytes(value: bytes) -> str:
    """As structured fields write them (RFC 8941)."""
    return f":{b64encode(value).decode()}:"


def is_signed_by(public_key: bytes, signed: Signed) -> bool:
    """Whether this key made the signature."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signed.signature, signed.payload)
    except (InvalidSignature, ValueError):
        return False
    return True
