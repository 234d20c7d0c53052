"""Takes passwords and tokens out of a site's settings, for what leaves the box.

A field is secret where its type says so: Meta(extra={"secret": True}).
"""

from typing import TypeVar, get_type_hints

import msgspec
from msgspec import NODEFAULT, Meta, Struct

from edge.site import Site

T = TypeVar("T", bound=Struct)


def without_secrets(site: Site) -> Site:
    """The same site; each secret has its default, or is empty where it has none."""
    return msgspec.structs.replace(
        site,
        device=tuple(_settings_cleaned(device) for device in site.device),
        destination=tuple(_settings_cleaned(destination) for destination in site.destination),
    )


def _settings_cleaned(entry: T) -> T:
    settings = getattr(entry, "settings")  # noqa: B009 - of Device and Destination alike
    harmless = {
        field.name: "" if field.default is NODEFAULT else field.default
        for field in msgspec.structs.fields(settings)
        if field.name in _secret_fields(type(settings))
    }
    return msgspec.structs.replace(entry, settings=msgspec.structs.replace(settings, **harmless))


def _secret_fields(kind: type[Struct]) -> set[str]:
    hints = get_type_hints(kind, include_extras=True)
    return {
        name
        for name, hint in hints.items()
        for meta in getattr(hint, "__metadata__", ())
        if isinstance(meta, Meta) and (meta.extra or {}).get("secret")
    }
