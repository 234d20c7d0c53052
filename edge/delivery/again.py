"""Sends one parked event once more, because somebody asked for it.

parked ──deliver alone──▶ stored: no longer parked │ refused: parked, with the new reason
                          not reached: as it was, and told
"""

from edge.delivery.destination import BadBatch, DeliveryError
from edge.delivery.numbered import batch_of
from edge.delivery.retimed import Retimed
from edge.journal.journal import Journal
from edge.local.calls_records import Sent


class NotNow(Exception):
    """The CRM cannot be asked; the text says why and what to do."""


async def send_again(
    name: str, sequence: int, journal: Journal, destination: Retimed
) -> Sent | None:
    """None where the event is not parked there. Raises NotNow and JournalFailed."""
    if not await journal.parked(name, sequence - 1, sequence):
        return None
    events = await journal.read(sequence - 1, 1)
    if not events or events[0].sequence != sequence:
        await journal.unpark(name, [sequence])
        return Sent(sequence=sequence, stored=False, reason="the event is not stored any more")
    batch = batch_of(journal, sequence - 1, events)
    try:
        delivered = await destination.deliver(batch, destination.pack(batch))
    except BadBatch as refusal:
        return await _refused(name, sequence, refusal.reason, journal)
    except DeliveryError as trouble:
        raise NotNow(trouble.advice) from trouble
    if delivered.rejected:
        return await _refused(name, sequence, delivered.rejected[0].reason, journal)
    if delivered.through < sequence:
        raise NotNow("The CRM answers, but stores nothing.")
    await journal.unpark(name, [sequence])
    return Sent(sequence=sequence, stored=True)


async def _refused(name: str, sequence: int, reason: str, journal: Journal) -> Sent:
    await journal.park(name, [(sequence, reason)], None)
    return Sent(sequence=sequence, stored=False, reason=reason)
