"""On what terms a destination is served."""

from dataclasses import dataclass, field

from edge.delivery.backoff import Pace
from edge.delivery.cloudevents import MAX_EVENTS
from edge.delivery.restraint import Restraint


@dataclass(frozen=True, slots=True)
class Terms:
    """pace: how soon after a failure. restraint: what the line is spared.

    most_events: how many one request may hold.
    """

    pace: Pace = field(default_factory=Pace)
    restraint: Restraint = field(default_factory=Restraint)
    most_events: int = MAX_EVENTS
