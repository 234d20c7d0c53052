"""Takes passwords and tokens out of a site's settings, for what leaves the box."""

from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from edge.site.secret_fields import harmless
from edge.site.site import Site

T = TypeVar("T", bound=Struct)


def without_secrets(site: Site) -> Site:
    """The same site; each secret has its default, or is empty where it has none."""
    return replace(
        site,
        device=tuple(replace(device, settings=_cleaned(device.settings)) for device in site.device),
        destination=tuple(
            replace(crm, settings=_cleaned(crm.settings), connection=_cleaned(crm.connection))
            for crm in site.destination
        ),
    )


def _cleaned(settings: T) -> T:
    return replace(settings, **harmless(type(settings)))
