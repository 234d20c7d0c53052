"""One night's comparison with one CRM: what is asked, what is missing, and what is kept of it."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from msgspec import Struct

from edge.delivery.receipt import Receipts, ReceiptTaker, Stretch, merged
from edge.delivery.repeats import Repeats
from edge.delivery.tally import Row, Tally
from edge.local.status import ReceiptStatus

MOST_ROWS = 500
"""In one request, and of those that are counted again the next night."""
TRIES = 3
"""On so many nights a row is sent again that the CRM is not content with."""
SHOWN_DAYS = 7
"""So long it stays an issue that something cannot be sent."""


class Unsettled(Struct, frozen=True):
    """A row that the CRM was not content with. tries: on how many nights it was sent again."""

    device: str
    stretch: Stretch
    tries: int


class Kept(Struct, frozen=True, omit_defaults=True):
    """What a restart must know.

    through: up to here all days are counted. ran: the last night, as a day of the branch. lost: how
    many events the CRM misses for good, since `lost_on`.
    """

    through: int = 0
    ran: date | None = None
    unsettled: tuple[Unsettled, ...] = ()
    lost: int = 0
    lost_on: date | None = None
    shown: ReceiptStatus = ReceiptStatus()


class NoReceipts(Exception):
    """The CRM compares none."""


class Night:
    """One comparison of everything, in requests of one journal and MOST_ROWS rows."""

    def __init__(self, tally: Tally, repeats: Repeats, before: Kept) -> None:
        self.rows: list[Row] = []
        self.through = before.through
        self._tally = tally
        self._repeats = repeats
        self._before = before
        self._tries = {(each.device, each.stretch[0]): each.tries for each in before.unsettled}
        self._unsettled: list[Unsettled] = []
        self._events = self._calls = self._again = self._lost = 0

    def is_full(self, row: Row) -> bool:
        """Whether the rows have to go before this one can be among them."""
        return bool(self.rows) and (
            len(self.rows) >= MOST_ROWS or self.rows[-1].journal != row.journal
        )

    async def compare(self, taker: ReceiptTaker) -> None:
        """Ask about the rows, and let go once more what is missing. Raises DeliveryError."""
        rows, self.rows = self.rows, []
        if not rows:
            return
        through = max(row.receipt.last for row in rows)
        told = Receipts(rows[0].journal, through, [row.receipt for row in rows])
        missing = await taker.compare(told)
        if missing is None:
            raise NoReceipts
        self._events += sum(row.receipt.events for row in rows)
        self._calls += sum(row.receipt.calls for row in rows)
        for stretch in _within(missing, rows):
            await self._missed(stretch, rows)

    async def _missed(self, stretch: Stretch, rows: Sequence[Row]) -> None:
        found = await self._tally.missing(stretch, rows)
        self._lost += found.gone
        tries = {row: self._tries.get(_key(row), 0) for row in found.rows}
        if all(tried >= TRIES for tried in tries.values()):
            self._lost += found.events
            return
        self._again += found.events
        self._repeats.add([stretch])
        known = {(each.device, each.stretch) for each in self._unsettled}
        self._unsettled += [
            Unsettled(row.receipt.device, row.stretch, tried + 1)
            for row, tried in tries.items()
            if (row.receipt.device, row.stretch) not in known
        ]

    def result(self, today: date, now: datetime | None) -> Kept:
        """What is to be kept of it."""
        before = self._before
        lost, on = before.lost, before.lost_on
        if on is not None and today - on > timedelta(days=SHOWN_DAYS):
            lost, on = 0, None
        if self._lost:
            lost, on = lost + self._lost, today
        shown = ReceiptStatus(
            at=now, events=self._events, calls=self._calls, again=self._again, lost=lost
        )
        unsettled = tuple(self._unsettled[:MOST_ROWS])
        return Kept(self.through, today, unsettled, lost, on, shown)


def _key(row: Row) -> tuple[str, int]:
    return (row.receipt.device, row.stretch[0])


def _within(missing: Sequence[Stretch], rows: Sequence[Row]) -> list[Stretch]:
    """What is missing of what was counted, and nothing else."""
    first = min(row.stretch[0] for row in rows)
    last = max(row.stretch[1] for row in rows)
    inside = [(max(first, low), min(last, high)) for low, high in missing]
    return merged([(low, high) for low, high in inside if low <= high])
