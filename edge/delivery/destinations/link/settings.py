"""What a technician sets for a CRM that speaks the link."""

from typing import Annotated

from msgspec import Meta

from drivers.contract import Settings
from edge.delivery.crm_address import address_problems

_MISCOPIED = "the token holds a space or a sign that no token has; copy it again from the CRM."


class LinkSettings(Settings, frozen=True, kw_only=True):
    """The CRM's base URL, and the token if it asks for one."""

    url: Annotated[str, Meta(title="Address of the CRM", extra={"fa": "نشانی CRM"})]
    token: Annotated[
        str,
        Meta(title="Access token", extra={"fa": "توکن دسترسی", "secret": True}),
    ] = ""

    def problems(self) -> list[tuple[str, str]]:
        """All that is wrong with the address and the token; asks nobody."""
        found = [("url", wrong) for wrong in address_problems(self.url)]
        if any(not "!" <= sign <= "~" for sign in self.token):
            found.append(("token", _MISCOPIED))
        return found

    @property
    def events_url(self) -> str:
        return self.url.rstrip("/") + "/v1/events"
