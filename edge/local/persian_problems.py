"""What is wrong with a setting, in Persian too.

edge.site and the settings tell it in English, for whoever edits site.toml. problems.toml has the
Persian of each of their sentences. A test makes every mistake happen and misses none.
"""

import re
import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from edge.local.issue import Words
from edge.local.persian import ltr, persian, with_samples

UNKNOWN = "درست نیست: "
"""Before an English sentence that has no Persian one."""


class _Found(str):
    """What a group of a pattern found; problems.toml says how it may be shown."""

    __slots__ = ()

    def __format__(self, how: str) -> str:
        if how == "n":
            return persian(self)
        return in_persian(self) if how == "said" else str(self)


@cache
def _sentences() -> Sequence[tuple[re.Pattern[str], str]]:
    text = Path(__file__).with_name("problems.toml").read_text(encoding="utf-8")
    return [
        (re.compile(english, re.DOTALL), with_samples(told))
        for part in tomllib.loads(text).values()
        for english, told in part.items()
    ]


def in_persian(english: str) -> str:
    """The sentence in Persian. Reads a file the first time."""
    for pattern, told in _sentences():
        if found := pattern.fullmatch(english):
            return told.format(*(_Found(group or "") for group in found.groups()))
    return f"{UNKNOWN}{ltr(english)}"


def in_both(english: str, told: str = "") -> Words:
    """The sentence in both languages; told: in Persian, where it brings that along."""
    return Words(english, with_samples(told) or in_persian(english))
