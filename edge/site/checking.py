"""Checks a table from a settings file against a Struct type and tells all mistakes at once.

`msgspec.convert` stops at the first mistake, hence every field is converted by itself:

    {"modle": …, "codes": [9]}  ─▶  settings.modle     is not known: did you mean "model"?
                                    settings.codes[0]  must be text in quotes, not a whole number
                                    settings.model     is missing

No value is repeated in a message, unless the type lists the values that it may have: a value
elsewhere may be a password.
"""

import difflib
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Struct

from edge.site.secret_fields import MARK, secret_fields

Problems = list[tuple[str, str]]
"""(path of the field, what is wrong and what to do)."""

T = TypeVar("T", bound=Struct)

LONGEST_TEXT = 64

_WORDS = {
    "str": "text in quotes",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list in [ ]",
    "object": "a table in { }",
    "null": "nothing",
}
_PLACE = re.compile(r" - at `\$.*`$")
_TYPES = re.compile(r"`(?P<names>[a-z]+(?: \| [a-z]+)*)`")


def check_table(kind: type[T], table: object, field: str) -> tuple[T | None, Problems]:
    """Read `table` as a `kind`. Returns None for it only together with problems.

    When every mistake is in a field that has a default, what `problems()` of the type finds about
    the other fields is told as well. A secret that lies in the vault has the mark for a value.
    """
    if not isinstance(table, Mapping):
        return None, [(field, f"must be a table in {{ }}, not {_named(table)}")]
    values, problems = _values(kind, table, field)
    wrong = {path for path, _ in problems}
    wrong |= {f"{field}.{key}" for key in _in_vault(kind, table)}
    try:
        made = kind(**values)
    except TypeError:
        return None, problems
    for name, message in getattr(made, "problems", list)():
        path = f"{field}.{name}" if name else field
        if path not in wrong:
            problems.append((path, message))
    return (None if problems else made), problems


@dataclass(frozen=True, slots=True)
class TableReader:
    """Takes the fields out of one table by name; each mistake goes to `problems` with its path.

    A method returns None where it found a mistake.
    """

    table: Mapping[str, object]
    path: str
    problems: Problems

    def wrong(self, key: str, message: str) -> None:
        self.problems.append((f"{self.path}.{key}" if self.path else key, message))

    def only(self, *known: str) -> None:
        for key in self.table:
            if key not in known:
                self.wrong(key, f"is not known: {suggestion(key, known)}")

    def text(self, key: str) -> str | None:
        """A text of 1 to 64 characters that can be shown in one line."""
        value = self.table.get(key)
        if key not in self.table:
            self.wrong(key, f'is missing: write {key} = "…"')
        elif not isinstance(value, str):
            self.wrong(key, f"must be text in quotes, not {_named(value)}")
        elif not 1 <= len(value) <= LONGEST_TEXT:
            self.wrong(key, f"must have 1 to {LONGEST_TEXT} characters, not {len(value)}")
        elif any(unicodedata.category(sign) == "Cc" for sign in value):
            self.wrong(key, "must be one line without control characters")
        else:
            return value
        return None

    def choice(self, key: str, known: Collection[str]) -> str | None:
        value = self.text(key)
        if value is None or value in known:
            return value
        self.wrong(key, f'"{value}" is not known: {suggestion(value, known)}')
        return None

    def entries(self, key: str) -> Sequence[object]:
        """The tables written under `[[key]]`, none if there are none."""
        value = self.table.get(key, ())
        if isinstance(value, Sequence) and not isinstance(value, str):
            return value
        self.wrong(key, f"must be a list of tables: write [[{key}]] above each")
        return ()


def suggestion(word: str, known: Iterable[str]) -> str:
    """What to write instead of an unknown word: the nearest, or all that are known."""
    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=1)
    listed = f"known are {', '.join(names)}"
    return f'did you mean "{near[0]}"? {listed}' if near else listed


def _in_vault(kind: type[Struct], table: Mapping[str, object]) -> set[str]:
    """Secrets that were checked before they were moved."""
    return {key for key in secret_fields(kind) if table.get(key) == MARK}


def _values(
    kind: type[Struct], table: Mapping[str, object], field: str
) -> tuple[dict[str, Any], Problems]:
    fields = msgspec.structs.fields(kind)
    known = [entry.encode_name for entry in fields]
    problems: Problems = [
        (f"{field}.{key}", f"is not known: {suggestion(key, known)}")
        for key in table
        if key not in known
    ]
    values: dict[str, Any] = {}
    for entry in fields:
        path = f"{field}.{entry.encode_name}"
        if entry.encode_name in _in_vault(kind, table):
            values[entry.name] = MARK
        elif entry.encode_name in table:
            value = table[entry.encode_name]
            mistakes = _mistakes(value, entry.type, path)
            problems += mistakes
            if not mistakes:
                values[entry.name] = msgspec.convert(value, entry.type)
        elif entry.default is NODEFAULT and entry.default_factory is NODEFAULT:
            problems.append((path, f"is missing{_choice(entry.type, ': it must be one of ')}"))
    return values, problems


def _mistakes(value: object, kind: object, path: str) -> Problems:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        inner = _inner(kind)
        if isinstance(value, list) and inner is not None:
            found = [_mistakes(part, inner, f"{path}[{at}]") for at, part in enumerate(value)]
        elif isinstance(value, dict) and inner is not None:
            found = [_mistakes(part, inner, f"{path}.{key}") for key, part in value.items()]
        else:
            found = []
        return [mistake for part in found for mistake in part] or [
            (path, _explained(str(error), kind, value))
        ]
    return []


def _explained(text: str, kind: object, value: object) -> str:
    text = _PLACE.sub("", text)
    if text.startswith("Invalid enum value"):
        return f'"{value}" is not known: {suggestion(str(value), map(str, _choices(kind)))}'
    text = _TYPES.sub(lambda found: _words(found["names"]), text)
    text = text.replace("Expected ", "must be ").replace(", got ", ", not ")
    return text.replace(" matching regex ", " of the form ")


def _inner(kind: object) -> object:
    """The type of what a list or table of `kind` holds; None when it holds nothing."""
    if get_origin(kind) in (tuple, list, dict):
        return next(part for part in reversed(get_args(kind)) if part is not Ellipsis)
    # Annotated and unions: what they are about is among their arguments.
    return next((inner for part in get_args(kind) if (inner := _inner(part)) is not None), None)


def _words(names: str) -> str:
    parts = [name for name in names.split(" | ") if name != "null"]
    return " or ".join(_WORDS.get(name, name) for name in parts or ["null"])


def _named(value: object) -> str:
    kinds = ((bool, "bool"), (str, "str"), (int, "int"), (float, "float"), (list, "array"))
    return next((_WORDS[word] for kind, word in kinds if isinstance(value, kind)), "a date or time")


def _choices(kind: object) -> list[object]:
    if get_origin(kind) is Literal:
        return list(get_args(kind))
    return [choice for part in get_args(kind) for choice in _choices(part)]


def _choice(kind: object, lead: str) -> str:
    choices = _choices(kind)
    return lead + ", ".join(map(str, choices)) if choices else ""


def non_defaults(record: Struct) -> dict[str, Any]:
    """The table to write for `record`: only what differs from its default."""
    return {
        entry.encode_name: msgspec.to_builtins(value)
        for entry in msgspec.structs.fields(record)
        if (value := getattr(record, entry.name)) is not None and value != _default(entry)
    }


def _default(entry: msgspec.structs.FieldInfo) -> object:
    if entry.default_factory is not NODEFAULT:
        return entry.default_factory()
    return entry.default
