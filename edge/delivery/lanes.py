"""In which order the journal goes out: straight on, or after an outage what is new first.

    straight on     settled ─────────── cursor │ waiting ──────────────────────────▶
    after an outage settled ─ cursor │ backlog ──────▶ │ first ─ live, settled ─ last │ new ──▶

Where more than a batch waits, a live range begins behind the newest event. From then on new events
go first, as they come, and in between the backlog goes, the oldest first, until it meets the live
range and both are one again.

A destination has one live range at most. When another outage left more than a batch behind it, it
is given up for a new one: what it held goes once more in its turn, and ids make that harmless.
"""

from dataclasses import dataclass

from edge.delivery.cloudevents import MAX_EVENTS
from edge.journal.records import Position


@dataclass(frozen=True, slots=True)
class Lane:
    """A stretch of the journal that goes out in order: above `after`, up to `through`.

    A `through` of None goes on with each new event.
    """

    after: int
    through: int | None

    @property
    def is_backlog(self) -> bool:
        """Whether newer events go ahead of it."""
        return self.through is not None


def lanes(position: Position) -> tuple[Lane, ...]:
    """What is still to go; of two the first goes whenever it has something."""
    if position.live is None:
        return (Lane(position.cursor, None),)
    first, last = position.live
    return (Lane(last, None), Lane(position.cursor, first - 1))


def moved(position: Position, lane: Lane, to: int) -> Position:
    """The position after all of a lane up to `to` was settled."""
    if position.live is None:
        return Position(to)
    first, _ = position.live
    if not lane.is_backlog:
        return Position(position.cursor, (first, to))
    return joined(position) if to >= first - 1 else Position(to, position.live)


def joined(position: Position) -> Position:
    """The position after nothing was left of the backlog."""
    return position if position.live is None else Position(position.live[1])


def parted(position: Position, newest: int, *, after_outage: bool) -> Position:
    """With a live range behind the newest event if that is due, else as it was."""
    behind = newest - (position.cursor if position.live is None else position.live[1])
    if behind <= MAX_EVENTS or (position.live is not None and not after_outage):
        return position
    return Position(position.cursor, (newest + 1, newest))


def plan(position: Position) -> int | None:
    """What stays the same as long as the lanes only grow shorter."""
    return None if position.live is None else position.live[0]
