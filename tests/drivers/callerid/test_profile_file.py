"""A technician's own profile: what it can say, and every mistake in it at once."""

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from drivers.callerid.driver import SPEC
from drivers.callerid.profile_file import (
    MOST_REPETITIONS,
    ProfileWrong,
    check_profile,
    find_profile,
    repeats_in_repeats,
    repetitions,
)
from drivers.callerid.profiles import PROFILES
from drivers.callerid.settings import CallerIdSettings
from edge.decoding import decode, parse_options
from edge.errors import BadInput
from edge.site.file import load
from edge.site.site import SiteProblems
from tests.drivers.callerid.unit import Unit, short

OWN = r"""
title = "The box of the shop"
[framing]
ends = ";"
[semantics]
quiet_seconds = 12
[serial]
baud = [2400]
[[rules]]
event = "caller_id"
regex = 'LINE (?P<line>\d) FROM (?P<number>\d+)'
[[rules]]
event = "ring"
regex = 'LINE (?P<line>\d) BELL (?P<rings>\d+)'
[[rules]]
event = "off_hook"
regex = 'LINE (?P<line>\d) UP'
[[rules]]
event = "on_hook"
regex = 'LINE (?P<line>\d) DOWN'
"""
WIRE = b"LINE 2 FROM 09120001122;LINE 2 BELL 1;LINE 2 UP;LINE 2 DOWN;"
SITE = """
version = 1
name = "mashhad"
timezone = "Asia/Tehran"
[[device]]
key = "lines"
driver = "callerid"
link = { serial = "/dev/ttyUSB0" }
settings = { profile = "shop" }
"""


def write(folder: Path, text: str) -> Path:
    (folder / "profiles").mkdir()
    (folder / "profiles/shop.toml").write_text(text)
    return folder


