"""What a technician asks of the delivery: old events once more, or what waits in a file.

Both take the way that the destination's own events take: filtered, with the times that are known
now, and under the ids that they have.
"""

from collections.abc import AsyncGenerator, Callable, Sequence

from edge.access.refusals import Unknown
from edge.delivery.choosing import Choice
from edge.delivery.destinations import catalog as destinations
from edge.delivery.export import Undelivered
from edge.delivery.lanes import lanes
from edge.delivery.receipt import Stretch
from edge.delivery.repeats import Repeats
from edge.delivery.retimed import Times
from edge.journal.journal import Journal
from edge.journal.records import Position
from edge.local.issue import Words
from edge.local.persian import persian
from edge.local.resent import Resent, ResentTo
from edge.site.site import Destination

Served = Callable[[], Sequence[tuple[Destination, Repeats]]]


class ByHand:
    """Of the destinations that `served` tells, each with its repeats. Raises JournalFailed."""

    def __init__(self, journal: Journal, times: Times, served: Served) -> None:
        self._journal = journal
        self._times = times
        self._served = served

    async def resend(self, stretch: Stretch, to: str | None) -> Resent:
        """Let a stretch go once more, to one destination or all for which that is harmless.

        Raises Unknown.
        """
        first, last = stretch
        served = self._served()
        _check(served, to)
        if last > (newest := self._journal.last):
            raise Unknown(
                Words(
                    f"the last event is {newest}: there is no {last} yet",
                    f"آخرین رویداد {persian(newest)} است و {persian(last)} هنوز نیست.",
                )
            )
        held = await self._journal.count(first, last)
        sent = [
            await self._resend(stretch, entry, repeats)
            for entry, repeats in served
            if to in (None, entry.name)
        ]
        return Resent(gone=last - first + 1 - held, destinations=tuple(sent))

    async def _resend(self, stretch: Stretch, entry: Destination, repeats: Repeats) -> ResentTo:
        if harm := destinations.spec(entry.kind).repeats_harm:
            return ResentTo(destination=entry.name, refused=harm)
        choice = Choice(entry.name, entry.wanted, self._journal)
        position = self._journal.position(entry.name)
        events = unwanted = waiting = 0
        begin = end = 0
        reached, last = stretch[0] - 1, stretch[1]
        while reached < last and (found := await self._journal.read(reached)):
            due = [each for each in found if each.sequence <= last]
            had = [each for each in due if _is_settled(position, each.sequence)]
            wanted = await choice.of(had)
            waiting += len(due) - len(had)
            unwanted += len(had) - len(wanted)
            events += len(wanted)
            if wanted:
                begin, end = begin or wanted[0].sequence, wanted[-1].sequence
            reached = found[-1].sequence
        if begin:
            repeats.add([(begin, end)])
        return ResentTo(destination=entry.name, events=events, waiting=waiting, unwanted=unwanted)

    def undelivered(self, to: str | None) -> AsyncGenerator[bytes, None]:
        """The lines of an export. Raises Unknown, also where it is not clear of which."""
        served = self._served()
        _check(served, to)
        found = [entry for entry, _ in served if to in (None, entry.name)]
        if len(found) > 1:
            names = ", ".join(entry.name for entry in found)
            raise Unknown(
                Words(f"say for which CRM, with --to: {names}", f"بگویید برای کدام CRM: {names}")
            )
        entry = found[0]
        return Undelivered(self._journal, self._times, entry.name, entry.wanted).lines()


def _check(served: Sequence[tuple[Destination, Repeats]], to: str | None) -> None:
    names = [entry.name for entry, _ in served]
    if not names:
        raise Unknown(Words("this box has no CRM", "این دستگاه CRM ندارد."))
    if to is not None and to not in names:
        listed = ", ".join(names)
        raise Unknown(
            Words(
                f"there is no CRM {to}: it is one of {listed}",
                f"چنین CRMی نیست؛ یکی از این‌هاست: {listed}",
            )
        )


def _is_settled(position: Position, sequence: int) -> bool:
    """Whether it is delivered, parked or was not wanted."""
    return not any(
        lane.after < sequence and (lane.through is None or sequence <= lane.through)
        for lane in lanes(position)
    )
