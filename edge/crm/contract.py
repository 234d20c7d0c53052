"""What a box sends, and the CRM's judgement of it: bytes in, verdicts out, no I/O.

    Payvand-Range: 1a2b3c4d 41-43
    [{"id": "1a2b3c4d-41", "sequence": "41", "type": "call.ended", "data": {…}, …}, {…}, {…}]

Two things can be wrong. The request: it is no JSON list, has too many events, or its header and
its ids tell different stories; then nothing of it is taken and the sender must send it otherwise.
Or one event, by `schemas/`: it alone is refused, with a reason, and the others stand. An event
without a readable id cannot be refused by name, so it makes the request unreadable; the sender,
halving, finds it. Types that have no schema are taken as they are.
"""

import json
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import fastjsonschema
import msgspec
from msgspec import Raw, Struct

from edge.crm.answers import UNREADABLE, BadRequest, TooLarge

MOST_EVENTS = 500
MOST_BYTES = 1 << 20  # of a request's body as it comes over the wire
MOST_BYTES_UNPACKED = 8 << 20
SEQUENCE = r"(0|[1-9][0-9]{0,17})"  # 18 digits always fit into SQLite's 64-bit integer
RANGE = re.compile(rf"([0-9a-f]{{8}}) {SEQUENCE}-{SEQUENCE}")
ID = re.compile(rf"([0-9a-f]{{8}})-{SEQUENCE}")
CALLS = frozenset({"call.ringing", "call.answered", "call.updated", "call.ended"})
SCHEMAS = Path(__file__).parent / "schemas"
# Given a type and a sequence: why the event is refused although nothing is wrong with it, or None.
Whim = Callable[[str, int], str | None]
Check = Callable[..., object]


class Rejection(Struct, frozen=True):
    id: str
    reason: str


class Range(NamedTuple):
    """The part of a box's journal that a request covers."""

    journal: str
    first: int
    last: int


class Verdict(NamedTuple):
    """One event with what was decided of it; a row of the store. `reason` None: it is taken."""

    journal: str
    sequence: int
    call_id: str | None
    reason: str | None
    raw: Raw


class Batch(NamedTuple):
    """A readable request.

    unkept: events whose ids are no ids of a box, so they have no place. results: of commands, as
    box, id, state and detail.
    """

    range: Range
    verdicts: list[Verdict]
    unkept: list[Rejection]
    results: list[tuple[str, str, str, str]]


def read_range(header: str | None) -> Range:
    """Read `Payvand-Range`. Raises BadRequest."""
    found = RANGE.fullmatch(header or "")
    if not found or int(found[2]) > int(found[3]):
        raise BadRequest("header Payvand-Range must read '<journal> <first>-<last>'")
    return Range(found[1], int(found[2]), int(found[3]))


def read_batch(
    body: bytes, span: Range, box: str | None = None, whim: Whim = lambda _type, _sequence: None
) -> Batch:
    """Judge an unpacked body event by event. Raises BadRequest and TooLarge for the whole.

    box: who sent it, where that is known; then all events must be of that box.
    """
    try:
        raws = msgspec.json.decode(body, type=list[Raw])
        events = [msgspec.json.decode(raw) for raw in raws]
    except UNREADABLE as error:
        raise BadRequest(f"the body is no JSON list of events in UTF-8: {error}") from error
    if len(raws) > MOST_EVENTS:
        raise TooLarge(f"{len(raws)} events: send {MOST_EVENTS} at most")
    batch = Batch(span, [], [], [])
    for event, raw in zip(events, raws, strict=True):
        name = event.get("id") if isinstance(event, dict) else None
        if not (isinstance(name, str) and name):
            raise BadRequest("an event of the list has no readable id")
        if not (found := ID.fullmatch(name)):
            batch.unkept.append(Rejection(name, "id is not '<journal>-<sequence>'"))
            continue
        sequence = int(found[2])
        if found[1] != span.journal or not span.first <= sequence <= span.last:
            raise BadRequest(f"event {name} is outside of the range that Payvand-Range names")
        reason = _wrong(event, found[2], box) or whim(event["type"], sequence)
        call_id = None if reason or event["type"] not in CALLS else event["data"]["call_id"]
        batch.verdicts.append(Verdict(span.journal, sequence, call_id, reason, raw))
        if reason is None and event["type"] == "command.result":
            told, ordered = event["data"], event["source"].split("/")[2]
            batch.results.append((ordered, told["command_id"], told["state"], told["detail"]))
    return batch


def _wrong(event: dict[str, Any], sequence: str, box: str | None) -> str | None:
    try:
        _envelope(event, name_prefix="event")
        if check := _data.get(event["type"]):
            check(event["data"], name_prefix="event.data")
    except fastjsonschema.JsonSchemaValueException as error:
        return str(error)
    if event["sequence"] != sequence:
        return f"sequence '{event['sequence']}' is not the one in the id"
    if box is not None and not event["source"].startswith(f"/boxes/{box}/"):
        return f"source {event['source']} is not of box {box}, whose key signed the request"
    return None


def _schema(file: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((SCHEMAS / file).read_text("utf-8"))
    return schema


def _is_moment(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _check(schema: dict[str, Any]) -> Check:
    """Raises JsonSchemaValueException for what is not as the schema has it."""
    check: Check = fastjsonschema.compile(schema, {"": _schema}, {"date-time": _is_moment})
    return check


def _data_checks() -> dict[str, Check]:
    """By type, as event.json tells. Asked through event.json they would cost five times as much."""
    found: dict[str, Check] = {}
    for branch in _EVENT["allOf"]:
        told = branch["if"]["properties"]["type"]
        check = _check(branch["then"]["properties"]["data"])
        found |= dict.fromkeys(told.get("enum") or [told["const"]], check)
    return found


_EVENT = _schema("event.json")
_envelope = _check({**_EVENT, "allOf": []})
_data = _data_checks()
