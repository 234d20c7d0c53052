"""What we sign ourselves is, byte for byte, what http-message-signatures would have sent."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from http_message_signatures import HTTPMessageSigner, HTTPMessageVerifier
from http_message_signatures.algorithms import ED25519
from http_message_signatures.resolvers import MappingKeyResolver

from edge.delivery.identity import begin
from edge.delivery.signatures import COVERED, LABEL, Signer

_BOX = "5e1f00c0ffee"


@dataclass
class _Request:
    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)


@pytest.mark.parametrize(
    "url",
    [
        "https://crm.example.com/v1/events",
        "https://CRM.Example.com:443/v1/events",
        "http://crm.example.com:80",
        "https://[2001:db8::1]:8443/a%20b/v1/commands?after=7&wait=50",
        "https://crm.example.com/v1/commands?",
        "https://xn--mgba3a4f16a.ir/%D9%BE/v1/events?q=%22",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_signed_as_the_library_signs(tmp_path: Path, method: str, url: str) -> None:
    identity = begin(tmp_path / "identity.json")
    signer = Signer(identity, _BOX)
    keys = MappingKeyResolver(
        public_keys={signer.keyid: identity.private_key.public_key()},
        private_keys={signer.keyid: identity.private_key},
    )
    for body in (b"", b"[]", bytes(range(256)) * 40):  # twice from what the first one prepared
        created = datetime.now(UTC)
        headers = signer.headers(method, url, body, created)
        theirs = _Request(method, url)
        HTTPMessageSigner(signature_algorithm=ED25519, key_resolver=keys).sign(
            theirs,
            key_id=signer.keyid,
            created=created,
            nonce=signer.nonce,
            label=LABEL,
            include_alg=False,
            covered_component_ids=COVERED,
            body=body,
        )
        assert headers == theirs.headers
        HTTPMessageVerifier(signature_algorithm=ED25519, key_resolver=keys).verify(
            _Request(method, url, headers), require_components=COVERED, body=body
        )
