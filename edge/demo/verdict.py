"""Compares the calls in the CRM with those that the exchange made: nothing lost, nothing double."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from edge.demo.paper import Printout, Sight


@dataclass(frozen=True, slots=True)
class Verdict:
    """made, known: calls that the exchange began and calls in the CRM. double: more than happened.

    under_way: calls of `made` whose last line was not printed.
    """

    made: int
    known: int
    under_way: int
    lost: int
    double: int

    @property
    def good(self) -> bool:
        return not (self.lost or self.double)


def compare(printout: Printout, known: Iterable[Sight]) -> Verdict:
    """Hold every call in the CRM against one of the exchange.

    A finished call must be there with all that was printed of it, one under way at least in part.
    """
    there = Counter(known)
    lost = printout.finished - there
    early: Counter[Sight] = Counter()
    for sight, count in (there - printout.finished).items():
        early[sight.early] += count
    lost += printout.under_way - early
    early -= printout.under_way
    asked = early & printout.asked
    under_way = sum(printout.under_way.values())
    return Verdict(
        made=sum(printout.finished.values()) + under_way + sum(asked.values()),
        known=sum(there.values()),
        under_way=under_way,
        lost=sum(lost.values()),
        double=sum((early - asked).values()),
    )
