"""What a technician sets for a CRM that speaks the link."""

import base64
import unicodedata
from typing import Annotated

from msgspec import Meta

from drivers.contract import Settings
from edge.delivery.crm_address import address_problems

KEY_BYTES = 32
_NO_KEY = "this is no public key of 32 bytes in base64; copy the line again that the CRM shows."
_MISCOPIED = "the token holds a space or a sign that no token has; copy it again from the CRM."


class LinkSettings(Settings, frozen=True, kw_only=True):
    """The CRM's base URL, and what lets the box in: a claim code, or a token if it asks for one."""

    url: Annotated[
        str,
        Meta(
            title="Address of the CRM",
            extra={"fa": "نشانی CRM"},
            examples=["https://crm.example.com"],
        ),
    ]
    token: Annotated[
        str,
        Meta(
            title="Access token",
            description="what a CRM gives that has no claim codes",
            extra={
                "fa": "توکن دسترسی",
                "said": "توکنی که CRM بدون کد واگذاری می‌دهد",
                "secret": True,
            },
        ),
    ] = ""
    claim: Annotated[
        str,
        Meta(
            title="Claim code",
            description="what the CRM's operator gives once for this branch; it needs no token",
            extra={
                "fa": "کد واگذاری",
                "said": "کدی که مسئول CRM یک بار برای این شعبه می‌دهد؛ با آن توکن لازم نیست",
                "secret": True,
            },
        ),
    ] = ""
    command_keys: Annotated[
        dict[str, str],
        Meta(
            title="Public keys that the CRM signs its commands with, by their names",
            extra={"fa": "کلیدهای عمومی CRM برای امضای فرمان‌ها، با نامشان"},
        ),
    ] = {}

    def problems(self) -> list[tuple[str, str]]:
        """All that is wrong with the address, the token, the code and the keys; asks nobody."""
        found = [("url", wrong) for wrong in address_problems(self.url)]
        if any(not "!" <= sign <= "~" for sign in self.token):
            found.append(("token", _MISCOPIED))
        if any(not (sign.isascii() and sign.isalnum()) and sign not in "- " for sign in self.code):
            found.append(("claim", "a claim code has letters and digits only; copy it again."))
        for name, text in self.command_keys.items():
            if len(_key_bytes(text)) != KEY_BYTES:
                found.append((f"command_keys.{name}", _NO_KEY))
        return found

    @property
    def code(self) -> str:
        """The claim code as it was given out, by whichever keyboard's digits it was typed."""
        return "".join(str(unicodedata.digit(sign, sign)) for sign in self.claim)

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

    @property
    def receipts_url(self) -> str:
        return self.url.rstrip("/") + "/v1/receipts"

    @property
    def enrol_url(self) -> str:
        return self.url.rstrip("/") + "/v1/enrol"


def _key_bytes(text: str) -> bytes:
    """Empty where it is no base64."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""
