"""The calls of a running edge, as a page asks for them."""

from collections.abc import Callable, Sequence

from edge.calls.chosen import chosen
from edge.calls.index import REACH, CallIndex
from edge.calls.masking import masked
from edge.calls.row import AllNames, Names, row
from edge.calls.whereabouts import whereabouts
from edge.intake.clock import BoxClock
from edge.journal.journal import Journal
from edge.journal.records import Stored
from edge.journal.retime import corrected
from edge.local.calls_records import CallPage, CallQuery, CallRow, CallStory, StoryEvent
from edge.site.site import Destination, Site

MOST = 200
_EARLIER = 2000
"""Sequences before the first known event of a call, where there may be more of it."""


class Calls:
    """site: as it is now. crms: those that are served."""

    def __init__(
        self,
        journal: Journal,
        clock: BoxClock,
        site: Callable[[], Site],
        crms: Callable[[], Sequence[Destination]],
    ) -> None:
        self.index = CallIndex(journal, clock)
        self._journal = journal
        self._clock = clock
        self._site = site
        self._crms = crms

    async def page(self, query: CallQuery, *, in_full: bool) -> CallPage:
        """in_full: numbers and names of people as they are. Raises JournalFailed."""
        known = await self.index.calls(self.names())
        # Masked before they are chosen, so that nobody finds by asking what he may not see.
        calls = [each.call if in_full else masked(each.call) for each in known]
        found = chosen(calls, query, self._site().zone)
        skip, most = max(0, query.skip), min(MOST, max(0, query.most))
        return CallPage(calls=tuple(found[skip : skip + most]), found=len(found), reach=REACH)

    async def story(self, call_id: str, *, in_full: bool) -> CallStory | None:
        """None where it is none of the last calls. Raises JournalFailed."""
        names = self.names()
        known = await self.index.find(call_id, names)
        if known is None:
            return None
        after = max(0, known.first - 1 - _EARLIER)
        events = await self._journal.find([f"call/{call_id}"], after, known.call.last)
        where = await whereabouts(events, self._crms(), self._journal) if events else {}
        return CallStory(
            call=known.call if in_full else masked(known.call),
            events=tuple(
                StoryEvent(
                    sequence=event.sequence,
                    type=event.type,
                    time=event.time,
                    timequality=event.timequality,
                    call=call,
                    deliveries=where[event.sequence],
                )
                for event in events
                if (call := self.row(event, names, in_full=in_full))
            ),
        )

    def row(self, event: Stored, names: AllNames, *, in_full: bool) -> CallRow | None:
        """A stored event as a row, None where it is of no call."""
        call = row(corrected(event, self._clock.timeline), names)
        return call if call is None or in_full else masked(call)

    def names(self) -> AllNames:
        """Of the lines and extensions of each device."""
        return {
            device.key: Names(
                getattr(device.settings, "line_names", {}),
                getattr(device.settings, "extension_names", {}),
            )
            for device in self._site().device
        }
