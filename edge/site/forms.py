"""Forms for settings, made of the types that check them: one place for names, titles and bounds.

Annotated[int, Meta(ge=1, le=3650, title="Days …", extra={"fa": "…"})]  ─▶  Field, a number
"""

import sys
from collections.abc import Iterable, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import NODEFAULT, Meta, Struct
from msgspec.structs import FieldInfo

import drivers.catalog
import edge.delivery.destinations.catalog
from drivers.wire.address import BAUDS, CONTROL_LINES, DEFAULT_BAUD, DEFAULT_FORMAT
from edge.commands.box_commands import BoxCommands
from edge.delivery.connection import Connection
from edge.delivery.restraint import Forwarding
from edge.delivery.wanted import Wanted
from edge.journal.records import History
from edge.local.issue import Words, titled
from edge.local.persian import with_samples
from edge.local.settings_records import Field, FieldKind, Form, Forms
from edge.site.feeds import Feeds
from edge.site.secret_fields import secret_fields
from edge.wire.settings import Wire


def forms() -> Forms:
    """Of every driver, link and kind of CRM. Imports them all."""
    kinds = edge.delivery.destinations.catalog
    return Forms(
        drivers=tuple(_driver(name) for name in drivers.catalog.NAMES),
        links=_LINKS,
        kinds=tuple(
            Form(
                name=name,
                title=titled(kinds.spec(name).titles),
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
        site=(
            Form(
                name="history",
                title=Words("Events that every CRM has", "رویدادهایی که همه CRMها گرفته‌اند"),
                fields=fields(History),
            ),
            Form(
                name="wire",
                title=Words("What the devices sent", "داده خام دستگاه‌ها"),
                fields=fields(Wire),
            ),
            Form(
                name="commands",
                title=Words(
                    "What a CRM may order the box itself",
                    "آنچه CRM می‌تواند به خود دستگاه فرمان دهد",
                ),
                fields=fields(BoxCommands),
            ),
        ),
        feeds=Form(
            name="feeds",
            title=Words("Its lines go on to an exchange", "خط‌های آن به سانترال می‌رود"),
            fields=fields(Feeds),
        ),
    )


def fields(kind: type[Struct]) -> tuple[Field, ...]:
    """Of a settings type, in its order."""
    hints = get_type_hints(kind, include_extras=True)
    return tuple(
        _field(each, hints[each.name], secret=each.encode_name in secret_fields(kind))
        for each in msgspec.structs.fields(kind)
    )


def _driver(name: str) -> Form:
    spec = drivers.catalog.spec(name)
    return Form(
        name=name,
        title=titled(spec.titles),
        fields=fields(spec.settings),
        commands=tuple(spec.commands),
    )


def _field(entry: FieldInfo, hint: object, *, secret: bool) -> Field:
    type_, metas = _bare(hint)
    title = next((each for each in metas if each.title), None)
    extra = (title.extra if title else None) or {}
    inner, inner_metas = _bare(get_args(type_)[0]) if _kind(type_) == "list" else (None, [])
    return Field(
        name=entry.encode_name,
        title=_titled(entry.encode_name, title),
        kind="secret" if secret else _kind(type_),
        of=_kind(inner) if inner is not None else extra.get("of"),
        optional=not entry.required,
        default=None if secret else msgspec.to_builtins(_default(entry)),
        choices=tuple(extra.get("choices", ())) or _choices(type_) or _choices(inner),
        least=_first(metas, "ge", "gt", "min_length"),
        most=_first(metas, "le", "lt", "max_length"),
        example=next((str(each.examples[0]) for each in metas if each.examples), ""),
        pattern=next((each.pattern for each in (*metas, *inner_metas) if each.pattern), None),
        hint=_hint((*metas, *inner_metas)),
    )


def _bare(hint: object) -> tuple[object, list[Meta]]:
    """The type without what is said of it and without `| None`, and what is said."""
    metas: list[Meta] = []
    while True:
        if get_origin(hint) is Annotated:
            hint, *said = get_args(hint)
            metas += [each for each in said if isinstance(each, Meta)]
        elif get_origin(hint) in (Union, UnionType):
            hint = next(each for each in get_args(hint) if each is not NoneType)
        else:
            return hint, metas


def _kind(type_: object) -> FieldKind:
    origin = get_origin(type_) or type_
    if origin is bool:
        return "yes-no"
    if origin in (int, float):
        return "number"
    if origin is Literal:
        return "choice"
    if origin in (dict, Mapping):
        return "table"
    return "list" if origin in (tuple, list) else "text"


def _choices(type_: object) -> tuple[str, ...]:
    return tuple(map(str, get_args(type_))) if get_origin(type_) is Literal else ()


def _titled(name: str, meta: Meta | None) -> Words:
    title = (meta.title if meta else None) or name
    return Words(title, ((meta.extra if meta else None) or {}).get("fa", title))


def _hint(metas: Iterable[Meta]) -> Words | None:
    """What is told too of a value that does not fit; see edge.site.checking."""
    for each in metas:
        if each.description:
            english = each.description[:1].upper() + each.description[1:]
            return Words(f"{english}.", with_samples(f"{(each.extra or {})['said']}."))
    return None


def _default(entry: FieldInfo) -> object:
    if entry.default_factory is not NODEFAULT:
        return entry.default_factory()
    return None if entry.default is NODEFAULT else entry.default


def _first(metas: list[Meta], *names: str) -> float | None:
    found: list[Any] = [getattr(meta, name) for meta in metas for name in names]
    return next((each for each in found if each is not None), None)


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
        title=Words(
            "Line format: data bits, parity, stop bits", "قالب خط: بیت داده، توازن، بیت پایان"
        ),
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
        fields=(
            Field(name="serial", title=Words("Port", "درگاه"), kind="text", example="/dev/ttyUSB0"),
            *_SPEED,
        ),
    ),
    Form(
        name="tcp",
        title=Words("Network", "شبکه"),
        fields=(
            Field(
                name="tcp",
                title=Words("Address and port", "نشانی و شماره درگاه"),
                kind="text",
                example="192.168.1.20:2300",
            ),
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
                example="0403:6001",
            ),
            Field(name="path", title=Words("USB socket", "درگاه USB"), kind="text", optional=True),
            *_SPEED,
        ),
    ),
)


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(forms()))
