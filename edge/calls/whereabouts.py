"""Where stored events are with each CRM: by its progress, by what it refused, by what it wants."""

from collections.abc import Sequence

from edge.delivery.choosing import Choice
from edge.journal.journal import Journal
from edge.journal.records import Position, Stored
from edge.local.calls_records import Delivery, DeliveryWord
from edge.site.site import Destination


async def whereabouts(
    events: Sequence[Stored], crms: Sequence[Destination], journal: Journal
) -> dict[int, tuple[Delivery, ...]]:
    """By sequence, each CRM in its order. `events` are in order, at least one."""
    found: dict[int, list[Delivery]] = {event.sequence: [] for event in events}
    for crm in crms:
        first, last = events[0].sequence, events[-1].sequence
        parked = await journal.parked(crm.name, first - 1, last)
        reasons = {each.sequence: each.reason for each in parked}
        wanted = {
            event.sequence for event in await Choice(crm.name, crm.wanted, journal).of(events)
        }
        position = journal.position(crm.name)
        for sequence, deliveries in found.items():
            state = _state(sequence, position, reasons, wanted)
            reason = reasons.get(sequence, "") if state == "parked" else ""
            deliveries.append(Delivery(destination=crm.name, state=state, reason=reason))
    return {sequence: tuple(deliveries) for sequence, deliveries in found.items()}


def _state(
    sequence: int, position: Position, parked: dict[int, str], wanted: set[int]
) -> DeliveryWord:
    if sequence in parked:
        return "parked"
    if sequence not in wanted:
        return "not-wanted"
    live = position.live
    if sequence <= position.cursor or (live and live[0] <= sequence <= live[1]):
        return "delivered"
    return "waiting"
