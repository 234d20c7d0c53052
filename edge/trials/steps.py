"""Puts the steps of a test together: behind the first one that failed none can be judged."""

from collections.abc import Iterable

from msgspec.structs import replace

from edge.local.issue import Words
from edge.local.trial_records import Step, StepWord

_SKIPPED = Words("Not looked at.", "بررسی نشد.")


def step(name: str, title: Words, state: StepWord, detail: Words, raw: str = "") -> Step:
    """One step."""
    return Step(name=name, title=title, state=state, detail=detail, raw=raw)


def in_order(steps: Iterable[Step]) -> tuple[Step, ...]:
    """The steps; those behind one that failed are skipped."""
    found: list[Step] = []
    failed = False
    for each in steps:
        found.append(replace(each, state="skipped", detail=_SKIPPED) if failed else each)
        failed = failed or each.state == "failed"
    return tuple(found)
