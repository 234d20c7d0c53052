"""The page's TLS certificate: self-signed, over a key that stays.

    KEYS/key.pem          EC P-256, 0600, made once
    KEYS/certificate.pem  made anew when the box's addresses change; the key, and so the
                          fingerprint that a person compares, stays

It is valid from a past day on, and for 20 years, because a box without a battery may believe it is
1970. `issue` runs in a process of its own (`python -m webui.certificate`), because what it imports
is large, and the page needs it once in months.
"""

import asyncio
import hashlib
import ipaddress
import os
import ssl
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from edge.durable_file import replace_file
from edge.errors import CommandFailed

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.x509 import Certificate, GeneralName

KEY = "key.pem"
CERTIFICATE = "certificate.pem"
CALLED = "called"
"""The names that the certificate holds, one a line."""
VALID_FROM = datetime(2020, 1, 1, tzinfo=UTC)
VALID_YEARS = 20
ISSUE_SECONDS = 60.0
ROUTER = "192.168.10.1"
"""A technician's way to a box that has no network yet; always in the certificate."""
_POINT = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
"""How the public key of every P-256 certificate begins (RFC 5480); 64 bytes follow."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What the listener needs, and what a person compares."""

    folder: Path

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the public key, as a person reads it: `3F:A2:…`."""
        der = ssl.PEM_cert_to_DER_cert((self.folder / CERTIFICATE).read_text(encoding="ascii"))
        start = der.index(_POINT)
        digest = hashlib.sha256(der[start : start + len(_POINT) + 64]).digest()
        return digest.hex(":").upper()

    def into(self, context: ssl.SSLContext) -> None:
        """New connections of the context use the certificate as it is now."""
        context.load_cert_chain(self.folder / CERTIFICATE, self.folder / KEY)


async def ready(folder: Path, names: list[str]) -> Keys:
    """The keys, with a certificate for these names and addresses. Raises CommandFailed."""
    called = "\n".join(names)
    if not await asyncio.to_thread(_is_for, folder, called):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "webui.certificate", str(folder), *names),
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(ISSUE_SECONDS):
            _, told = await process.communicate()
        if process.returncode:
            raise CommandFailed(
                f"cannot make the page's certificate in {folder}: let this user write there"
                f" ({told.decode(errors='replace').strip().rpartition(chr(10))[2]})"
            )
    return Keys(folder)


def _is_for(folder: Path, called: str) -> bool:
    try:
        there = (folder / CALLED).read_text(encoding="utf-8")
    except OSError:
        return False
    return there == called and (folder / KEY).exists() and (folder / CERTIFICATE).exists()


def issue(folder: Path, names: list[str]) -> None:
    """Write a certificate for `names`, over the key that is there or a new one."""
    from cryptography.hazmat.primitives.serialization import Encoding

    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = _key(folder / KEY)
    certificate = _certificate(key, names)
    replace_file(folder / CERTIFICATE, certificate.public_bytes(Encoding.PEM))
    replace_file(folder / CALLED, "\n".join(names).encode())


def _key(path: Path) -> "EllipticCurvePrivateKey":
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        load_pem_private_key,
    )

    if path.exists():
        key = load_pem_private_key(path.read_bytes(), None)
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return key
    made = ec.generate_private_key(ec.SECP256R1())
    replace_file(path, made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return made


def _certificate(key: "EllipticCurvePrivateKey", names: list[str]) -> "Certificate":
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.x509.oid import NameOID

    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    usage = x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH])
    return (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(VALID_FROM)
        .not_valid_after(VALID_FROM + timedelta(days=365.25 * VALID_YEARS))
        .add_extension(x509.SubjectAlternativeName([_name(each) for each in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=False)
        .sign(key, SHA256())
    )


def _name(text: str) -> "GeneralName":
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


if __name__ == "__main__":
    os.umask(0o077)
    issue(Path(sys.argv[1]), sys.argv[2:])
