"""The server judges by the published schemas as another library reads them."""

import copy
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import OpenAPIV31SpecValidator
from openapi_spec_validator.readers import read_from_filename
from referencing import Registry, Resource

import edge.crm
from edge.crm.answers import Refused
from edge.crm.contract import read_batch, read_range

CRM = Path(edge.crm.__file__).parent
SPAN = read_range("1a2b3c4d 0-9000")
MUTANTS: list[object] = [
    None,
    "",
    "x",
    "Incoming",
    0,
    -1,
    7,
    1.5,
    True,
    [],
    ["1"],
    {},
    "2026-11-21",
]
GONE = object()
FORMATS = FormatChecker(formats=())
Event = dict[str, Any]
MakeEvent = Callable[..., Event]


@FORMATS.checks("date-time", raises=ValueError)
def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    files = CRM.glob("schemas/*.json")
    registry: Registry[Any] = Registry().with_resources(
        (file.name, Resource.from_contents(json.loads(file.read_text()))) for file in files
    )
    return Draft202012Validator({"$ref": "event.json"}, registry=registry, format_checker=FORMATS)


def reason(event: object) -> str | None:
    batch = read_batch(json.dumps([event]).encode(), SPAN)
    return batch.unkept[0].reason if batch.unkept else batch.verdicts[0].reason


def device_event(event: Event) -> Event:
    data = {
        "device": "pbx1",
        "state": "offline",
        "code": "no-bytes",
        "since": "2026-11-21T19:10:00+00:00",
        "advice": "Check the cable.",
    }
    return event | {"type": "device.offline", "subject": "device/pbx1", "data": data}


def wire_event(event: Event) -> Event:
    data = {"device": "pbx1", "count": 3, "sample": "## ##:## ?\r\n", "why": "no such column"}
    return event | {"type": "wire.unrecognized", "data": data}


def box_event(event: Event) -> Event:
    data = {"version": "0.1.0", "slot": None, "uptime": 90, "disk": 8, "backlog": 7}
    data |= {"clock": "estimated", "code": "disk-80", "concerns": "box", "advice": "Free space."}
    return event | {"source": "/boxes/mashhad/box", "type": "box.started", "data": data}


def result_event(event: Event) -> Event:
    data = {"command_id": "c1", "state": "done", "detail": "said hello"}
    return event | {"type": "command.result", "subject": "command/c1", "data": data}


def progress_event(event: Event) -> Event:
    data = {"command_id": "c1", "detail": "page 2 of 5 is sent"}
    return event | {"type": "command.progress", "subject": "command/c1", "data": data}


def alarm_event(event: Event) -> Event:
    return box_event(event) | {"type": "box.alarm"}


def recording_event(event: Event) -> Event:
    data = {"call_id": "k7-1", "name": "0001.wav", "seconds": 14, "size": 9, "sha256": "0f" * 32}
    return event | {"type": "recording.available", "data": data}


def sms_event(event: Event) -> Event:
    data: Event = {
        "message_id": "m1",
        "peer": "+989121230000",
        "peer_raw": "09121230000",
        "text": "hi",
    }
    data |= {"parts": 1, "line": "1", "sent_at": None, "received_at": "2026-11-21T19:10:00Z"}
    return event | {"type": "sms.received", "data": data | {"delivered_at": None, "reason": None}}


def fax_event(event: Event) -> Event:
    data: Event = {"fax_id": "f1", "peer": "+985135550123", "pages": 2, "sha256": "0f" * 32}
    return event | {"type": "fax.received", "data": data | {"reason": None}}


def mutants(event: Event) -> Iterator[Event]:
    """The event with one field changed or missing, at every depth, in every way we can think of."""
    for path in paths(event):
        for mutant in [GONE, *MUTANTS]:
            changed = copy.deepcopy(event)
            place: Any = changed
            for step in path[:-1]:
                place = place[step]
            if mutant is GONE:
                del place[path[-1]]
            else:
                place[path[-1]] = mutant
            yield changed


