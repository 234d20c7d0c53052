"""A diagnosis as lines: what only recommends something is not told as a failure."""

import pytest

from edge.checks.page import page
from edge.local.issue import Answer, Diagnosis, Issue, Report, Severity, Words
from tests.edge.checks.conftest import START

WORDS = Words("It is so.", "چنین است.")


def _answer(name: str, *severities: Severity) -> Answer:
    issues = (
        Issue(code=name, concerns="box", severity=each, since=START, cause=WORDS, advice=WORDS)
        for each in severities
    )
    return Answer(name=name, title=Words(name, "نام"), issues=tuple(issues))


@pytest.mark.parametrize(
    ("severities", "mark", "head"),
    [
        ((), "ok", "branch: all is well, 2 checks"),
        (("warning",), "advice", "branch: nothing is wrong, 1 of 2 checks recommend something"),
        (("warning", "alarm"), "WRONG", "branch: 1 of 2 checks found something wrong"),
    ],
)
def test_the_worst_that_a_check_finds_marks_it(
    severities: tuple[Severity, ...], mark: str, head: str
) -> None:
    answers = (_answer("ringing", *severities), _answer("disk"))
    found = Diagnosis(running=True, report=Report(site="branch", now=START, answers=answers))
    lines = list(page(found, "en"))
    assert lines[0] == head
    assert lines[2] == f"{mark:<7}ringing"
