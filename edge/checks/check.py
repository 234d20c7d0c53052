"""What a health check is given, and what it answers.

    Seen, frozen: status, counters, readings ─▶ look(seen, raised) ─▶ Finding, Unsure, or nothing

A check is a pure function in a file of its own: it reads no clock and no file, time is in `seen`.
`raised` are its issues of the last round, so that it can clear one later than it raised it.
"""

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal

from drivers.contract import Moment
from edge.checks.card_reading import SeenCard
from edge.checks.habit import Silence
from edge.journal.records import Recovery
from edge.local.issue import BOX, Severity, Unsure, Words
from edge.local.status import DestinationStatus, DeviceStatus, Status

__all__ = ["BOX", "UP", "Check", "Finding", "Raised", "Seen", "Unsure", "Words"]

UP = ("online", "quiet")
"""The states of a device whose link is up."""

Raised = AbstractSet[tuple[str, str]]
"""The issues that are raised, as (code, concerns)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong; see edge.local.issue.Issue."""

    code: str
    concerns: str
    cause: Words
    advice: Words
    severity: Severity = "alarm"

    @property
    def key(self) -> tuple[str, str]:
        return (self.code, self.concerns)


@dataclass(frozen=True, slots=True)
class SeenDevice:
    """One device.

    hour_calls, hour_unrecognized: counted in the last hour, or since the start. silence: set where
    it has been silent for longer than it uses to be; told only while its link is up.
    """

    status: DeviceStatus
    hour_calls: int = 0
    hour_unrecognized: int = 0
    silence: Silence | None = None


@dataclass(frozen=True, slots=True)
class SeenDestination:
    """One destination.

    steady: seconds for which it has been seen in this state. oldest_waits: at least so many seconds
    its oldest undelivered event has waited, None where none waits.
    """

    status: DestinationStatus
    steady: float = 0.0
    oldest_waits: float | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything that the checks look at, as of one moment.

    waits: why the journal cannot be written now. recovered: what was saved of a damaged one at the
    start of the process. card: the disk below the journal, None where none can be told.
    """

    now: Moment
    status: Status
    waits: str | None = None
    recovered: Recovery | None = None
    card: SeenCard | None = None
    devices: tuple[SeenDevice, ...] = ()
    destinations: tuple[SeenDestination, ...] = ()


EventType = Literal["box.alarm", "device.alarm", "device.quiet"]
Look = Callable[[Seen, Raised], Iterable[Finding | Unsure]]


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the table.

    event: what an issue becomes; None where another part of the edge met it first and stores the
    event, so that nothing is told twice.
    """

    name: str
    title: Words
    look: Look
    event: EventType | None
