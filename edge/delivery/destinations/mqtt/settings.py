"""What a technician sets for a broker of MQTT 5."""

import re
import ssl
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from msgspec import Meta

from drivers.contract import Settings
from edge.delivery.host import is_name, is_near

TLS_PORT, CLEAR_PORT = 8883, 1883
_URL_WANTED = "write it like mqtts://broker.example.com."
_MISCOPIED = "holds a sign that cannot be typed; copy it again."
_LONGEST_PREFIX = 200
_CLIENT_ID = re.compile(r"[0-9A-Za-z._-]{0,64}")


class MqttSettings(Settings, frozen=True, kw_only=True):
    """The broker, who we are there, and where our events go."""

    url: Annotated[
        str,
        Meta(
            title="Address of the broker",
            extra={"fa": "نشانی کارگزار پیام"},
            examples=["mqtts://broker.example.com"],
        ),
    ]
    username: Annotated[str, Meta(title="User name", extra={"fa": "نام کاربری"})] = ""
    password: Annotated[str, Meta(title="Password", extra={"fa": "رمز عبور", "secret": True})] = ""
    topic_prefix: Annotated[
        str, Meta(title="First part of the topics", extra={"fa": "بخش نخست موضوع‌ها"})
    ] = "payvand"
    client_id: Annotated[
        str,
        Meta(
            title="Client id, if the broker asks for a certain one",
            extra={"fa": "شناسه کلاینت، اگر کارگزار شناسه خاصی می‌خواهد"},
        ),
    ] = ""
    ca: Annotated[
        str,
        Meta(
            title="Certificate of the own authority (PEM), if not a public one",
            extra={"fa": "گواهی مرجع صدور داخلی (PEM)، اگر مرجع عمومی نیست", "of": "lines"},
        ),
    ] = ""
    await_subscriber: Annotated[
        bool,
        Meta(
            title="Keep the events until somebody is subscribed",
            extra={"fa": "نگه‌داشتن رویدادها تا وقتی که مشترکی وجود داشته باشد"},
        ),
    ] = True

    def problems(self) -> list[tuple[str, str]]:
        """All that is wrong with them; asks nobody."""
        found = [("url", wrong) for wrong in _url_problems(self.url)]
        if self.password and not self.username:
            found.append(("username", "is missing beside the password: write the user's name."))
        words = (("username", self.username), ("password", self.password))
        found += [(field, _MISCOPIED) for field, word in words if not word.isprintable()]
        found += [("topic_prefix", wrong) for wrong in _prefix_problems(self.topic_prefix)]
        if not _CLIENT_ID.fullmatch(self.client_id):
            found.append(("client_id", "must be at most 64 of 0-9, A-Z, a-z, dot, _ and -"))
        if self.ca and not self.url.startswith("mqtts:"):
            found.append(("ca", "is for an address that begins with mqtts://"))
        elif self.ca and not _is_certificate(self.ca):
            found.append(("ca", "is no certificate: paste the whole file that begins with -----"))
        return found

    @property
    def is_tls(self) -> bool:
        return urlsplit(self.url).scheme == "mqtts"

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or (TLS_PORT if self.is_tls else CLEAR_PORT)


def _url_problems(url: str) -> list[str]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return [f"the address cannot be read; {_URL_WANTED}"]
    if parts.scheme not in ("mqtt", "mqtts") or not host or port == 0:
        return [f"the address must begin with mqtts:// and name a host; {_URL_WANTED}"]
    found = _excess(parts)
    if not is_name(host):
        found.append(f"the address names a host that cannot be; {_URL_WANTED}")
    if any(not "!" <= sign <= "~" for sign in url):
        found.append(f"the address holds a space or a sign that no address has; {_URL_WANTED}")
    if parts.scheme == "mqtt" and not is_near(host):
        found.append(
            "mqtt:// sends every call in clear over the Internet; use mqtts://"
            " (mqtt:// is for an IP address of the office's own network)."
        )
    return found


def _excess(parts: SplitResult) -> list[str]:
    found = []
    if "@" in parts.netloc:
        found.append("take the user name out of the address; it has a field of its own.")
    if parts.path.strip("/") or parts.query or parts.fragment:
        found.append("the address must end after host and port; topics have a field of their own.")
    return found


def _prefix_problems(prefix: str) -> list[str]:
    if not prefix or not all(prefix.split("/")) or len(prefix) > _LONGEST_PREFIX:
        return ["must be one or more words between slashes, such as payvand or acme/branches"]
    if any(sign in "+#$" or not sign.isprintable() for sign in prefix):
        return ["must hold none of + # $: a broker gives them a meaning of its own"]
    return []


def _is_certificate(text: str) -> bool:
    try:
        ssl.create_default_context(cadata=text)
    except (ssl.SSLError, ValueError):
        return False
    return True
