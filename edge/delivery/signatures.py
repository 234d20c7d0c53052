"""Requests signed after RFC 9421, and what a CRM signs for us.

    Content-Digest: sha-256=:ewvX…:
    Signature-Input: payvand=("@method" "@authority" "@path" "@query" "content-digest");
        created=1795308674;keyid="5e1f00c0ffee#1";nonce="7.12.0b5e55ed"
    Signature: payvand=:sfV8…:

What is signed is the text of RFC 9421, section 2.5: a line for each component, the last one holds
the parameters. The reference CRM and the tests verify with http-message-signatures; on the box the
library would take 1.4 MB, and six times as long as Ed25519.

A CRM signs a few bytes of JSON, which come beside their signature as base64.
"""

import hashlib
from base64 import b64encode
from datetime import UTC, datetime
from urllib.parse import urlsplit

from msgspec import Struct

from edge.delivery.identity import Identity

COVERED = ("@method", "@authority", "@path", "@query", "content-digest")
LABEL = "payvand"
_COVERED = "({})".format(" ".join(f'"{name}"' for name in COVERED))
_USUAL_PORTS = {"http": ":80", "https": ":443"}
"""Left out of an authority (RFC 9421, section 2.2.3)."""


class Signed(Struct, frozen=True):
    """payload: JSON. keyid: the CRM's name of its key. signature: Ed25519 over the payload."""

    payload: bytes
    keyid: str
    signature: bytes


class Signer:
    """Signs one connection's requests. nonce, created: of the last request signed."""

    def __init__(self, identity: Identity, box: str) -> None:
        self.keyid = f"{box}#{identity.number}"
        self.nonce = ""
        self.created = datetime.fromtimestamp(0, UTC)
        self._identity = identity

    def headers(self, method: str, url: str, body: bytes, created: datetime) -> dict[str, str]:
        """The three headers for a request. url: as it goes out, percent-encoded."""
        self.nonce, self.created = self._identity.nonce(), created
        digest = f"sha-256={_bytes(hashlib.sha256(body).digest())}"
        known_by = f'keyid="{self.keyid}";nonce="{self.nonce}"'
        parameters = f"{_COVERED};created={int(created.timestamp())};{known_by}"
        text = (
            f"{_to_whom(method, url)}\n"
            f'"content-digest": {digest}\n'
            f'"@signature-params": {parameters}'
        )
        signature = self._identity.private_key.sign(text.encode())
        return {
            "Content-Digest": digest,
            "Signature-Input": f"{LABEL}={parameters}",
            "Signature": f"{LABEL}={_bytes(signature)}",
        }


def _to_whom(method: str, url: str) -> str:
    """The lines before that of the digest (RFC 9421, sections 2.2.1, 2.2.3, 2.2.6 and 2.2.7)."""
    parts = urlsplit(url)
    authority = parts.netloc.lower().removesuffix(_USUAL_PORTS[parts.scheme])
    return (
        f'"@method": {method}\n'
        f'"@authority": {authority}\n'
        f'"@path": {parts.path or "/"}\n'
        f'"@query": ?{parts.query}'
    )


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
