"""A destination's progress as `payvand status` and the page have it."""

from edge.commands.listener import Listener
from edge.delivery.progress import Progress, State
from edge.delivery.receipts import Accounting
from edge.local.status import DestinationStatus, DestinationWord

_WORDS: dict[State, DestinationWord] = {
    "working": "delivering",
    "idle": "delivering",
    "retrying": "retrying",
    "refused": "stopped",
}


def shown(
    kind: str, progress: Progress, listener: Listener | None, account: Accounting | None
) -> DestinationStatus:
    """With what its listener and its accounting say, where it has them."""
    return DestinationStatus(
        name=progress.name,
        kind=kind,
        state=_WORDS[progress.state],
        code=progress.last_answer,
        advice=progress.advice,
        since=progress.since,
        cursor=progress.cursor,
        backlog=progress.backlog,
        behind=progress.behind,
        behind_waits=progress.behind_waits,
        parked=progress.parked,
        last_ok_at=progress.last_ok_at,
        next_try_in=progress.next_try_in,
        delivered=progress.delivered,
        wire_bytes=progress.wire_bytes,
        commands=listener.advice if listener else "",
        repeats=progress.repeats,
        receipts=account.status if account else None,
    )
