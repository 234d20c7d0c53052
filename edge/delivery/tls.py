"""Whom to believe at the other end of TLS, also on a box that does not know what day it is.

    pinned        the certificate, or its key, is the one: authority, name and dates do not matter
    clock right   OpenSSL checks chain, name and dates as usual, with the system's roots or own ones
    clock wrong   OpenSSL checks chain and name; the dates of the whole chain we check ourselves
                  against the time that the CRM told, before anything of ours is sent (http_client)

A box without a battery starts in 1970, where every certificate is of the future; in +400 days they
have all expired. It must ask somebody for the time, and who answers says it over TLS whose dates
cannot be checked yet. Who could abuse that? Somebody on the way with a certificate for the CRM's
own name, from an authority that the box trusts, and its key: that is what chain and name demand. A
certificate in force he could use against any box with a right clock too. What he gains is an
expired one, stolen long ago: he can claim a day on which it was in force, down to the release of
this program, and the box believes it until the kernel's clock is set. So a box should have a time
server, which ends this mode, or a pinned certificate, which has no dates; and a CRM that enrolled
the box tells the time in a signed answer (destinations/link/enrolment.py). Revocation is checked in
no mode, as in most programs.

The kernel's word decides (adjtimex): a clock that only seems right may be 400 days off.
"""

import asyncio
import hashlib
import hmac
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from time import monotonic

from edge.delivery.connection import Connection
from edge.delivery.destination import NotAllowed
from edge.intake.clock import is_synchronized
from edge.intake.peer_time import EARLIEST, PeerTime

_NO_CHECK_TIME = ssl.VerifyFlags(0x200000)
"""X509_V_FLAG_NO_CHECK_TIME of <openssl/x509_vfy.h>; Python has no name for it."""

Check = Callable[[ssl.SSLObject], None]


class WrongDates(ssl.SSLCertVerificationError):
    """A certificate of the chain is not in force at the time that is known."""


class NotPinned(ssl.SSLCertVerificationError):
    """It is another certificate than the one in the settings."""


@dataclass(frozen=True, slots=True)
class _Window:
    """When all certificates of a chain are in force: seconds since 1970."""

    begin: float
    end: float


class Trust:
    """The TLS of one destination. now: the time of day, None while nobody knows it."""

    def __init__(self, connection: Connection, now: Callable[[], datetime | None]) -> None:
        self._connection = connection
        self._now = now
        self._usual: ssl.SSLContext | None = None
        self._dateless: ssl.SSLContext | None = None
        self._window: _Window | None = None
        self._offset: float | None = None

    async def context(self) -> ssl.SSLContext:
        """For the next request. Raises NotAllowed where the settings' file is none."""
        try:
            if self._usual is None:
                self._usual = await asyncio.to_thread(self._make_usual)
            if self._connection.fingerprint or is_synchronized():
                return self._usual
            if self._dateless is None:
                self._dateless = await asyncio.to_thread(self._make_dateless)
        except (OSError, ValueError) as error:
            raise NotAllowed(
                "no authority",
                f"{self._connection.ca_file} is no file with certificates in PEM: correct `ca_file`"
                " of the destination's connection.",
            ) from error
        return self._dateless

    @property
    def must_ask(self) -> bool:
        """Whether the dates cannot be checked before somebody tells the time."""
        dated = self._connection.fingerprint is not None or is_synchronized()
        return not dated and self._time() is None

    def hear(self, heard: PeerTime) -> None:
        """Take the time from who answered. Raises WrongDates where his certificate belies it."""
        said = heard.said.timestamp()
        if self._window is None or not self._window.begin <= said <= self._window.end:
            raise WrongDates("the time told is not in the certificate's dates")
        if said < EARLIEST:
            raise WrongDates("the time told is before this program was made")
        self._offset = said - heard.received

    def _time(self) -> float | None:
        if (now := self._now()) is not None:
            return now.timestamp()
        return None if self._offset is None else monotonic() + self._offset

    def _make_usual(self) -> ssl.SSLContext:
        if self._connection.fingerprint is None:
            own = self._connection.ca_file
            return ssl.create_default_context(cafile=own) if own else of_the_system()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return _checked(context, self._check_pin)

    def _make_dateless(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self._connection.ca_file)
        context.verify_flags |= _NO_CHECK_TIME
        return _checked(context, self._check_dates)

    def _check_pin(self, tls: ssl.SSLObject) -> None:
        shown = tls.getpeercert(binary_form=True) or b""
        pinned = self._connection.fingerprint or b""
        if not any(hmac.compare_digest(pinned, each) for each in _fingerprints(shown)):
            raise NotPinned("not the pinned certificate")

    def _check_dates(self, tls: ssl.SSLObject) -> None:
        self._window = _window(tls)
        now = self._time()
        if now is not None and not self._window.begin <= now <= self._window.end:
            raise WrongDates("not in force now")


@cache
def of_the_system() -> ssl.SSLContext:
    """With the system's authorities, one for all CRMs: they take a megabyte. Leave it as it is."""
    return ssl.create_default_context()


def _checked(context: ssl.SSLContext, check: Check) -> ssl.SSLContext:
    """Whoever fails the check fails the handshake: nothing was sent to him."""

    class Checked(ssl.SSLObject):
        def do_handshake(self) -> None:
            super().do_handshake()
            check(self)

    context.sslobject_class = Checked
    return context


def _window(tls: ssl.SSLObject) -> _Window:
    # Public from Python 3.13 on, and there as bare DER.
    chain = tls._sslobj.get_verified_chain()  # type: ignore[attr-defined]  # noqa: SLF001 - see above
    told = [certificate.get_info() for certificate in chain]
    return _Window(
        max(ssl.cert_time_to_seconds(each["notBefore"]) for each in told),
        min(ssl.cert_time_to_seconds(each["notAfter"]) for each in told),
    )


def _fingerprints(certificate: bytes) -> list[bytes]:
    """SHA-256 of a certificate and of its public key."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from cryptography.x509 import load_der_x509_certificate

    key = load_der_x509_certificate(certificate).public_key()
    parts = (certificate, key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    return [hashlib.sha256(part).digest() for part in parts]
