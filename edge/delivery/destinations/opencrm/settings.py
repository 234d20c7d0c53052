"""What a technician sets for a CRM that serves the OpenCRM form."""

from typing import Annotated

from msgspec import Meta

from drivers.contract import Settings
from edge.delivery.crm_address import address_problems

_PREFIX = "must be empty or a path such as /call, in plain letters, without a / at its end."


class OpenCrmSettings(Settings, frozen=True, kw_only=True):
    """Address, user and password where the CRM asks for them, keys of the telephony systems."""

    url: Annotated[
        str,
        Meta(
            title="Address of the CRM",
            extra={"fa": "نشانی CRM"},
            examples=["https://crm.example.com"],
        ),
    ]
    username: Annotated[str, Meta(title="User name", extra={"fa": "نام کاربری"})] = ""
    password: Annotated[str, Meta(title="Password", extra={"fa": "رمز عبور", "secret": True})] = ""
    prefix: Annotated[
        str,
        Meta(
            title="Path before CallCreated and the others; empty where there is none",
            extra={"fa": "مسیر پیش از CallCreated و بقیه؛ خالی اگر مسیری نیست"},
        ),
    ] = "/call"
    system_keys: Annotated[
        dict[str, Annotated[str, Meta(min_length=1, max_length=100)]],
        Meta(
            title="Key of the telephony system there, by device, where it is not its short name",
            extra={"fa": "کلید سیستم تلفنی در CRM برای هر دستگاه، اگر جز نام کوتاه دستگاه است"},
        ),
    ] = {}

    def problems(self) -> list[tuple[str, str]]:
        """All that is wrong with the address, the path and the user; asks nobody."""
        found = [("url", wrong) for wrong in address_problems(self.url)]
        parts = self.prefix.split("/")
        whole = all(part.isascii() and part.replace("-", "").isalnum() for part in parts[1:])
        if self.prefix and (parts[0] or not whole):
            found.append(("prefix", _PREFIX))
        if self.password and not self.username:
            found.append(("username", "is empty, but there is a password: write the user's name."))
        if ":" in self.username:
            found.append(("username", "must not hold a colon: HTTP Basic cannot carry it."))
        return found

    def system(self, device: str) -> str:
        """The key (TsKey) under which the CRM knows a device."""
        return self.system_keys.get(device, device)
