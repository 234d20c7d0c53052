"""What a technician sets for a CRM that speaks the link."""

import base64
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from msgspec import Meta

from drivers.contract import Settings

_URL_WANTED = "write it like https://crm.example.com."
KEY_BYTES = 32
_NO_KEY = "this is no public key of 32 bytes in base64; copy the line again that the CRM shows."
_MISCOPIED = "the token holds a space or a sign that no token has; copy it again from the CRM."


class LinkSettings(Settings, frozen=True, kw_only=True):
    """The CRM's base URL, and the token if it asks for one."""

    url: Annotated[str, Meta(title="Address of the CRM", extra={"fa": "نشانی CRM"})]
    token: Annotated[
        str,
        Meta(title="Access token", extra={"fa": "توکن دسترسی", "secret": True}),
    ] = ""
    command_keys: Annotated[
        dict[str, str],
        Meta(
            title="Public keys that the CRM signs its commands with, by their names",
            extra={"fa": "کلیدهای عمومی CRM برای امضای فرمان‌ها، با نامشان"},
        ),
    ] = {}

    def problems(self) -> list[tuple[str, str]]:
        """All that is wrong with the address and the token; asks nobody."""
        found = [("url", wrong) for wrong in _url_problems(self.url)]
        if any(not "!" <= sign <= "~" for sign in self.token):
            found.append(("token", _MISCOPIED))
        for name, text in self.command_keys.items():
            if len(_key_bytes(text)) != KEY_BYTES:
                found.append((f"command_keys.{name}", _NO_KEY))
        return found

    def key(self, keyid: str) -> bytes | None:
        """See edge.commands.source.CommandKeys."""
        text = self.command_keys.get(keyid)
        return None if text is None else _key_bytes(text)

    @property
    def events_url(self) -> str:
        return self.url.rstrip("/") + "/v1/events"

    @property
    def commands_url(self) -> str:
        return self.url.rstrip("/") + "/v1/commands"


def _key_bytes(text: str) -> bytes:
    """Empty where it is no base64."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""


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
