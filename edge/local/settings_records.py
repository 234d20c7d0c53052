"""Settings as they cross the socket: forms to draw, values without secrets, and changes.

A value here is what TOML can hold: text, numbers, true and false, lists, tables. A secret is never
told, only whether it is set.
"""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

from edge.local.issue import Words

FieldKind = Literal[
    "text", "number", "yes-no", "choice", "list", "table", "secret", "name", "lines"
]
"""list: of texts, numbers or choices, by `of`. table: of texts, with any names, or `of` names.
name: what people call something, in their own letters and digits. lines: of a text, several."""

Values = dict[str, Any]

UNNAMED = "new box"
"""The name of a branch until somebody has given it one."""


class Field(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One setting. optional: it may be left out and then has `default`.

    choices: what a choice, or an entry of a list, can be; a text or number with choices is
    one of them.
    least, most: of a number, or how long a text is. pattern: a regular expression for a text.
    example: what one may look like. hint: what to write, where the title does not tell it.
    """

    name: str
    title: Words
    kind: FieldKind
    of: FieldKind | None = None
    optional: bool = False
    default: Any = None
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    pattern: str | None = None
    example: str = ""
    hint: Words | None = None


class Form(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """name: a driver, a kind of CRM, a form of link, or a part of a CRM's settings."""

    name: str
    title: Words
    fields: tuple[Field, ...]
    commands: tuple[str, ...] = ()


class Forms(Struct, frozen=True, kw_only=True):
    """All that can be set. parts: `forwarding`, `connection` and `wanted`, of every CRM alike.

    site: `history`, `wire` and `commands`, of the whole box. feeds: of any device.
    """

    drivers: tuple[Form, ...]
    links: tuple[Form, ...]
    kinds: tuple[Form, ...]
    parts: tuple[Form, ...]
    site: tuple[Form, ...]
    feeds: Form


class DeviceShown(Struct, frozen=True, kw_only=True):
    """secrets: the names of its secret settings that are set; they are not in `settings`."""

    key: str
    driver: str
    link: Values
    settings: Values
    secrets: tuple[str, ...] = ()
    commands: dict[str, int] = {}
    feeds: Values = {}


class DestinationShown(Struct, frozen=True, kw_only=True):
    """secrets: as for a device, `connection.proxy_password` among them."""

    name: str
    kind: str
    settings: Values
    forwarding: Values = {}
    connection: Values = {}
    wanted: Values = {}
    secrets: tuple[str, ...] = ()


class SettingsShown(Struct, frozen=True, kw_only=True):
    """revision: to be given back with a change, so that nobody changes what he has not seen."""

    revision: str
    name: str
    timezone: str
    history: Values
    wire: Values
    commands: Values
    devices: tuple[DeviceShown, ...]
    destinations: tuple[DestinationShown, ...]


class DeviceChange(Struct, frozen=True, kw_only=True):
    """A whole device. A secret that is not in `settings` stays as it is, "" takes it away."""

    revision: str
    key: str
    driver: str
    link: Values
    settings: Values = {}
    commands: dict[str, int] = {}
    feeds: Values = {}


class DestinationChange(Struct, frozen=True, kw_only=True):
    """A whole CRM. A secret that is left out stays, unless the address changes."""

    revision: str
    name: str
    kind: str
    settings: Values = {}
    forwarding: Values = {}
    connection: Values = {}
    wanted: Values = {}


class SiteChange(Struct, frozen=True, kw_only=True):
    """What concerns the whole branch; what is None stays."""

    revision: str
    name: str | None = None
    timezone: str | None = None
    history: Values | None = None
    wire: Values | None = None
    commands: Values | None = None


class Removal(Struct, frozen=True):
    revision: str


class Changed(Struct, frozen=True):
    """revision: of the settings as they are now."""

    revision: str


def table_of(change: DeviceChange | DestinationChange) -> Mapping[str, Any]:
    """As it stands in site.toml: without the revision, and without tables that are empty."""
    fields = {name: getattr(change, name) for name in change.__struct_fields__}
    del fields["revision"]
    needed = ("link", "settings")
    return {name: value for name, value in fields.items() if value or name in needed}
