"""Leaves out of what was read what a destination does not want (wanted.py has the rules).

    events ──device, direction, number──▶ wanted
                                ▲
      earlier events of the same calls, from the journal, for those that show no number themselves

The verdict depends on nothing but the event and those of its call before it, so that it is the same
in each lane, ahead of its turn, and after a restart.
"""

from collections import defaultdict
from collections.abc import Sequence

from edge.delivery.earlier import WINDOW
from edge.delivery.wanted import Numbers, Shown, Wanted, direction, goes_on, is_traffic, shown
from edge.journal.journal import Journal
from edge.journal.records import Stored


class Choice:
    """Chooses for the destination of a name. Raises JournalFailed."""

    def __init__(self, name: str, wanted: Wanted, journal: Journal) -> None:
        self._name = name
        self._wanted = wanted
        self._journal = journal
        self._only = None if wanted.only_numbers is None else Numbers.of(wanted.only_numbers)
        self._but = None if wanted.all_but_numbers is None else Numbers.of(wanted.all_but_numbers)
        self._by_number = self._only is not None or self._but is not None
        self._by_direction = bool(wanted.only_directions or wanted.all_but_directions)
        self._everything = wanted == Wanted()

    async def of(self, events: Sequence[Stored]) -> list[Stored]:
        """The wanted ones of events in order."""
        mine = [event for event in events if self._is_mine(event.sequence)]
        if self._everything:
            return mine
        left = [event for event in mine if self._device(event.device)]
        seen = {
            event.sequence: shown(event)
            for event in left
            if is_traffic(event) and (self._by_number or self._by_direction)
        }
        unclear = [event for event in left if self._is_unclear(event, seen.get(event.sequence))]
        before = await self._before(unclear, seen) if unclear else {}
        return [
            event
            for event in left
            if event.sequence not in seen
            or self._wants(event, seen[event.sequence], before.get(event.sequence, ()))
        ]

    def _is_mine(self, sequence: int) -> bool:
        taken = self._journal.taken(sequence)
        return taken is None or taken.destination == self._name

    def _device(self, key: str) -> bool:
        only, but = self._wanted.only_devices, self._wanted.all_but_devices
        return (only is None or key in only) and (but is None or key not in but)

    def _is_unclear(self, event: Stored, seen: Shown | None) -> bool:
        """Whether the events before it decide."""
        if seen is None or event.subject is None:
            return False
        if self._by_direction and direction(event, seen) is None:
            return True
        return self._by_number and not seen.has_number and not goes_on(event, seen)

    def _wants(self, event: Stored, seen: Shown, before: Sequence[Shown]) -> bool:
        found = [direction(event, seen), *(earlier.direction for earlier in before)]
        way = next((each for each in found if each is not None), None)
        only, but = self._wanted.only_directions, self._wanted.all_but_directions
        if (only is not None and way not in only) or (but is not None and way in but):
            return False
        if not self._by_number:
            return True
        party = next((each for each in (seen, *before) if each.has_number), None)
        if party is None:
            return self._only is None and not goes_on(event, seen)
        return (self._only is None or self._only.hold(party)) and not (
            self._but is not None and self._but.may_hold(party)
        )

    async def _before(
        self, unclear: Sequence[Stored], seen: dict[int, Shown]
    ) -> dict[int, list[Shown]]:
        """What the earlier events of the same call showed, the latest first, by sequence."""
        begin = max(0, unclear[0].sequence - 1 - WINDOW)
        subjects = {event.subject for event in unclear if event.subject}
        of_call: dict[str | None, list[Stored]] = defaultdict(list)
        for event in await self._journal.find(subjects, begin, unclear[-1].sequence):
            of_call[event.subject].append(event)
        return {
            event.sequence: [
                seen.get(each.sequence) or shown(each)
                for each in reversed(of_call[event.subject])
                if each.sequence < event.sequence
            ]
            for event in unclear
        }
