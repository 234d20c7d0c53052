"""Every text of the pages, in both languages side by side: one catalogue, words/*.toml.

    [span]
    minute = { en = "{count} min", fa = "{count} دقیقه" }               t("span.minute", count=3)

What is put in place of {name} is escaped and isolated by whoever shows it. A missing word ends the
start, not a page: both languages are read whole.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from edge.errors import CommandFailed
from edge.local.issue import Words

Code = Literal["fa", "en"]
CODES: tuple[Code, ...] = get_args(Code)
FOLDER = Path(__file__).parent / "words"


@dataclass(frozen=True, slots=True)
class Language:
    """One language of the pages."""

    code: Code
    words: Mapping[str, str]

    @property
    def direction(self) -> str:
        return "rtl" if self.code == "fa" else "ltr"

    @property
    def other(self) -> Code:
        return "en" if self.code == "fa" else "fa"

    def __call__(self, key: str, **parts: object) -> str:
        text = self.words[key]
        return text.format(**parts) if parts else text

    def of(self, words: Words) -> str:
        """What the edge says, in this language."""
        return words.fa if self.code == "fa" else words.en


def catalogue() -> Mapping[Code, Language]:
    """Both languages. Raises CommandFailed where one lacks a word."""
    found: dict[Code, dict[str, str]] = {code: {} for code in CODES}
    for path in sorted(FOLDER.glob("*.toml")):
        for section, entries in tomllib.loads(path.read_text(encoding="utf-8")).items():
            for name, texts in entries.items():
                for code in CODES:
                    if not texts.get(code):
                        raise CommandFailed(f"{path.name}: {section}.{name} has no text in {code}")
                    found[code][f"{section}.{name}"] = texts[code]
    return {code: Language(code, words) for code, words in found.items()}


def preferred(cookie: str | None, accepted: str) -> Code:
    """What the visitor chose, else the first of ours that his browser names, else Persian."""
    for code in CODES:
        if cookie == code:
            return code
    for entry in accepted.lower().split(","):
        for code in CODES:
            if entry.strip().partition(";")[0].partition("-")[0] == code:
                return code
    return "fa"
