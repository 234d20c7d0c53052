r"""A technician's own profile: `profiles/NAME.toml` in the data directory.

    base = "segal-c"                     what is not written here is taken from it
    [semantics]
    quiet_seconds = 12
    [[rules]]                            tried before those of the base
    event = "caller_id"
    regex = 'LINE (?P<line>\d) NUM (?P<number>\d+)'

Everything that is wrong with it is told at once. A regex must not be able to take a frame apart in
very many ways: no repetition within a repetition, and few of them; frames are bounded besides.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import msgspec
from msgspec import Struct
from msgspec.structs import fields, replace

from drivers.callerid.profile import (
    GROUPS,
    NEEDED,
    Event,
    Framing,
    Profile,
    Rule,
    Semantics,
    SerialLine,
    UsbMatch,
)
from drivers.callerid.profiles import PROFILES
from drivers.callerid.settings import CallerIdSettings

FOLDER = "profiles"
MOST_REPETITIONS = 4
_PARTS: Mapping[str, type[Struct]] = {
    "framing": Framing,
    "semantics": Semantics,
    "serial": SerialLine,
    "match": UsbMatch,
}
_KEYS = ("base", "title", *_PARTS, "rules", "init")
_NO_LINE = {"device_in", "device_out", "info"}
_COUNT = re.compile(r"\{\d+\}")
_REPETITION = re.compile(r"[*+]|\{\d*,?\d*\}")


class ProfileWrong(ValueError):
    """A profile that cannot be used; `problems` are all that was found, as (field, advice)."""

    def __init__(self, name: str, problems: list[tuple[str, str]]) -> None:
        where = f"profile {name}"
        super().__init__("; ".join(f"{where}: {field}: {what}" for field, what in problems))
        self.problems = problems


def find_profile(name: str, folder: Path) -> Profile:
    """One of ours, or a file of the data directory. Raises ProfileWrong."""
    if name in PROFILES:
        return PROFILES[name]
    path = folder / FOLDER / f"{name}.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        advice = f"is not known: {_near(name, PROFILES)}, or write {path}"
        raise ProfileWrong(name, [("the name", advice)]) from None
    except OSError as error:
        advice = f"{path} cannot be read ({error.strerror}): make it a file that payvand may read"
        raise ProfileWrong(name, [("the file", advice)]) from error
    except (ValueError, RecursionError) as error:
        advice = f"{path} is no TOML: {error}"
        raise ProfileWrong(name, [("the file", advice)]) from error
    return check_profile(name, table)


def profile_problems(settings: CallerIdSettings, folder: Path) -> list[tuple[str, str]]:
    """See DriverSpec.files."""
    try:
        find_profile(settings.profile, folder)
    except ProfileWrong as wrong:
        found = wrong.problems
        return [("profile", f'"{settings.profile}": {field}: {what}') for field, what in found]
    return []


def check_profile(name: str, table: Mapping[str, Any]) -> Profile:
    """Make a profile of a file's table. Raises ProfileWrong with every mistake in it."""
    found: list[tuple[str, str]] = [
        (key, f"is not known: {_near(key, _KEYS)}") for key in table if key not in _KEYS
    ]
    base = _base(table, found)
    parts = {key: _part(kind, key, table, base, found) for key, kind in _PARTS.items()}
    rules = tuple(_rules(table.get("rules", []), found))
    title = table.get("title", base.title if base else name)
    if not isinstance(title, str):
        found.append(("title", "must be text in quotes"))
    init = _converted(tuple[tuple[str, ...], ...], table.get("init", ()), "init", found)
    _check_match(parts["match"], found)
    if not (rules or base or any(field.startswith("rules") for field, _ in found)):
        found.append(("rules", 'are missing: write [[rules]] with event and regex, or base = "…"'))
    if found:
        raise ProfileWrong(name, found)
    known: dict[str, Any] = {key: part for key, part in parts.items() if part is not None}
    if init:
        known["init"] = init
    if base is not None:
        return replace(
            base, id=name, title=title, confirmed=False, rules=(*rules, *base.rules), **known
        )
    return Profile(id=name, title=title, confirmed=False, rules=rules, **known)


def _base(table: Mapping[str, Any], found: list[tuple[str, str]]) -> Profile | None:
    name = table.get("base")
    if name is None or name in PROFILES:
        return PROFILES.get(name or "")
    found.append(("base", f'"{name}" is no profile of Payvand: {_near(str(name), PROFILES)}'))
    return None