def paths(
    value: dict[str, Any] | list[Any], prefix: tuple[Any, ...] = ()
) -> Iterator[tuple[Any, ...]]:
    steps = value.items() if isinstance(value, dict) else enumerate(value)
    for step, inner in steps:
        yield (*prefix, step)
        if isinstance(inner, dict | list):
            yield from paths(inner, (*prefix, step))


def test_openapi_is_valid_and_its_references_lead_somewhere() -> None:
    spec, url = read_from_filename(str(CRM / "openapi.yaml"))
    OpenAPIV31SpecValidator(spec, base_uri=url).validate()
    referred = {part["$ref"] for part in spec["components"]["schemas"].values() if "$ref" in part}
    assert referred == {f"schemas/{file.name}" for file in CRM.glob("schemas/*.json")}


@pytest.mark.parametrize("file", sorted(CRM.glob("schemas/*.json")), ids=lambda file: file.stem)
def test_schemas_are_json_schema(file: Path) -> None:
    Draft202012Validator.check_schema(json.loads(file.read_text()))


@pytest.mark.parametrize(
    "make",
    [
        lambda event: event,
        device_event,
        wire_event,
        box_event,
        alarm_event,
        result_event,
        progress_event,
        recording_event,
        sms_event,
        fax_event,
    ],
)
def test_server_and_schemas_judge_alike(
    schema: Draft202012Validator, event: MakeEvent, make: Callable[[Event], Event]
) -> None:
    right = make(event(41))
    assert reason(right) is None
    schema.validate(right)
    different = []
    judged = {True: 0, False: 0}
    for mutant in mutants(right):
        if "id" not in mutant or not isinstance(mutant["id"], str) or not mutant["id"]:
            continue
        valid = schema.is_valid(mutant)
        # That two fields agree is beyond a schema.
        if valid and mutant["id"] != f"1a2b3c4d-{mutant['sequence']}":
            continue
        judged[valid] += 1
        if valid != (reason(mutant) is None):
            different.append((mutant, reason(mutant)))
    assert not different
    assert judged[True] > 5
    assert judged[False] > 50


@pytest.mark.parametrize("type_", ["sms.queued", "box.started", "fax.seen", "call.parked"])
def test_types_not_known_here_are_taken_as_they_are(
    schema: Draft202012Validator, event: MakeEvent, type_: str
) -> None:
    new = event(41) | {"type": type_, "data": {"version": "0.1.0", "anything": [1]}, "extra": 1}
    schema.validate(new)
    assert reason(new) is None
    assert reason(new | {"data": "text"}) is not None


def test_only_call_events_are_of_a_call(event: MakeEvent) -> None:
    events = [event(1), event(2) | {"type": "sms.queued", "data": {"call_id": "k7-1"}}]
    batch = read_batch(json.dumps(events).encode(), SPAN)
    assert [verdict.call_id for verdict in batch.verdicts] == ["k7-1", None]


def test_sequence_must_be_the_one_in_the_id(event: MakeEvent) -> None:
    assert reason(event(41) | {"sequence": "42"}) == "sequence '42' is not the one in the id"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "1a2b3c4d",
        "1a2b3c4d 1",
        "1a2b3c4d 5-1",
        "1A2B3C4D 1-5",
        "1a2b3c4d 1-5 ",
        "1a2b3c4d 01-5",
        "1a2b3c4d 1-9999999999999999999",
        "1a2b3c4d ۱-۵",
        "1a2b3c4d5 1-5",
    ],
)
def test_range_is_read_strictly(header: str | None) -> None:
    with pytest.raises(Refused):
        read_range(header)


@given(st.binary(max_size=200) | st.text(alphabet='[]{}",:0 idé', max_size=60).map(str.encode))
def test_any_bytes_are_judged_or_unreadable(body: bytes) -> None:
    try:
        batch = read_batch(body, SPAN)
    except Refused:
        return
    assert len(batch.verdicts) + len(batch.unkept) == len(json.loads(body))


def test_deep_nesting_is_unreadable() -> None:
    with pytest.raises(Refused):
        read_batch(b"[" * 100_000, SPAN)
