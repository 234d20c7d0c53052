"""What a technician sets for a CRM that speaks the link."""

from ipaddress import ip_address
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from msgspec import Meta

from drivers.contract import Settings

_URL_WANTED = "write it like https://crm.example.com."
_MISCOPIED = "the token holds a space or a sign that no token has; copy it again from the CRM."


class LinkSettings(Settings, frozen=True, kw_only=True):
    """The CRM's base URL, and what lets the box in: a claim code, or a token if it asks for one."""

    url: Annotated[str, Meta(title="Address of the CRM", extra={"fa": "نشانی CRM"})]
    token: Annotated[
        str,
        Meta(title="Access token", extra={"fa": "توکن دسترسی", "secret": True}),
    ] = ""
    claim: Annotated[
        str,
        Meta(title="Claim code", extra={"fa": "کد واگذاری شعبه", "secret": True}),
    ] = ""

    def problems(self) -> list[tuple[str, str]]:
        """All that is wrong with the address, the token and the code; asks nobody."""
        found = [("url", wrong) for wrong in _url_problems(self.url)]
        if any(not "!" <= sign <= "~" for sign in self.token):
            found.append(("token", _MISCOPIED))
        if any(not (sign.isascii() and sign.isalnum()) and sign not in "- " for sign in self.claim):
            found.append(("claim", "a claim code has letters and digits only; copy it again."))
        return found

    @property
    def events_url(self) -> str:
        return self.url.rstrip("/") + "/v1/events"

    @property
    def enrol_url(self) -> str:
        return self.url.rstrip("/") + "/v1/enrol"


def _url_problems(url: str) -> list[str]:
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return [f"the address cannot be read; {_URL_WANTED}"]
    if parts.scheme not in ("http", "https") or not host:
        return [f"the address must begin with https:// and name a host; {_URL_WANTED}"]
    found = []
    if not _is_name(host):
        found.append(f"the address names a host that cannot be; {_URL_WANTED}")
    if any(not "!" <= sign <= "~" for sign in url):
        found.append(f"the address holds a space or a sign that no address has; {_URL_WANTED}")
    if "@" in parts.netloc:
        found.append("take the user name out of the address; access is by the token.")
    if parts.query or parts.fragment:
        found.append(f"the address must end before ? and #; {_URL_WANTED}")
    if parts.scheme == "http" and not _is_near(parts):
        found.append(
            "http:// sends every call in clear over the Internet; use https://"
            " (http:// is for an IP address of the office's own network)."
        )
    return found


def _is_name(host: str) -> bool:
    """Whether it can be asked for: no empty part between dots, none over 63 letters."""
    try:
        host.encode("idna")
    except UnicodeError:
        return False
    return True


def _is_near(parts: SplitResult) -> bool:
    """Whether the host is this box or has a private address. Names are not looked up."""
    if parts.hostname == "localhost":
        return True
    try:
        return ip_address(parts.hostname or "").is_private
    except ValueError:
        return False
