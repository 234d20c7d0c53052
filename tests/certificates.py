"""Certificates of every kind, made with cryptography, for real TLS servers in tests."""

import hashlib
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

DAY = timedelta(days=1)
YEARS = 3650 * DAY


@dataclass(frozen=True, slots=True)
class Shown:
    """What a server shows: its certificate and those behind it."""

    file: Path
    certificate: x509.Certificate

    @property
    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file)
        return context

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(self.certificate.public_bytes(Encoding.DER)).hexdigest()

    @property
    def key_fingerprint(self) -> str:
        key = self.certificate.public_key()
        der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return hashlib.sha256(der).hexdigest()


class Authority:
    """Signs certificates; its own lies in `file`."""

    def __init__(self, folder: Path, name: str = "made-up authority") -> None:
        self._folder = folder
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._above: list[x509.Certificate] = []
        now = datetime.now(UTC)
        own = _builder(self._name, self._name, self._key, now - YEARS, now + YEARS, authority=True)
        self._own = own.sign(self._key, hashes.SHA256())
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(self._own.public_bytes(Encoding.PEM))

    def below(self, begin: timedelta, end: timedelta) -> "Authority":
        """An authority that this one vouches for, in force between these, from now."""
        made = Authority(self._folder, "in between")
        now = datetime.now(UTC)
        built = _builder(made._name, self._name, made._key, now + begin, now + end, authority=True)
        made._above = [built.sign(self._key, hashes.SHA256())]
        return made

    def shows(
        self, name: str = "localhost", begin: timedelta = -DAY, end: timedelta = 30 * DAY
    ) -> Shown:
        """A server's certificate for a name or IP address, in force between these, from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "made-up")])
        built = _builder(subject, self._name, key, now + begin, now + end, authority=False)
        built = built.add_extension(x509.SubjectAlternativeName([_general(name)]), critical=False)
        certificate = built.sign(self._key, hashes.SHA256())
        file = self._folder / f"{certificate.serial_number}.pem"
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        chain = [each.public_bytes(Encoding.PEM) for each in (certificate, *self._above)]
        file.write_bytes(b"".join([secret, *chain]))
        return Shown(file, certificate)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    begin: datetime,
    end: datetime,
    *,
    authority: bool,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
