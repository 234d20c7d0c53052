"""The nouns of receipts: what a box says that it sent, and who takes such a word.

{"journal": "1a2b3c4d", "through": 912, "receipts": [
  {"device": "pbx1", "day": "2026-11-27", "first": 101, "last": 912,
   "events": 640, "calls": 412, "sha256": "…"}]}         ──▶  {"missing": [[110, 112]]}
"""

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from msgspec import Struct

Stretch = tuple[int, int]
"""The first and the last sequence of some that follow each other."""


class Receipt(Struct, frozen=True):
    """What one device sent of one day.

    device: its key, or `box`. day: local, of the branch; a label, the sequences count. first, last:
    lowest and highest sequence of its events. events: how many of them the destination got: what it
    does not want, or refused for good, is not among them. calls: distinct call ids. sha256: in hex,
    over the sequences in decimal, rising, each followed by a line feed.
    """

    device: str
    day: date
    first: int
    last: int
    events: int
    calls: int
    sha256: str


class Receipts(Struct, frozen=True):
    """Some receipts of one journal. All that is wanted of it up to `through` was sent."""

    journal: str
    through: int
    receipts: Sequence[Receipt]


class ReceiptTaker(Protocol):
    """A destination that compares receipts with what it has, over a connection of its own."""

    async def start(self) -> None:
        """Import and open what asking needs; connects to nobody."""

    async def compare(self, receipts: Receipts) -> Sequence[Stretch] | None:
        """What is missing there, by the sequences of that journal; None where nobody compares.

        Raises DeliveryError.
        """

    async def close(self) -> None:
        """Give back what `start` opened; harmless twice."""


def merged(stretches: Sequence[Stretch]) -> list[Stretch]:
    """The same sequences as stretches that rise and do not touch."""
    found: list[Stretch] = []
    for first, last in sorted(stretches):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found
