"""What a technician sets for a caller-ID box."""

from typing import Annotated

from msgspec import Meta

from drivers.callerid.profiles import PROFILES
from drivers.telephony import TelephonySettings

DEFAULT_PROFILE = "segal-c"


class CallerIdSettings(TelephonySettings, frozen=True, kw_only=True):
    """Settings of one unit. profile: one of PROFILES, or a file in the data directory."""

    profile: Annotated[
        str,
        Meta(
            pattern=r"^[a-z0-9][a-z0-9-]{0,39}$",
            title="Profile: what the unit says, and how",
            description="a name of a-z, 0-9 and -, such as segal-c",
            extra={
                "fa": "پروفایل دستگاه",
                "said": "نامی از حروف کوچک انگلیسی، رقم و خط تیره؛ مانند `segal-c`",
                "choices": tuple(PROFILES),
            },
        ),
    ] = DEFAULT_PROFILE
    quiet_seconds: (
        Annotated[
            float,
            Meta(
                ge=3,
                le=120,
                title="Seconds after the last ring until a call is missed (the profile's)",
                extra={"fa": "چند ثانیه پس از آخرین زنگ، تماس بی‌پاسخ است"},
            ),
        ]
        | None
    ) = None
