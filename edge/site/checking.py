"""Checks a table from a settings file against a Struct type and tells all mistakes at once.

`msgspec.convert` stops at the first mistake, hence every field is converted by itself:

    {"modle": …, "codes": [9]}  ─▶  settings.modle     is not known: did you mean "model"?
                                    settings.codes[0]  must be text, not a whole number: …
                                    settings.model     is missing

A sentence serves who edits the file and who fills in a form. What a pattern allows is told in the
plain words of its Meta, in both languages:

    Meta(pattern="^[0-9*#]{1,6}$", description="1 to 6 digits …", extra={"said": "۱ تا ۶ رقم …"})

No value is repeated in a message, unless the type lists the values that it may have: a value
elsewhere may be a password.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Meta, Struct

from edge.site.secret_fields import MARK, secret_fields

T = TypeVar("T", bound=Struct)

LONGEST_TEXT = 64


class Problem(Struct, frozen=True):
    """One mistake: the path of its field, and what is wrong and what to do.

    persian: the same in Persian where the type of the field tells it; elsewhere
    edge.local.persian_problems knows it.
    """

    field: str
    message: str
    persian: str = ""

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


Problems = list[Problem]

_WORDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
    "null": "nothing",
}
_IN_THE_FILE = {
    "str": "write it in quotes",
    "array": "write it in [ ]",
    "object": "write it in { }",
}
"""A form gives these kinds by itself."""
_PLACE = re.compile(r" - at `\$.*`$")
_TYPES = re.compile(r"`(?P<names>[a-z]+(?: \| [a-z]+)*)`")


def check_table(kind: type[T], table: object, field: str) -> tuple[T | None, Problems]:
    """Read `table` as a `kind`. Returns None for it only together with problems.

    When every mistake is in a field that has a default, what `problems()` of the type finds about
    the other fields is told as well. A secret that lies in the vault has the mark for a value.
    """
    if not isinstance(table, Mapping):
        return None, [Problem(field, _not("a table", table, "object"))]
    values, problems = _values(kind, table, field)
    wrong = {problem.field for problem in problems}
    wrong |= {f"{field}.{key}" for key in _in_vault(kind, table)}
    try:
        made = kind(**values)
    except TypeError:
        return None, problems
    for name, message in getattr(made, "problems", list)():
        path = f"{field}.{name}" if name else field
        if path not in wrong:
            problems.append(Problem(path, message))
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
        self.problems.append(Problem(f"{self.path}.{key}" if self.path else key, message))

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
            self.wrong(key, _not("text", value, "str"))
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
    from difflib import get_close_matches

    names = sorted(known)
    near = get_close_matches(word, names, n=1)
    listed = f"known are {', '.join(names)}" if names else "there is none yet"
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
        Problem(f"{field}.{key}", f"is not known: {suggestion(key, known)}")
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
            among = _choice(entry.type, ": it must be one of ")
            problems.append(Problem(path, f"is missing{among}"))
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
            _explained(path, str(error), kind, value)
        ]
    return []


def _explained(path: str, text: str, kind: object, value: object) -> Problem:
    text = _PLACE.sub("", text)
    metas = _metas(kind)
    if text.startswith("Invalid enum value"):
        known = suggestion(str(value), map(str, _choices(kind)))
        return Problem(path, f'"{value}" is not known: {known}')
    if "matching regex" in text:
        said = next(each for each in metas if each.description)
        persian = (said.extra or {})["said"]
        return Problem(path, f"must be {said.description}", f"این‌گونه بنویسید: {persian}.")
    if "of length" in text:
        return Problem(path, f"must have {_bounds(metas)} characters")
    found = _TYPES.search(text)
    names = found["names"] if found else ""
    wanted = _words(names)
    if names.startswith(("int", "float")):
        wanted = f"{wanted} {_bounds(metas)}".rstrip()
    return Problem(path, _not(wanted, value, names) if ", got " in text else f"must be {wanted}")


def _not(wanted: str, value: object, name: str) -> str:
    """What it must be, and how the file says that."""
    how = _IN_THE_FILE.get(name.removesuffix(" | null"))
    return f"must be {wanted}, not {_named(value)}" + (f": {how}" if how else "")


def _metas(kind: object) -> list[Meta]:
    """All that is said of a type itself, and not of what it holds."""
    if get_origin(kind) in (tuple, list, dict):
        return []
    own = [part for part in getattr(kind, "__metadata__", ()) if isinstance(part, Meta)]
    return own + [meta for part in get_args(kind) for meta in _metas(part)]


def _bounds(metas: Iterable[Meta]) -> str:
    """Of a number or a length: `from 1 to 8`, `1 or more`; empty where there are none."""
    for meta in metas:
        if meta.ge is not None:
            return (
                f"from {meta.ge} to {meta.le}" if meta.le is not None else f"of {meta.ge} or more"
            )
        if meta.min_length is not None:
            return f"{meta.min_length} to {meta.max_length}" if meta.max_length else "1 or more"
    return ""


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
    if isinstance(value, float):
        return "a fraction"
    kinds = ((bool, "bool"), (str, "str"), (int, "int"), (list, "array"))
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
