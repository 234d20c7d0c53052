"""Stored events as CloudEvents 1.0 JSON, the form in which every CRM gets them.

    {"specversion": "1.0", "id": "5f3a9c01-42", "source": "/boxes/mashhad/pbx1", …, "data": {…}}

`timenotbefore` and `timenotafter` stand where the time is estimated and these bounds are known.
The data lies in the journal as JSON and is passed on as it is, neither read nor built again.
"""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Raw, Struct
from msgspec.json import Encoder

from edge.journal.records import Stored

MAX_EVENTS = 500
MAX_BODY = 1024 * 1024
# Of a full body, what the journal may fill: no envelope is longer than 500 bytes.
MAX_DATA = MAX_BODY - MAX_EVENTS * 500

_ENCODER = Encoder()


class _CloudEvent(Struct, frozen=True, omit_defaults=True, gc=False):
    specversion: str
    id: str
    source: str
    type: str
    time: datetime
    datacontenttype: str
    sequence: str
    timequality: str
    data: Raw
    subject: str | None = None
    timenotbefore: datetime | None = None
    timenotafter: datetime | None = None


def event_id(journal: str, sequence: int) -> str:
    """The id by which a CRM knows an event again."""
    return f"{journal}-{sequence}"


def _envelope(journal: str, box: str, event: Stored) -> _CloudEvent:
    sequence = str(event.sequence)
    return _CloudEvent(
        "1.0",
        f"{journal}-{sequence}",
        f"/boxes/{box}/{event.device}",
        event.type,
        event.time,
        "application/json",
        sequence,
        event.timequality,
        Raw(event.data),
        event.subject or None,
        event.not_before,
        event.not_after,
    )


def encode_event(journal: str, box: str, event: Stored) -> bytes:
    """One CloudEvents JSON object."""
    return _ENCODER.encode(_envelope(journal, box, event))


def encode_batch(journal: str, box: str, events: Iterable[Stored]) -> bytes:
    """A CloudEvents JSON batch: an array, in the order given."""
    return _ENCODER.encode([_envelope(journal, box, event) for event in events])
