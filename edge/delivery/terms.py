"""On what terms a destination is served."""

from dataclasses import dataclass, field

from edge.delivery.backoff import Pace
from edge.delivery.cloudevents import MAX_EVENTS
from edge.delivery.restraint import Restraint
from edge.delivery.wanted import Wanted


@dataclass(frozen=True, slots=True)
class Terms:
    """pace: how soon after a failure. restraint: what the line is spared.

    most_events: how many one request may hold. wanted: which events it gets at all.
    """

    pace: Pace = field(default_factory=Pace)
    restraint: Restraint = field(default_factory=Restraint)
    most_events: int = MAX_EVENTS
    wanted: Wanted = field(default_factory=Wanted)
