"""Events that were taken in from another box, under the ids that they have from there.

    here   … 50 │ 51 … 362 │ 363 …         a stretch of its own in this box's journal
    id            1a2b3c4d-901 … -1212     the other box's journal and sequence: lower by `shift`

Everything on this box counts by its own sequences. Only what leaves it, and what is said of that,
has the others. `source` names the box that sends: it took the other's place, and a CRM that knows
boxes by their keys takes no events of one from another.
"""

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from edge.delivery.cloudevents import encode_event
from edge.delivery.destination import Batch, Delivered
from edge.journal.journal import Journal
from edge.journal.records import Stored


def batch_of(journal: Journal, after: int, events: Sequence[Stored]) -> Batch:
    """Events of one origin as a batch."""
    origin = journal.origin(events[0].sequence)
    taken = journal.taken(events[0].sequence)
    if taken is None:
        return Batch(origin, journal.box, after, events)
    # What is before it is of another journal, and not to be told of in this one's numbers.
    return Batch(origin, journal.box, max(after, taken.first - 1), events, taken.shift)


def as_sent(batch: Batch) -> Batch:
    """With the sequences of the ids."""
    if not batch.shift:
        return batch
    events = [_lower(event, batch.shift) for event in batch.events]
    return replace(batch, after=batch.after - batch.shift, events=events, shift=0)


def as_stored(delivered: Delivered, batch: Batch) -> Delivered:
    """What was said of the ids of a batch, by the sequences of this box."""
    if not batch.shift:
        return delivered
    rejected = tuple(
        replace(each, sequence=each.sequence + batch.shift) for each in delivered.rejected
    )
    return replace(delivered, through=delivered.through + batch.shift, rejected=rejected)


def encoded(journal: Journal, event: Stored) -> bytes:
    """The event as it leaves this box."""
    taken = journal.taken(event.sequence)
    own = event if taken is None else _lower(event, taken.shift)
    return encode_event(journal.origin(event.sequence), journal.box, own)


def _lower(event: Stored, shift: int) -> Stored:
    return msgspec.structs.replace(event, sequence=event.sequence - shift)
