"""A diagnosis as lines for a person, in English or Persian, no wider than 79 columns."""

import textwrap
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Literal

from edge.local.issue import BOX, Answer, Diagnosis, Issue, Words
from edge.local.persian import ltr, persian

Language = Literal["en", "fa"]
WIDTH = 79
_MARKS = {
    "ok": Words("ok", "خوب"),
    "failed": Words("WRONG", "ایراد"),
    "advice": Words("advice", "توصیه"),
    "unsure": Words("?", "؟"),
}
_INDENT = 7
_DO = Words("do", "چاره")
_RIGHT_TO_LEFT = "\u200f"
_NEW = timedelta(minutes=1)


def page(diagnosis: Diagnosis, language: Language) -> Iterator[str]:
    """Each check with what it found, and what to set in each device."""
    # A Persian line may begin with a port or a name: the mark tells that it runs from the right.
    start = _RIGHT_TO_LEFT if language == "fa" else ""
    yield from (line and f"{start}{line}" for line in _lines(diagnosis, language))


def _lines(diagnosis: Diagnosis, language: Language) -> Iterator[str]:
    answers = diagnosis.report.answers
    yield say(_head(diagnosis.report.site or "payvand", answers), language)
    yield ""
    for answer in answers:
        yield from _answer(answer, diagnosis.report.now, language)
    for asks in diagnosis.asks:
        yield ""
        title = Words(
            f"To be set in the device {asks.device} itself:",
            f"آنچه باید در خود «{ltr(asks.device)}» تنظیم شود:",
        )
        yield say(title, language)
        for words in asks.settings:
            yield from _wrapped(say(words, language), "  - ")


def _head(name: str, answers: Sequence[Answer]) -> Words:
    wrong = sum(answer.word == "failed" for answer in answers)
    advised = sum(answer.word == "advice" for answer in answers)
    if wrong:
        return Words(
            f"{name}: {wrong} of {len(answers)} checks found something wrong",
            f"{ltr(name)}: {persian(wrong)} بررسی از {persian(len(answers))} تا ایراد دارد",
        )
    if advised:
        return Words(
            f"{name}: nothing is wrong, {advised} of {len(answers)} checks recommend something",
            f"{ltr(name)}: ایرادی نیست؛ {persian(advised)} بررسی از {persian(len(answers))} تا"
            " توصیه دارد",
        )
    return Words(
        f"{name}: all is well, {len(answers)} checks",
        f"{ltr(name)}: هر {persian(len(answers))} بررسی خوب بود",
    )


def say(words: Words, language: Language) -> str:
    return words.fa if language == "fa" else words.en


def _answer(answer: Answer, now: datetime, language: Language) -> Iterator[str]:
    mark = say(_MARKS[answer.word], language)
    yield f"{mark:<{_INDENT}}{say(answer.title, language)}"
    for issue in answer.issues:
        yield from _issue(issue, now, language)
    for unsure in answer.unsure:
        name = unsure.concerns if language == "en" else ltr(unsure.concerns)
        place = "" if unsure.concerns == BOX else f"{name}: "
        yield from _wrapped(f"{place}{say(unsure.why, language)}", " " * _INDENT)


def _issue(issue: Issue, now: datetime, language: Language) -> Iterator[str]:
    since = f"{issue.since.astimezone():%Y-%m-%d %H:%M}"
    when = say(Words(f" (since {since})", f" (از {ltr(since)})"), language)
    old = now - issue.since >= _NEW
    yield from _wrapped(f"{say(issue.cause, language)}{when if old else ''}", " " * _INDENT)
    code = issue.code if language == "en" else ltr(issue.code)
    yield from _wrapped(
        f"{say(_DO, language)}: {say(issue.advice, language)} ({code})", " " * _INDENT
    )


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=" " * (len(indent) + (2 if indent.strip() == "" else 0)),
        break_long_words=False,
        break_on_hyphens=False,
    )
