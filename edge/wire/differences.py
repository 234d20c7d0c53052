"""What two readings of the same bytes make of their calls, where they differ.

Each call counts as its last event has it. Calls of the two sides belong together that have the same
line, direction and end, or, where the end differs, the same line and number within two minutes; the
id of a call is no difference.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from edge.errors import BadInput

NEAR_SECONDS = 120.0
_NO_DIFFERENCE = {"call_id", "test"}

Data = Mapping[str, Any]


def final_calls(lines: Iterable[bytes], device: str | None = None) -> list[Data]:
    """Of each call the data of its last event, in the order in which the calls began to be told.

    The lines are events as `payvand decode` or `payvand events` prints them; `device` leaves out
    those of all others. Raises BadInput.
    """
    calls: dict[str, Data] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            event = msgspec.json.decode(line, type=dict[str, Any])
            kind, data, source = str(event["type"]), event["data"], str(event.get("source", ""))
        except (msgspec.MsgspecError, KeyError) as error:
            raise BadInput(
                f"line {number} of the other events is no event: give what `payvand decode` or"
                " `payvand events` printed"
            ) from error
        if kind.startswith("call.") and (device is None or source.endswith(f"/{device}")):
            calls[str(data["call_id"])] = data
    return list(calls.values())


def differences(here: Iterable[Data], there: Iterable[Data]) -> Iterator[bytes]:
    """One JSON object a line: `only` here or there with the call, or `differs` by field."""
    left = list(there)
    for call in here:
        other = _same(call, left)
        if other is None:
            yield msgspec.json.encode({"only": "here", "call": call})
            continue
        left.remove(other)
        fields = {
            name: {"here": call.get(name), "there": other.get(name)}
            for name in call
            if name not in _NO_DIFFERENCE and call.get(name) != other.get(name)
        }
        if fields:
            about = {name: call.get(name) for name in ("direction", "line", "ended_at")}
            yield msgspec.json.encode({"differs": fields, "call": about})
    for call in left:
        yield msgspec.json.encode({"only": "there", "call": call})


def _same(call: Data, others: list[Data]) -> Data | None:
    plain = ("direction", "line", "number_raw", "ended_at", "device_time")
    for keys in (plain, ("direction", "line", "ended_at")):
        for other in others:
            if all(call.get(key) == other.get(key) for key in keys):
                return other
    near = [
        (away, at)
        for at, other in enumerate(others)
        if call.get("line") == other.get("line")
        and call.get("number_raw") == other.get("number_raw")
        and (away := _apart(call, other)) <= NEAR_SECONDS
    ]
    return others[min(near)[1]] if near else None


def _apart(call: Data, other: Data) -> float:
    times = [_time(each) for each in (call, other)]
    if times[0] is None or times[1] is None:
        return NEAR_SECONDS + 1
    return abs((times[0] - times[1]).total_seconds())


def _time(call: Data) -> datetime | None:
    text = call.get("ended_at") or call.get("started_at")
    return datetime.fromisoformat(text) if isinstance(text, str) else None
