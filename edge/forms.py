"""Forms for settings, made of the types that check them: one place for names, titles and bounds.

Annotated[int, Meta(ge=1, le=3650, title="Days …", extra={"fa": "…"})]  ─▶  Field, a number
"""

from typing import Any

import msgspec
from msgspec import NODEFAULT, Struct, inspect

import drivers.catalog
import edge.delivery.destinations.catalog
from drivers.wire.address import BAUDS, CONTROL_LINES, DEFAULT_BAUD, DEFAULT_FORMAT
from edge.delivery.connection import Connection
from edge.delivery.restraint import Forwarding
from edge.delivery.wanted import Wanted
from edge.journal.records import History
from edge.local.issue import Words
from edge.local.settings_records import Field, FieldKind, Form, Forms
from edge.secret_fields import secret_fields


def forms() -> Forms:
    """Of every driver, link and kind of CRM. Imports them all: slow, in a thread."""
    kinds = edge.delivery.destinations.catalog
    return Forms(
        drivers=tuple(_driver(name) for name in drivers.catalog.NAMES),
        links=_LINKS,
        kinds=tuple(
            Form(
                name=name,
                title=_words(kinds.spec(name).titles),
                fields=fields(kinds.spec(name).settings),
            )
            for name in kinds.NAMES
        ),
        parts=(
            Form(
                name="forwarding",
                title=Words("How the line is used", "استفاده از خط اینترنت"),
                fields=fields(Forwarding),
            ),
            Form(
                name="connection",
                title=Words("How the CRM is reached", "راه رسیدن به CRM"),
                fields=fields(Connection),
            ),
            Form(
                name="wanted",
                title=Words("What the CRM gets", "آنچه CRM دریافت می‌کند"),
                fields=fields(Wanted),
            ),
        ),
        history=Form(
            name="history",
            title=Words("How long events are kept", "مدت نگهداری رویدادها"),
            fields=fields(History),
        ),
    )


def fields(kind: type[Struct]) -> tuple[Field, ...]:
    """Of a settings type, in its order."""
    described = inspect.type_info(kind)
    assert isinstance(described, inspect.StructType)  # noqa: S101 - a Struct is one
    return tuple(_field(kind, each) for each in described.fields)


def _driver(name: str) -> Form:
    spec = drivers.catalog.spec(name)
    return Form(
        name=name,
        title=_words(spec.titles),
        fields=fields(spec.settings),
        commands=tuple(spec.commands),
    )


def _field(kind: type[Struct], entry: inspect.Field) -> Field:
    type_, title, choices = _bare(entry.type)
    optional = not entry.required
    default = None
    if entry.default is not NODEFAULT:
        default = entry.default
    elif entry.default_factory is not NODEFAULT:
        default = entry.default_factory()
    secret = entry.encode_name in secret_fields(kind)
    of, of_choices = _inside(type_)
    return Field(
        name=entry.encode_name,
        title=title or Words(entry.encode_name, entry.encode_name),
        kind="secret" if secret else _kind(type_),
        of=of,
        optional=optional,
        default=None if secret else msgspec.to_builtins(default),
        choices=choices or _choices(type_) or of_choices,
        least=_first(type_, "ge", "gt", "min_length"),
        most=_first(type_, "le", "lt", "max_length"),
        pattern=getattr(type_, "pattern", None),
    )


def _bare(type_: inspect.Type) -> tuple[inspect.Type, Words | None, tuple[str, ...]]:
    """Without what was said of it and without `| None`; its title and the choices named."""
    title: Words | None = None
    choices: tuple[str, ...] = ()
    while isinstance(type_, inspect.Metadata | inspect.UnionType):
        if isinstance(type_, inspect.Metadata):
            named = (type_.extra_json_schema or {}).get("title")
            extra = type_.extra or {}
            if named:
                title = Words(named, extra.get("fa", named))
            choices = tuple(extra.get("choices", choices))
            type_ = type_.type
        else:
            rest = [each for each in type_.types if not isinstance(each, inspect.NoneType)]
            type_ = rest[0]
    return type_, title, choices


def _kind(type_: inspect.Type) -> FieldKind:
    if isinstance(type_, inspect.BoolType):
        return "yes-no"
    if isinstance(type_, inspect.IntType | inspect.FloatType):
        return "number"
    if isinstance(type_, inspect.LiteralType | inspect.EnumType):
        return "choice"
    if isinstance(type_, inspect.DictType):
        return "table"
    if isinstance(type_, inspect.CollectionType):
        return "list"
    return "text"


def _inside(type_: inspect.Type) -> tuple[FieldKind | None, tuple[str, ...]]:
    """Of what a list is."""
    if not isinstance(type_, inspect.CollectionType):
        return None, ()
    inner, _, choices = _bare(type_.item_type)
    return _kind(inner), choices or _choices(inner)


def _choices(type_: inspect.Type) -> tuple[str, ...]:
    return tuple(map(str, type_.values)) if isinstance(type_, inspect.LiteralType) else ()


def _first(type_: inspect.Type, *names: str) -> float | None:
    found: list[Any] = [getattr(type_, name, None) for name in names]
    return next((each for each in found if each is not None), None)


def _words(titles: Any) -> Words:  # noqa: ANN401 - a mapping of texts by language
    return Words(titles.get("en", ""), titles.get("fa", titles.get("en", "")))


_SPEED = (
    Field(
        name="baud",
        title=Words("Speed", "سرعت"),
        kind="number",
        optional=True,
        default=DEFAULT_BAUD,
        choices=tuple(map(str, BAUDS)),
    ),
    Field(
        name="format",
        title=Words("Data bits, parity, stop bits", "بیت داده، توازن، بیت پایان"),
        kind="text",
        optional=True,
        default=DEFAULT_FORMAT,
        pattern="^[78][NEOMS][12]$",
    ),
    Field(
        name="hold",
        title=Words("Lines that hold the device back", "خط‌های نگه‌دارنده دستگاه"),
        kind="list",
        of="choice",
        optional=True,
        default=[],
        choices=CONTROL_LINES,
    ),
)
_LINKS = (
    Form(
        name="serial",
        title=Words("Serial port", "درگاه سریال"),
        fields=(Field(name="serial", title=Words("Port", "درگاه"), kind="text"), *_SPEED),
    ),
    Form(
        name="tcp",
        title=Words("Network", "شبکه"),
        fields=(
            Field(name="tcp", title=Words("Address and port", "نشانی و شماره درگاه"), kind="text"),
        ),
    ),
    Form(
        name="usb",
        title=Words("USB adapter", "مبدل USB"),
        fields=(
            Field(
                name="usb",
                title=Words("Vendor and product", "شناسه سازنده و محصول"),
                kind="text",
                pattern="^[0-9A-Fa-f]{4}:[0-9A-Fa-f]{4}$",
            ),
            Field(name="path", title=Words("USB socket", "درگاه USB"), kind="text", optional=True),
            *_SPEED,
        ),
    ),
)
