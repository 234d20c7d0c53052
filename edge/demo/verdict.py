"""Compares the calls in the CRM with those that were made: nothing lost, nothing double."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from edge.demo.paper import Printout, Sight


@dataclass(frozen=True, slots=True)
class Verdict:
    """made, known: how many calls were begun, how many are in the CRM.

    under_way: calls of `made` whose last line was not printed. lost: calls that are not in the CRM
    as they were. double: calls in the CRM that were not, or not so often.
    """

    made: int
    known: int
    under_way: int
    lost: tuple[Sight, ...]
    double: tuple[Sight, ...]

    @property
    def good(self) -> bool:
        return not (self.lost or self.double)


def compare(printout: Printout, known: Iterable[Sight]) -> Verdict:
    """Hold every call in the CRM against one of the exchange.

    A finished call must be there with all that was printed of it, one under way at least in part.
    """
    there = Counter(known)
    lost = printout.finished - there
    rest = tuple((there - printout.finished).elements())
    early = Counter(sight.early for sight in rest)
    lost += printout.under_way - early
    early -= printout.under_way
    asked = early & printout.asked
    under_way = sum(printout.under_way.values())
    return Verdict(
        made=sum(printout.finished.values()) + under_way + sum(asked.values()),
        known=sum(there.values()),
        under_way=under_way,
        lost=tuple(lost.elements()),
        double=_like(rest, early - asked),
    )


def _like(sights: Iterable[Sight], wanted: "Counter[Sight]") -> tuple[Sight, ...]:
    """So many of each kind in `wanted`, as the CRM has them."""
    left = Counter(wanted)
    found = []
    for sight in sights:
        if left[sight.early]:
            left[sight.early] -= 1
            found.append(sight)
    return tuple(found)
