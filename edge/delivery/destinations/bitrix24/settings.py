"""What a technician sets for Bitrix24."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from msgspec import Meta

from drivers.contract import Settings
from edge.delivery.crm_address import address_problems

_PATH = re.compile(r"/rest/[0-9]+/[A-Za-z0-9]+/?")
_WANTED = (
    "is no inbound webhook: in Bitrix24 open Developer resources, add an inbound webhook with the"
    " permissions telephony and crm, and copy its address up to the second / behind /rest/, such as"
    " https://company.bitrix24.com/rest/1/a1b2c3d4e5f6g7h8/."
)


class Bitrix24Settings(Settings, frozen=True, kw_only=True):
    """The inbound webhook, and who stands for an extension that no user there has."""

    url: Annotated[
        str,
        Meta(
            title="Address of the inbound webhook",
            extra={"fa": "نشانی وب‌هوک ورودی", "secret": True},
            examples=["https://company.bitrix24.com/rest/1/a1b2c3d4e5f6g7h8/"],
        ),
    ]
    default_user: Annotated[
        int,
        Meta(
            ge=1,
            title="Number (ID) of the user for calls whose extension no user has",
            extra={"fa": "شناسه کاربر برای تماس‌هایی که داخلی آن‌ها کاربری ندارد"},
        ),
    ]
    crm_create: Annotated[
        bool,
        Meta(
            title="Make a lead or contact of an unknown number",
            extra={"fa": "ساختن سرنخ یا مخاطب برای شماره ناشناس"},
        ),
    ] = False

    def problems(self) -> list[tuple[str, str]]:
        """All that is wrong with the address, which is itself the secret; asks nobody."""
        found = [("url", wrong) for wrong in address_problems(self.url)]
        if not found and not _PATH.fullmatch(urlsplit(self.url).path):
            found.append(("url", _WANTED))
        return found

    def method(self, name: str) -> str:
        """The address of a method of the REST interface."""
        return f"{self.url.rstrip('/')}/{name}.json"
