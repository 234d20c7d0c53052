"""How a destination is reached: which certificate to trust, and through which proxy.

    [destination.connection]
    pinned = "sha256 of the certificate or of its public key"      or     ca_file = "/…/ca.pem"
    proxy = "http://192.168.1.1:3128"

Without any of it: straight on, and the authorities that the system trusts. Checking opens nothing.
"""

import re
from pathlib import PurePosixPath
from typing import Annotated
from urllib.parse import urlsplit

from msgspec import Meta

from drivers.contract import Settings

_FINGERPRINT = re.compile(r"(?:sha256:)?([0-9a-f]{64})")


class Connection(Settings, frozen=True, kw_only=True):
    """The same for every destination that speaks HTTP."""

    pinned: Annotated[
        str | None,
        Meta(
            title="Fingerprint (SHA-256) of the CRM's certificate or public key",
            extra={"fa": "اثر انگشت (SHA-256) گواهی یا کلید عمومی CRM"},
        ),
    ] = None
    ca_file: Annotated[
        str | None,
        Meta(
            title="File with the office's own certificate authority",
            extra={"fa": "فایل مرجع صدور گواهی خود شرکت"},
        ),
    ] = None
    proxy: Annotated[
        str | None,
        Meta(title="Proxy, such as http://192.168.1.1:3128", extra={"fa": "نشانی پروکسی"}),
    ] = None
    proxy_user: Annotated[
        str, Meta(title="User name at the proxy", extra={"fa": "نام کاربری پروکسی"})
    ] = ""
    proxy_password: Annotated[
        str,
        Meta(title="Password at the proxy", extra={"fa": "رمز عبور پروکسی", "secret": True}),
    ] = ""

    @property
    def fingerprint(self) -> bytes | None:
        """The pinned one; None where there is none."""
        found = _FINGERPRINT.fullmatch(_bare(self.pinned or ""))
        return bytes.fromhex(found[1]) if found else None

    def problems(self) -> list[tuple[str, str]]:
        """See Settings."""
        found = []
        if self.pinned is not None and self.fingerprint is None:
            found.append(("pinned", "must be the 64 digits (0-9, a-f) of a SHA-256 fingerprint"))
        if self.ca_file is not None and not PurePosixPath(self.ca_file).is_absolute():
            found.append(
                ("ca_file", "must be the full path of a PEM file, such as /etc/payvand/ca.pem")
            )
        if self.pinned is not None and self.ca_file is not None:
            found.append(("ca_file", "is not needed beside a pinned certificate: keep one of them"))
        if self.proxy is not None and not _is_proxy(self.proxy):
            found.append(("proxy", "must be like http://192.168.1.1:3128, without user name"))
        if self.proxy is None and (self.proxy_user or self.proxy_password):
            found.append(("proxy", "is missing, but there is a user name or password for it"))
        if ":" in self.proxy_user:
            found.append(("proxy_user", "cannot hold a colon: HTTP cannot send such a name"))
        return found


def _bare(text: str) -> str:
    """A fingerprint as openssl and browsers show it, without what they put in between."""
    lower = text.strip().lower().replace(" ", "")
    head, _, rest = lower.partition(":")
    return rest.replace(":", "") if head == "sha256" else lower.replace(":", "")


def _is_proxy(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _port = parts.port
    except ValueError:
        return False
    plain = not parts.path.strip("/") and not parts.query and not parts.fragment
    return parts.scheme == "http" and bool(parts.hostname) and plain and "@" not in parts.netloc
