"""Settings as fields of a form: both ways between what TOML can hold and what a page can.

    number   "9600" ⇄ 9600          list    "601, 602" ⇄ ["601", "602"]      (، ; and lines too)
    yes-no   on ⇄ true              table   "pbx1 = Branch" a line ⇄ {"pbx1": "Branch"}
    secret   never shown; empty keeps it, a tick takes it away

What is typed wrongly goes to the edge as text: it tells what is wrong, beside all other mistakes.
A field that may be left out and is empty is left out, and so is a choice that nobody made.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from edge.local.settings_records import Field, Values
from webui.digits import typed, written
from webui.form import Form

_BETWEEN = re.compile(r"[,،;؛\n]")
_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")
DROP = ".drop"
"""What is put behind a secret's name, for the tick that takes it away."""


def values(form: Form, fields: Iterable[Field], prefix: str) -> Values:
    """What a form says of these fields; each is `prefix` and its name there."""
    found: Values = {}
    for field in fields:
        name = prefix + field.name
        if field.kind == "secret":
            if form.exact(name) or form[name + DROP]:
                found[field.name] = form.exact(name)
        elif field.kind == "yes-no":
            found[field.name] = bool(form[name])
        elif field.kind == "table" and form[name]:
            found[field.name] = _table(form, name, field)
        elif form[name] or not (field.optional or field.choices):
            found[field.name] = _read(field, form[name])
    return found


def _read(field: Field, text: str) -> object:
    if field.kind == "number":
        return number(text)
    if field.kind == "list":
        parts = [part.strip() for part in _BETWEEN.split(text) if part.strip()]
        return [number(part) for part in parts] if field.of == "number" else parts
    if field.kind == "table":
        return {}
    return text.replace("\r\n", "\n") if field.of == "lines" else text


def _table(form: Form, name: str, field: Field) -> object:
    """What people call a thing stays as they write it; what it is called by is typed."""
    found: dict[str, str] = {}
    for row in form.exact(name).splitlines():
        key, _, value = row.partition("=")
        value = written(value) if field.of == "name" else typed(value)
        if not row.strip():
            continue
        if not typed(key) or not value or typed(key) in found:
            form.unread[name] = written(row)
            return form[name]
        found[typed(key)] = value
    return found


def number(text: str) -> int | float | str:
    """What was typed as a number; as text where it is none, or more than JSON and TOML can hold."""
    if not _NUMBER.fullmatch(text):
        return text
    return float(text) if "." in text else int(text)


def shown(settings: Mapping[str, Any], fields: Iterable[Field], prefix: str) -> dict[str, str]:
    """The fields of a form as the settings are now."""
    return {
        prefix + field.name: as_text(settings[field.name])
        for field in fields
        if field.kind != "secret" and settings.get(field.name) is not None
    }


def as_text(value: object) -> str:
    """A value as it stands in a field."""
    if isinstance(value, bool):
        return "on" if value else ""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return "\n".join(f"{name} = {each}" for name, each in value.items())
    return str(value)


def defaults(fields: Iterable[Field], prefix: str) -> dict[str, str]:
    """The fields of a form for something new."""
    return shown({field.name: field.default for field in fields}, fields, prefix)
