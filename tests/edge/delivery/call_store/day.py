"""A made-up day of calls of every kind, the same for a seed: what is delivered between kills."""

from datetime import datetime, timedelta
from random import Random
from typing import Any

import msgspec

from edge.journal.records import Sealed
from tests.edge.delivery.call_store.office import case

KINDS = (
    "incoming-answered",
    "incoming-missed",
    "withheld",
    "outgoing",
    "ring-group",
    "transferred",
    "corrected",
    "replayed",
    "ended-only",
)
_AT_ONCE = 3
_TIMES = ("started_at", "answered_at", "ended_at")


def day(calls: int, seed: int) -> list[Sealed]:
    """The events, those of up to three calls mixed; call n is `k<n>` and has its own number."""
    rng = Random(seed)
    waiting = [_call(number, rng.choice(KINDS)) for number in range(calls)]
    going: list[list[Sealed]] = []
    events = []
    while waiting or going:
        while waiting and len(going) < _AT_ONCE:
            going.append(waiting.pop(0))
        call = rng.choice(going)
        events.append(call.pop(0))
        if not call:
            going.remove(call)
    return events


def _call(number: int, kind: str) -> list[Sealed]:
    return [_changed(event, number) for event in case(kind) if event.subject == "call/c1"]


def _changed(event: Sealed, number: int) -> Sealed:
    data: dict[str, Any] = msgspec.json.decode(event.data)
    call_id = f"k{number}"
    later = timedelta(minutes=number)
    times = {name: _moved(data[name], later) for name in _TIMES}
    data |= {"call_id": call_id, **times}
    if data["number"]:
        data |= {"number": f"+98912{number:07}", "number_raw": f"0912{number:07}"}
    return msgspec.structs.replace(
        event,
        subject=f"call/{call_id}",
        time=event.time + later,
        data=msgspec.json.encode(data),
    )


def _moved(time: str | None, by: timedelta) -> datetime | None:
    return datetime.fromisoformat(time) + by if time else None
