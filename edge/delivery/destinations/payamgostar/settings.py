"""What a technician sets for PayamGostar."""

from typing import Annotated, Literal

from msgspec import Meta

from drivers.contract import Settings
from edge.delivery.crm_address import address_problems

LoginForm = Literal["auto", "v1", "v2"]


class PayamGostarSettings(Settings, frozen=True, kw_only=True):
    """Address, a user that nothing else uses, and the keys of the telephony systems there."""

    url: Annotated[
        str,
        Meta(
            title="Address of PayamGostar",
            extra={"fa": "نشانی پیام‌گستر"},
            examples=["https://crm.example.com"],
        ),
    ]
    username: Annotated[
        str,
        Meta(
            min_length=1,
            title="User name, of a user for this box alone",
            extra={"fa": "نام کاربری، کاربری فقط برای این دستگاه"},
        ),
    ]
    password: Annotated[
        str, Meta(min_length=1, title="Password", extra={"fa": "رمز عبور", "secret": True})
    ]
    login: Annotated[
        LoginForm,
        Meta(title="Login interface of this version", extra={"fa": "نسخه رابط ورود"}),
    ] = "auto"
    system_keys: Annotated[
        dict[str, Annotated[str, Meta(min_length=1, max_length=100)]],
        Meta(
            title="Key of the telephony system there, by device, where it is not its short name",
            extra={
                "fa": "کلید سیستم تلفنی در پیام‌گستر برای هر دستگاه، اگر جز نام کوتاه دستگاه است"
            },
        ),
    ] = {}

    def problems(self) -> list[tuple[str, str]]:
        """All that is wrong with the address; asks nobody."""
        return [("url", wrong) for wrong in address_problems(self.url)]

    def system(self, device: str) -> str:
        """The key (TsKey) under which PayamGostar knows a device."""
        return self.system_keys.get(device, device)
