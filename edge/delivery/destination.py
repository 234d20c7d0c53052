"""What the house asks of a destination, and the errors that a destination answers with.

    forwarder ──pack(batch)──▶ body ──deliver(batch, body)──▶ Delivered | TryLater | TooBig | …

An error is named by the reaction it asks for; the forwarder is the only place that catches them.
Any other exception is a fault of our own: the forwarder closes the destination and starts it anew.
None of them loses an event: it is sent again, in smaller batches, or parked with the reason.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from typing import Any, Protocol, runtime_checkable

from drivers.contract import Settings
from edge.commands.source import CommandSource
from edge.delivery.cloudevents import MAX_EVENTS
from edge.delivery.connection import Connection
from edge.delivery.identity import IdentityFile
from edge.delivery.receipt import ReceiptTaker
from edge.intake.peer_time import PeerTime
from edge.journal.records import Stored


@dataclass(frozen=True, slots=True)
class Batch:
    """Events of one journal, rising, at least one. All up to `after` were settled before.

    Sequences missing between `after` and `last` are parked or filtered, not lost. shift: by so much
    they are higher than in the ids of the events, where these come from another box.
    """

    journal: str
    box: str
    after: int
    events: Sequence[Stored]
    shift: int = 0

    @property
    def first(self) -> int:
        return self.after + 1

    @property
    def last(self) -> int:
        return self.events[-1].sequence

    def halves(self) -> tuple["Batch", "Batch"]:
        """Two batches of at least one event each; for a batch of two or more."""
        middle = len(self.events) // 2
        left = replace(self, events=self.events[:middle])
        return left, replace(self, after=left.last, events=self.events[middle:])


@dataclass(frozen=True, slots=True)
class Rejected:
    """One event that the destination will never take, and why, in its own words."""

    sequence: int
    reason: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """All events up to `through` are stored there, except the rejected, which lie in the batch.

    heard: the destination's clock, if it showed it and can be believed.
    """

    through: int
    rejected: tuple[Rejected, ...]
    answer: str
    heard: PeerTime | None = None


class DeliveryError(Exception):
    """`answer`: what came back, short. `advice`: one sentence, what is wrong and what to do.

    Neither holds the far end's own words, which may name a telephone number: both are logged.
    """

    def __init__(self, answer: str, advice: str) -> None:
        super().__init__(advice)
        self.answer = answer
        self.advice = advice


class TryLater(DeliveryError):
    """Not reached, or not able now: send the same again, after `seconds` if it named a time."""

    def __init__(self, answer: str, advice: str, seconds: float | None = None) -> None:
        super().__init__(answer, advice)
        self.seconds = seconds


class TooSlow(TryLater):
    """No answer in time: send again later, and less at once."""


class NotAllowed(DeliveryError):
    """Somebody must act there or in the settings: raise the alarm, ask again slowly."""


class BadBatch(DeliveryError):
    """Something in the batch is refused for good: halve it, or park the one event with `reason`.

    `reason` may hold the far end's words; it goes to the journal, never to a log.
    """

    def __init__(self, answer: str, reason: str) -> None:
        super().__init__(answer, "An event was refused; it is parked with the reason.")
        self.reason = reason


class TooBig(BadBatch):
    """As BadBatch, and the next batches should be smaller too."""


class Notebook(Protocol):
    """What a destination must know again after a restart, such as the CRM's names of our calls."""

    async def read(self) -> dict[str, bytes]:
        """All of it."""

    async def write(self, *notes: tuple[str, bytes | None]) -> None:
        """Save, or with None forget, by key; all of these or none. Returns when it is on disk."""


@dataclass(frozen=True, slots=True)
class Branch:
    """What a destination may know of the box that it serves.

    box: 12 hex digits. zone: of the site. notebook: this destination's own. age: seconds since an
    event happened, by the monotonic clock; infinite for one of an earlier boot. now: the time of
    day, None while nobody knows it. settled: all events up to this sequence are settled there.
    identity: the box's key, for a CRM that knows boxes by it. connection: how this destination is
    reached.
    """

    box: str
    zone: tzinfo
    notebook: Notebook
    age: Callable[[Stored], float]
    now: Callable[[], datetime | None]
    settled: Callable[[], int] = lambda: 0
    identity: IdentityFile | None = None
    connection: Connection = field(default_factory=Connection)


class Destination(Protocol):
    """One CRM. What a restart may not lose is in the branch's notebook."""

    @property
    def wire_bytes(self) -> int:
        """What its connections have cost so far, both ways, headers and TLS among it."""

    async def start(self) -> None:
        """Import and open what delivering needs; connects to nobody."""

    def pack(self, batch: Batch) -> bytes:
        """The body for `deliver`; of many events in a thread, while others are under way."""

    async def deliver(self, batch: Batch, body: bytes) -> Delivered:
        """Send once. Raises DeliveryError; a repeat of the same events is harmless."""

    async def close(self) -> None:
        """Give back what `start` opened; harmless twice. Another `start` may follow."""


@runtime_checkable
class TellsTime(Protocol):
    """A destination that can be asked for the time without sending it an event."""

    async def ask_time(self, journal: str) -> PeerTime | None:
        """Its clock, None if it shows none. Raises TryLater when it cannot be reached."""


@dataclass(frozen=True, slots=True)
class DestinationSpec:
    """One line of the destination table. `destination` takes the checked settings.

    most_events: how many one `deliver` is given at most. commands: where the CRM's commands come
    from; None where it gives none. receipts: who compares what was sent; None where nobody does.
    repeats_harm: what sending an old event once more would do there; empty where ids make it
    harmless.
    """

    name: str
    titles: Mapping[str, str]
    settings: type[Settings]
    destination: Callable[[Any, Branch], Destination]
    most_events: int = MAX_EVENTS
    commands: Callable[[Any, Branch], CommandSource | None] = lambda _settings, _branch: None
    receipts: Callable[[Any, Branch], ReceiptTaker] | None = None
    repeats_harm: str = ""
