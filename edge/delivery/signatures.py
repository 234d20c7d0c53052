"""Requests signed after RFC 9421, and what a CRM signs for us.

    Content-Digest: sha-256=:ewvX…:
    Signature-Input: payvand=("@method" "@authority" "@path" "@query" "content-digest");
        created=1795308674;keyid="5e1f00c0ffee#1";nonce="7.12.0b5e55ed"
    Signature: payvand=:sfV8…:

A CRM signs a few bytes of JSON, which come beside their signature as base64.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from msgspec import Struct

from edge.delivery.identity import Identity

COVERED = ("@method", "@authority", "@path", "@query", "content-digest")
LABEL = "payvand"


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
        from http_message_signatures.resolvers import MappingKeyResolver

        self.keyid = f"{box}#{identity.number}"
        self.nonce = ""
        self.created = datetime.fromtimestamp(0, UTC)
        self._identity = identity
        self._signer = HTTPMessageSigner(
            signature_algorithm=ED25519,
            key_resolver=MappingKeyResolver(
                public_keys={}, private_keys={self.keyid: identity.private_key}
            ),
        )

    def headers(self, method: str, url: str, body: bytes, created: datetime) -> dict[str, str]:
        """The three headers for a request. url: as it goes out, percent-encoded."""
        self.nonce, self.created = self._identity.nonce(), created
        request = _Request(method, url)
        self._signer.sign(
            request,
            key_id=self.keyid,
            created=created,
            nonce=self.nonce,
            label=LABEL,
            include_alg=False,
            covered_component_ids=COVERED,
            body=body,
        )
        return request.headers


def is_signed_by(public_key: bytes, signed: Signed) -> bool:
    """Whether this key made the signature."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signed.signature, signed.payload)
    except (InvalidSignature, ValueError):
        return False
    return True
