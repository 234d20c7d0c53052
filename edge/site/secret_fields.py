"""Which settings are secret, and the mark that stands in site.toml for one that lies in the vault.

    token: Annotated[str, Meta(title="…", extra={"secret": True})]        token = "(in the vault)"

A secret is text; a marked one was checked before it was moved, and is not checked again.
"""

from functools import cache
from typing import get_type_hints

import msgspec
from msgspec import NODEFAULT, Meta, Struct

MARK = "(in the vault)"


@cache
def secret_fields(kind: type[Struct]) -> frozenset[str]:
    """The names of its secret fields, as they are written."""
    hints = get_type_hints(kind, include_extras=True)
    return frozenset(
        field.encode_name
        for field in msgspec.structs.fields(kind)
        for meta in getattr(hints[field.name], "__metadata__", ())
        if isinstance(meta, Meta) and (meta.extra or {}).get("secret")
    )


def harmless(kind: type[Struct]) -> dict[str, object]:
    """What to put in the place of its secrets: the default, or nothing where there is none."""
    return {
        field.name: "" if field.default is NODEFAULT else field.default
        for field in msgspec.structs.fields(kind)
        if field.encode_name in secret_fields(kind)
    }
