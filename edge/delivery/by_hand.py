"""What a technician asks of the delivery: old events once more, or what waits in a file.

Both take the way that the destination's own events take: filtered, with the times that are known
now, and under the ids that they have.
"""

from collections.abc import AsyncGenerator, Mapping

from edge.delivery.choosing import Choice
from edge.delivery.destinations import catalog as destinations
from edge.delivery.export import Undelivered
from edge.delivery.lanes import lanes
from edge.delivery.receipt import Stretch
from edge.delivery.repeats import Repeats
from edge.delivery.retimed import Times
from edge.journal.journal import Journal
from edge.journal.records import Position
from edge.local.resent import Resent, ResentTo
from edge.site import Destination


class ByHand:
    """Of one running box. Every method raises JournalFailed."""

    def __init__(self, journal: Journal, times: Times) -> None:
        self._journal = journal
        self._times = times
        self._served: Mapping[str, tuple[Destination, Repeats]] = {}

    def serve(self, served: Mapping[str, tuple[Destination, Repeats]]) -> None:
        """By name, the destinations from now on."""
        self._served = served

    async def resend(self, stretch: Stretch, to: str | None) -> Resent:
        """Let a stretch go once more, to one destination or all for which that is harmless."""
        first, last = stretch
        if problem := self._unknown(to):
            return Resent(problem=problem)
        if last > self._journal.last:
            newest = self._journal.last
            return Resent(problem=f"the last event is {newest}: there is no {last} yet")
        held = await self._journal.count(first, last)
        sent = [
            await self._resend(stretch, entry, repeats)
            for name, (entry, repeats) in self._served.items()
            if to in (None, name)
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

    def undelivered(self, to: str | None) -> AsyncGenerator[bytes, None] | str:
        """The lines of an export; or what is wrong with the request."""
        if problem := self._unknown(to):
            return problem
        if to is None and len(self._served) != 1:
            return f"say for which destination, with --to: {self._names}"
        name = to or next(iter(self._served))
        wanted = self._served[name][0].wanted
        return Undelivered(self._journal, self._times, name, wanted).lines()

    def _unknown(self, to: str | None) -> str:
        if to is None and not self._served:
            return "this box has no destination"
        if to is not None and to not in self._served:
            return f"there is no destination {to}: {self._names}"
        return ""

    @property
    def _names(self) -> str:
        return "it is one of " + ", ".join(self._served) if self._served else "there is none at all"


def _is_settled(position: Position, sequence: int) -> bool:
    """Whether it is delivered, parked or was not wanted."""
    return not any(
        lane.after < sequence and (lane.through is None or sequence <= lane.through)
        for lane in lanes(position)
    )
