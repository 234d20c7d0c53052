"""Every capture means what stands beside it, line by line: `tests/captures/callerid/<case>/`.

`events.jsonl` is what `payvand decode` prints. After a change that was meant, and looking at each
line of the difference:

    payvand decode callerid tests/captures/callerid/CASE/wire.cap > .../CASE/events.jsonl
"""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import edge.crm.contract
from drivers.callerid.profiles import PROFILES
from drivers.wire.capture import read_capture
from edge.decoding import decode, parse_options, records

CASES = sorted((Path(__file__).parents[2] / "captures" / "callerid").iterdir())
SCHEMAS = Path(edge.crm.contract.__file__).parent / "schemas"
ids = [case.name for case in CASES]


def _golden(case: Path) -> list[str]:
    return (case / "events.jsonl").read_text(encoding="utf-8").splitlines()


def _events(case: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in _golden(case)]


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_the_capture_means_what_stands_beside_it(case: Path) -> None:
    job = parse_options("callerid", (case / "wire.cap").read_bytes(), [], None, None)
    assert [line.decode() for line in decode(job)] == _golden(case)


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_the_events_are_as_the_crm_is_promised(case: Path) -> None:
    for event in _events(case):
        kind = event["type"].partition(".")[0]
        name = {"wire": "wire-unrecognized"}.get(kind, kind)
        schema = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
        jsonschema.validate(
            event["data"], schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
        )


def test_every_profile_has_a_capture() -> None:
    captures = [read_capture((case / "wire.cap").read_bytes()) for case in CASES]
    assert {capture.value("profile") for capture in captures} == set(PROFILES)


def test_keys_after_the_number_are_in_no_event() -> None:
    case = next(case for case in CASES if case.name == "segal-four-calls")
    assert "337766552" in (case / "wire.cap").read_text()
    assert "337766552" not in (case / "events.jsonl").read_text()


def test_records_show_what_the_unit_said_before_it_is_a_call() -> None:
    case = next(case for case in CASES if case.name == "segal-old-format")
    job = parse_options("callerid", (case / "wire.cap").read_bytes(), [], None, None)
    said = [json.loads(line) for line in records(job)]
    assert [each["event"] for each in said] == ["caller_id", "ring", "off_hook", "on_hook"]
    assert (said[0]["caller"]["number"], said[3]["duration"]) == ("02188776655", "T0020")
