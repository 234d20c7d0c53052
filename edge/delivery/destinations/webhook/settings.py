"""What a technician sets for a receiver of webhooks."""

import base64
import binascii
from typing import Annotated

from msgspec import Meta

from drivers.contract import Settings
from edge.delivery.crm_address import address_problems

PREFIX = "whsec_"
_KEY_BYTES = range(24, 65)
_WANTED = (
    "is no secret of Standard Webhooks: it begins with whsec_ and is 32 to 88 letters and digits"
    " more; copy it again from the CRM."
)


class WebhookSettings(Settings, frozen=True, kw_only=True):
    """Address and secret. Both secrets sign as long as `old_secret` is there."""

    url: Annotated[
        str,
        Meta(
            title="Address of the webhook",
            extra={"fa": "نشانی وب‌هوک"},
            examples=["https://crm.example.com/calls"],
        ),
    ]
    secret: Annotated[
        str, Meta(title="Secret (whsec_…)", extra={"fa": "کلید امضا (whsec_…)", "secret": True})
    ]
    old_secret: Annotated[
        str,
        Meta(
            title="Secret until now, while the CRM changes to the new one",
            extra={"fa": "کلید امضای پیشین، تا زمانی که CRM کلید تازه را بپذیرد", "secret": True},
        ),
    ] = ""

    def problems(self) -> list[tuple[str, str]]:
        """All that is wrong with the address and the secrets; asks nobody."""
        base, _, _ = self.url.partition("?")  # a receiver may tell its senders apart there
        found = [("url", wrong) for wrong in address_problems(base)]
        if any(not "!" <= sign <= "~" for sign in self.url.removeprefix(base)):
            found.append(("url", "the address holds a space or a sign that no address has."))
        if not is_secret(self.secret):
            found.append(("secret", _WANTED))
        if self.old_secret and not is_secret(self.old_secret):
            found.append(("old_secret", _WANTED))
        return found

    @property
    def secrets(self) -> tuple[str, ...]:
        """Those that sign, the new one first."""
        return (self.secret, self.old_secret) if self.old_secret else (self.secret,)


def is_secret(text: str) -> bool:
    """Whether it is a secret that the standard allows: 24 to 64 bytes in base64."""
    if not text.startswith(PREFIX):
        return False
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return False
    return len(key) in _KEY_BYTES
