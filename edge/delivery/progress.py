"""Where a destination stands; for `payvand status`, the checks and the page."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

State = Literal["working", "retrying", "refused", "idle"]


class Progress(Struct, frozen=True, kw_only=True):
    """cursor: all up to it is stored there or parked. backlog: events that are not.

    behind: how many of these newer events go ahead of, 0 while all go in order. behind_waits:
    seconds until they go on, where a setting of the line holds them up, else None. since: when it
    began or ceased to deliver. last_answer: what came back last, short. advice: what is wrong and
    what to do, empty when nothing is. next_try_in: seconds, None when no attempt is being waited
    for. delivered, wire_bytes: events, and bytes on the wire, since the start. repeats: sequences
    that are looked at once more.
    """

    name: str
    cursor: int
    backlog: int
    behind: int
    behind_waits: float | None
    state: State
    since: datetime
    last_answer: str
    last_ok_at: datetime | None
    parked: int
    advice: str
    next_try_in: float | None
    delivered: int
    wire_bytes: int
    repeats: int
