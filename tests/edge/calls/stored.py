"""Calls as an edge stores them, with numbers that tell which is which."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from edge.intake.seal import CallData
from edge.journal.records import Sealed
from tests.edge.plain_event import PLAIN

BEGIN = datetime(2026, 11, 1, 6, 0, tzinfo=UTC)
STAGES = ("ringing", "answered", "ended")
_PLAIN = CallData(
    call_id="",
    direction="incoming",
    line="04",
    extension="109",
    number="",
    number_raw="",
    number_status="ok",
    name=None,
    did=None,
    started_at=None,
    answered_at=None,
    ended_at=None,
    ring_seconds=6,
    talk_seconds=None,
    outcome=None,
    legs=(),
    hidden_extensions=(),
    account_code=None,
    time_resolution="second",
    device_time=None,
    test=False,
)


def event(number: int, stage: str, **fields: Any) -> Sealed:  # noqa: ANN401 - of CallData
    """The call of that number: every ten minutes one."""
    at = BEGIN + timedelta(minutes=10 * number)
    own: dict[str, Any] = {
        "call_id": f"b-{number}",
        "number": f"+98912{number:07}",
        "number_raw": f"0912{number:07}",
        "started_at": at,
        "outcome": "answered" if stage == "ended" else None,
    }
    data = msgspec.structs.replace(_PLAIN, **(own | fields))
    return msgspec.structs.replace(
        PLAIN,
        type=f"call.{stage}",
        subject=f"call/{data.call_id}",
        time=at,
        timequality="synced",
        data=msgspec.json.encode(data),
    )


def calls(count: int, first: int = 0) -> Iterator[Sealed]:
    """Each rings, is answered and ends, while the next one rings already."""
    for number in range(first, first + count):
        yield event(number, "ringing")
        if number > first:
            yield event(number - 1, "answered")
            yield event(number - 1, "ended")
    yield event(first + count - 1, "answered")
    yield event(first + count - 1, "ended")
