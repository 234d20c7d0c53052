"""A lost or doubled call is found, and a call under way is neither."""

from collections import Counter
from itertools import islice

import pytest

from edge.demo.paper import Paper, Printout, Sight
from edge.demo.verdict import compare


def printed(lines: int) -> Printout:
    paper = Paper("KX-TDA100")
    carried = paper.lines()
    list(islice(carried, lines))
    next(carried)  # the line before has gone only when the next one is asked for
    assert paper.printed == lines
    return paper.printout()


def all_of(printout: Printout) -> list[Sight]:
    return [*printout.finished.elements(), *printout.under_way.elements()]


@pytest.mark.parametrize("lines", [1, 40, 400])
def test_what_was_printed_is_good(lines: int) -> None:
    printout = printed(lines)
    verdict = compare(printout, all_of(printout))
    assert verdict.good
    assert verdict.made == verdict.known == len(all_of(printout)) > 0


@pytest.mark.parametrize("kind", ["finished", "under_way"])
def test_each_call_that_is_missing_is_lost(kind: str) -> None:
    printout = printed(400)
    for sight in getattr(printout, kind):
        known = all_of(printout)
        known.remove(sight)
        verdict = compare(printout, known)
        assert (verdict.lost, verdict.double, verdict.good) == ((sight,), (), False)


def test_each_call_that_is_there_twice_is_double() -> None:
    printout = printed(400)
    for sight in all_of(printout):
        verdict = compare(printout, [*all_of(printout), sight])
        assert (verdict.lost, verdict.double, verdict.good) == ((), (sight,), False)


def test_a_call_under_way_may_have_got_an_extension_already() -> None:
    call = Sight("incoming", "04", "02144556677", None, 0)
    printout = Printout(Counter(), Counter([call]), Counter())
    verdict = compare(printout, [Sight("incoming", "04", "02144556677", "105", 0)])
    assert verdict.good
    assert (verdict.made, verdict.under_way) == (1, 1)


def test_two_calls_that_became_one_are_told() -> None:
    first, second = (Sight("outgoing", "02", "02144556677", "105", talk) for talk in (10, 20))
    printout = Printout(Counter([first, second]), Counter(), Counter())
    merged = Sight("outgoing", "02", "02144556677", "105", 30)
    verdict = compare(printout, [merged])
    assert (verdict.lost, verdict.double) == ((first, second), (merged,))
