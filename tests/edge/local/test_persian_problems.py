"""Every mistake in settings has its Persian sentence, also one that nobody has thought of here.

mistakes.py, one by one ─▶ what is told ─▶ in Persian, never the stopgap
the modules that judge ──────┘ each of their texts was told by one of the mistakes
every field of every type, wrong values of all kinds ─▶ in Persian too
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest

import drivers.catalog
import edge.delivery.destinations.catalog
from edge.commands.box_commands import BoxCommands
from edge.delivery.connection import Connection
from edge.delivery.restraint import Forwarding
from edge.delivery.wanted import Wanted
from edge.errors import BadInput
from edge.journal.records import History
from edge.local.persian_problems import UNKNOWN, in_both
from edge.site.checking import Problem, check_table
from edge.site.feeds import Feeds
from edge.site.file import load
from edge.site.site import FILE, SiteProblems, check
from edge.wire.settings import Wire
from tests.edge.local.mistakes import ALL, FILES, PROFILES, Acting, Change, table

ROOT = Path(__file__).parents[3]
JUDGES = (
    *("edge/site/checking.py", "edge/site/site.py", "edge/site/feeds.py", "edge/site/file.py"),
    *("edge/delivery/connection.py", "edge/delivery/restraint.py", "edge/delivery/wanted.py"),
    *("edge/delivery/crm_address.py", "drivers/wire/address.py", "drivers/telephony.py"),
    "drivers/callerid/profile_file.py",
    *(str(path.relative_to(ROOT)) for path in ROOT.glob("drivers/*/settings.py")),
    *(str(path.relative_to(ROOT)) for path in ROOT.glob("edge/**/settings.py")),
)
TYPES = (
    *(drivers.catalog.spec(name).settings for name in drivers.catalog.NAMES),
    *(
        edge.delivery.destinations.catalog.spec(name).settings
        for name in edge.delivery.destinations.catalog.NAMES
    ),
    *(BoxCommands, Connection, Feeds, Forwarding, History, Wanted, Wire),
)
WRONG: tuple[object, ...] = (
    *(3, -1, 10**9, 1.5, True, "", "!", "x" * 500, [], [3], ["!"], [""], ["x" * 500]),
    *({}, {"a": 3}, {"a": ""}, {"a": "x" * 500}, [{}], {"a": []}),
)
NO_SENTENCES = {"Invalid enum value", "matching regex", "of length", "UDP port "}
"""What msgspec's own words are known by, and the name of a link."""
ISOLATED = re.compile("\u2066.*?\u2069", re.DOTALL)
SENTENCE = re.compile(r"[A-Za-z]{2,}[^A-Za-z]+[A-Za-z]{2,}")


class Choosing(msgspec.Struct):
    """No setting of today is like this one."""

    mode: Literal["auto", "never"]


def found_in(given: dict[str, Any], folder: Path | None = None) -> list[Problem]:
    with pytest.raises(SiteProblems) as caught:
        check(given, folder=folder)
    return list(caught.value.problems)


@pytest.mark.parametrize("change", ALL, ids=lambda change: f"{change[0]}={change[1]!r:.30}")
def test_a_mistake_is_told_in_persian(change: Change) -> None:
    for problem in found_in(table(change)):
        assert_persian(problem)


def assert_persian(problem: Problem) -> None:
    told = in_both(problem.message, problem.persian).fa
    assert UNKNOWN not in told, problem
    assert re.search("[\u0600-\u06ff]", told), problem
    assert "`" not in told, told
    plain = ISOLATED.sub("", re.sub("«.*?»", "", told))
    assert not re.search("[0-9]", plain) or not re.search("[۰-۹]", plain), told


@cache
def profiles(folder: Path) -> tuple[Problem, ...]:
    (folder / "profiles").mkdir()
    for name, text in PROFILES.items():
        path = folder / f"profiles/{name}.toml"
        path.mkdir() if text is None else path.write_text(text)
    names = (*PROFILES, "absent")
    return tuple(
        problem
        for name in names
        for problem in found_in(table(("device.1.settings.profile", name)), folder)
    )


@cache
def files(folder: Path) -> tuple[Problem, ...]:
    """Of site files that cannot be read; what is no SiteProblems has the path for a field."""
    told = []
    path = folder / FILE
    for text in (*FILES, None, b""):
        path.unlink(missing_ok=True)
        if text is not None:
            path.write_bytes(text)
        told += _unread(path)
    path.unlink()
    path.mkdir()
    return (*told, *_unread(path))


def _unread(path: Path) -> list[Problem]:
    try:
        load(path)
    except SiteProblems as error:
        return list(error.problems)
    except BadInput as error:
        return [Problem(str(path), str(error))]
    return []


def test_what_is_wrong_with_profiles_and_files_is_told_in_persian(tmp_path: Path) -> None:
    for problem in (*profiles(tmp_path), *files(tmp_path)):
        assert_persian(problem)


def test_what_a_driver_that_executes_says_of_its_commands() -> None:
    assert [problem.field for problem in _commands()] == [
        'device[0] "e1".commands.sya',
        'device[0] "e1".commands.say',
    ]
    for problem in _commands():
        assert_persian(problem)


def _commands() -> list[Problem]:
    device = {"key": "e1", "driver": "echo", "link": {"tcp": "127.0.0.1:7"}}
    device["commands"] = {"sya": 30, "say": 0}
    site = {"version": 1, "name": "mashhad", "timezone": "UTC", "device": [device]}
    with pytest.raises(SiteProblems) as caught:
        check(site, Acting())
    return list(caught.value.problems)


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.__name__)
def test_a_wrong_value_of_any_field_is_told_in_persian(kind: type[msgspec.Struct]) -> None:
    for field in msgspec.structs.fields(kind):
        for value in WRONG:
            for problem in check_table(kind, {field.encode_name: value}, "settings")[1]:
                assert_persian(problem)


def test_no_sentence_is_told_that_none_of_these_mistakes_brings_about(tmp_path: Path) -> None:
    told = [problem.message for change in ALL for problem in found_in(table(change))]
    told += [each.message for each in check_table(Choosing, {}, "settings")[1]]
    told += [each.message for each in (*_commands(), *profiles(tmp_path), *files(tmp_path))]
    all_told = "\n".join(told)
    untold = [
        f"{name}: {text}"
        for name in JUDGES
        for text in _texts(ast.parse((ROOT / name).read_text()))
        if text not in all_told and text not in NO_SENTENCES
    ]
    assert untold == []


def _texts(node: ast.AST) -> Iterator[str]:
    """Those that read as part of a sentence: no docstrings, nothing that a type is told by Meta."""
    if isinstance(node, ast.Call):
        called = getattr(node.func, "id", "") or getattr(node.func, "attr", "")
        if called in {"Meta", "compile"}:
            return
    if isinstance(node, ast.Dict) and any(ast.unparse(key) == "'fa'" for key in node.keys if key):
        return  # told in both languages already
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
            continue
        if isinstance(child, ast.Constant) and isinstance(child.value, str):
            if SENTENCE.search(child.value) and " " in child.value:
                yield child.value
        else:
            yield from _texts(child)