def _part(
    kind: type[Struct],
    key: str,
    table: Mapping[str, Any],
    base: Profile | None,
    found: list[tuple[str, str]],
) -> Struct | None:
    """One table of the file, over what the base has there."""
    written = table.get(key, {})
    if not isinstance(written, Mapping):
        found.append((key, f"must be a table: write [{key}] above its lines"))
        return None
    types = {field.name: field.type for field in fields(kind)}
    found += [
        (f"{key}.{field}", f"is not known: {_near(field, types)}")
        for field in written
        if field not in types
    ]
    values = {
        field: _converted(types[field], value, f"{key}.{field}", found)
        for field, value in written.items()
        if field in types
    }
    return replace(getattr(base, key) if base else kind(), **values)


def _converted(kind: object, value: object, path: str, found: list[tuple[str, str]]) -> object:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        found.append((path, str(error).partition(" - at ")[0].replace("`", "")))
        return None


def _rules(written: object, found: list[tuple[str, str]]) -> Iterator[Rule]:
    if not isinstance(written, list):
        found.append(("rules", "must be a list of tables: write [[rules]] above each"))
        return
    for at, table in enumerate(written):
        path = f"rules[{at}]"
        if not isinstance(table, Mapping):
            found.append((path, "must be a table with event and regex"))
            continue
        found += [
            (f"{path}.{key}", f"is not known: {_near(key, ('event', 'regex'))}")
            for key in table
            if key not in {"event", "regex"}
        ]
        event, regex = table.get("event"), table.get("regex")
        if event not in get_args(Event):
            near = _near(str(event), get_args(Event))
            found.append((f"{path}.event", f'"{event}" is not known: {near}'))
        if not isinstance(regex, str):
            found.append((f"{path}.regex", "must be text in quotes: write it in '…'"))
        else:
            problems = [(f"{path}.regex", what) for what in _regex_problems(event, regex)]
            found += problems
            if event in get_args(Event) and not problems:
                yield msgspec.convert({"event": event, "regex": regex}, Rule)


def _regex_problems(event: object, regex: str) -> Iterator[str]:
    try:
        groups = re.compile(regex, re.ASCII).groupindex
    except (re.error, RecursionError, OverflowError) as error:
        yield f"is no regular expression: {error}"
        return
    for group in groups:
        if group not in GROUPS:
            yield f"has a group {group}, which is not known: {_near(group, GROUPS)}"
    needed = NEEDED.get(str(event), ())
    if needed and not any(group in groups for group in needed):
        yield f"needs a group (?P<{needed[0]}>…) to be a {event}"
    if (
        event in get_args(Event)
        and event not in _NO_LINE
        and len({"line", "line_hex"} & set(groups)) > 1
    ):
        yield "has both line and line_hex: keep one"
    if repeats_in_repeats(regex):
        yield "has a repetition within a repetition, which can take hours: write it without"
    elif repetitions(regex) > MOST_REPETITIONS:
        yield f"has more than {MOST_REPETITIONS} repetitions without a limit: say it with fewer"


def _tokens(regex: str) -> Iterator[str]:
    """The signs of a regex; escapes and classes as one sign each."""
    at = 0
    while at < len(regex):
        end = at + 1
        if regex[at] == "\\":
            end = at + 2
        elif regex[at] == "[":
            end = at + 2 + regex[at + 1 :].startswith("^")
            while end < len(regex) and regex[end] != "]":
                end += 2 if regex[end] == "\\" else 1
            end += 1
        elif found := _REPETITION.match(regex, at):
            end = found.end()
        yield regex[at:end]
        at = end


def repetitions(regex: str) -> int:
    """How many parts may repeat without a limit."""
    return sum(token[0] in "*+" or token.endswith(",}") for token in _tokens(regex))


def repeats_in_repeats(regex: str) -> bool:
    """Whether a group that holds a repetition is repeated itself."""
    inside = [False]
    closed = False
    for token in _tokens(regex):
        repeats = bool(_REPETITION.fullmatch(token)) and not _COUNT.fullmatch(token)
        if repeats and closed:
            return True
        closed = False
        if token == "(":
            inside.append(False)
        elif token == ")" and len(inside) > 1:
            closed = inside.pop()
            inside[-1] = inside[-1] or closed
        elif repeats:
            inside[-1] = True
    return False


def _check_match(match: Struct | None, found: list[tuple[str, str]]) -> None:
    if isinstance(match, UsbMatch) and match.product:
        try:
            re.compile(match.product)
        except re.error as error:
            found.append(("match.product", f"is no regular expression: {error}"))


def _near(word: str, known: object) -> str:
    from difflib import get_close_matches

    names = sorted(known)  # type: ignore[call-overload]
    near = get_close_matches(word, names, n=1)
    listed = f"known are {', '.join(names)}"
    return f'did you mean "{near[0]}"? {listed}' if near else listed
