"""What a CRM may order the box itself, and not one of its devices: the site's `[commands]`."""

from typing import Annotated

from msgspec import Meta

from drivers.contract import Settings
from edge.local.forgotten import FORGET


class BoxCommands(Settings, frozen=True, kw_only=True):
    """Each with the most that a CRM may order within an hour; 0 is not at all."""

    forget: Annotated[
        int,
        Meta(
            ge=0,
            le=100_000,
            title="Erasures of a person that a CRM may order within an hour",
            extra={"fa": "بیشترین فرمان پاک کردن یک شخص در ساعت از سوی CRM"},
        ),
    ] = 0

    @property
    def allowed(self) -> dict[str, int]:
        """By type; what is not named is refused."""
        return {FORGET: self.forget} if self.forget else {}