def problems(table: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(ProfileWrong) as caught:
        check_profile("shop", table)
    return dict(caught.value.problems)


def rule(regex: str, event: str = "ring") -> dict[str, Any]:
    return {"rules": [{"event": event, "regex": regex}]}


def test_a_profile_of_ones_own_is_served_like_ours(tmp_path: Path) -> None:
    unit = Unit("shop", folder=write(tmp_path, OWN))
    for at, record in enumerate(WIRE.split(b";")):
        unit.at(at, record + b";")
    assert short(unit.told) == [("incoming", "2", "09120001122", "answered")]
    profile = find_profile("shop", tmp_path)
    assert (profile.semantics.quiet_seconds, profile.confirmed) == (12, False)
    assert profile.serial.baud == (2400,)


def test_what_is_not_written_comes_from_the_base(tmp_path: Path) -> None:
    text = 'base = "danjeh-text"\n[semantics]\nhook_off_means_lifted = false\n'
    profile = find_profile("shop", write(tmp_path, text))
    danjeh = PROFILES["danjeh-text"]
    assert profile.rules == danjeh.rules
    assert profile.semantics.quiet_seconds == danjeh.semantics.quiet_seconds
    unit = Unit("shop", folder=tmp_path)
    unit.at(1, b"L1:09120001122@\n")
    unit.at(5, b"L1 hook-on\n")
    unit.at(9, b"L1 hook-off\n")
    assert short(unit.told) == [("incoming", "1", "09120001122", "answered")]


def test_payvand_decode_takes_it_from_the_data_directory(tmp_path: Path) -> None:
    folder = write(tmp_path, OWN)
    job = parse_options("callerid", WIRE, ["profile=shop"], None, "UTC", folder)
    assert b'"outcome":"answered"' in list(decode(job))[-1]
    with pytest.raises(BadInput, match='did you mean "segal-c"'):
        parse_options("callerid", WIRE, ["profile=segal-d"], None, "UTC", folder)


def test_every_mistake_is_told_at_once() -> None:
    told = problems(
        tomllib.loads(r"""
        bsae = "segal-c"
        title = 5
        [framing]
        ends = "@"
        longest = 5000
        lngest = 5
        [semantics]
        duration = "hours"
        [match]
        product = "("
        [[rules]]
        event = "rnig"
        regex = 'L(?P<line>\d)R'
        [[rules]]
        event = "caller_id"
        regex = 'L(?P<line>\d)C(?P<nummer>\d)'
        [[rules]]
        event = "ring"
        regex = 'L(\d'
        flags = "i"
        """)
    )
    assert told["bsae"].startswith('is not known: did you mean "base"?')
    assert "text in quotes" in told["title"]
    assert "256" in told["framing.longest"]
    assert 'did you mean "longest"?' in told["framing.lngest"]
    assert "Invalid enum value" in told["semantics.duration"]
    assert "is no regular expression" in told["match.product"]
    assert 'did you mean "ring"?' in told["rules[0].event"]
    assert "needs a group (?P<number>" in told["rules[1].regex"]
    assert "is no regular expression" in told["rules[2].regex"]
    assert "is not known" in told["rules[2].flags"]


def test_an_unknown_group_is_told_with_the_nearest() -> None:
    told = problems(rule(r"L(?P<lien>\d)R"))
    assert 'did you mean "line"?' in told["rules[0].regex"]


@pytest.mark.parametrize(
    "table", [{}, {"rules": 5}, {"rules": ["x"]}, {"framing": 5}, {"base": "sagal"}, {"init": 5}]
)
def test_tables_of_the_wrong_form_are_told(table: dict[str, Any]) -> None:
    assert problems(table)


@pytest.mark.parametrize(
    "regex",
    [r"(a+)+", r"(?:a*)*b", r"((\d{1,9})x){2,}", r"(?P<line>\d+)*", r"(a|b+)+c", r"([^)]+)+"],
)
def test_a_repetition_within_a_repetition_is_refused(regex: str) -> None:
    assert repeats_in_repeats(regex)
    assert "within a repetition" in problems(rule(regex))["rules[0].regex"]


@pytest.mark.parametrize(
    "regex", [r"\(a+\)+", r"[(a+)]+", r"(ab)+", r"(a+)b+", r"(a+)?", r"(?:[0-9]{2})*", r"a+[)]+"]
)
def test_what_only_looks_like_one_is_not(regex: str) -> None:
    assert not repeats_in_repeats(regex)


def test_too_many_repetitions_are_refused() -> None:
    assert repetitions(r"a*b+c{2,}d{2}e?\*[*+]") == 3
    told = problems(rule(".*" * (MOST_REPETITIONS + 1)))
    assert "repetitions" in told["rules[0].regex"]


def test_our_own_profiles_repeat_nothing_within_a_repetition() -> None:
    for profile in PROFILES.values():
        assert not any(repeats_in_repeats(each.regex) for each in profile.rules)


def test_the_site_is_told_of_all_of_it(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text(SITE)

    def told() -> Iterable[str]:
        with pytest.raises(SiteProblems) as caught:
            load(tmp_path / "site.toml")
        return [str(problem) for problem in caught.value.problems]

    (missing,) = told()
    assert missing.startswith('device[0] "lines".settings.profile: "shop": the name: is not known')
    write(tmp_path, "[[rules]]\nevent = 'x'\nregex = '('\n")
    assert len(list(told())) == 2
    (tmp_path / "profiles/shop.toml").write_text("rules = [")
    assert "is no TOML" in "".join(told())
    (tmp_path / "profiles/shop.toml").write_text(OWN)
    assert load(tmp_path / "site.toml").device[0].driver == "callerid"


def test_a_name_cannot_lead_out_of_the_directory(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="profile"):
        parse_options("callerid", b"", ["profile=../site"], None, "UTC", tmp_path)


def test_the_settings_alone_open_nothing() -> None:
    assert CallerIdSettings(profile="anything").problems() == []
    assert SPEC.files(CallerIdSettings(profile="segal-c"), Path("/nowhere")) == []
