"""How much of what devices sent is kept on the disk."""

from typing import Annotated

from msgspec import Meta, Struct


class Wire(Struct, frozen=True, kw_only=True):
    """The bytes of all devices together; the oldest go first. Nothing is kept with 0 of either."""

    days: Annotated[
        int,
        Meta(
            ge=0,
            le=365,
            title="Days to keep what devices sent",
            extra={"fa": "روزهای نگهداری داده خام دستگاه‌ها"},
        ),
    ] = 7
    megabytes: Annotated[
        int,
        Meta(
            ge=0,
            le=10_000,
            title="Most megabytes of it",
            extra={"fa": "بیشترین حجم آن (مگابایت)"},
        ),
    ] = 50
