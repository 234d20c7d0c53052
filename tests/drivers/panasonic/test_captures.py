"""Every capture means what stands beside it, line by line: `tests/captures/panasonic/<case>/`.

`events.jsonl` is what `payvand decode` prints. After a change that was meant, and looking at each
line of the difference:

    payvand decode panasonic tests/captures/panasonic/CASE/wire.cap > .../CASE/events.jsonl
"""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import edge.crm.contract
from drivers.panasonic.models import MODELS
from drivers.wire.capture import read_capture
from edge.decoding import decode, parse_options

CASES = sorted((Path(__file__).parents[2] / "captures" / "panasonic").iterdir())
SCHEMAS = Path(edge.crm.contract.__file__).parent / "schemas"
ids = [case.name for case in CASES]


def _decoded(case: Path) -> list[str]:
    job = parse_options("panasonic", (case / "wire.cap").read_bytes(), [], None, None)
    return [line.decode() for line in decode(job)]


def _events(case: Path) -> list[dict[str, Any]]:
    lines = (case / "events.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_the_capture_means_what_stands_beside_it(case: Path) -> None:
    golden = (case / "events.jsonl").read_text(encoding="utf-8").splitlines()
    for number, (said, line) in enumerate(zip(_decoded(case), golden, strict=True), start=1):
        assert json.loads(said) == json.loads(line), f"line {number}"
        assert said == line, f"line {number} says the same in another writing"


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_the_header_tells_how_to_read_the_capture(case: Path) -> None:
    capture = read_capture((case / "wire.cap").read_bytes())
    assert capture.value("driver") == "panasonic"
    assert capture.value("model") in MODELS
    assert capture.value("timezone")
    assert capture.started is not None


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_a_call_ends_exactly_once_and_is_only_updated_then(case: Path) -> None:
    stages: dict[str, list[str]] = {}
    for event in _events(case):
        if event["type"].startswith("call."):
            stages.setdefault(event["data"]["call_id"], []).append(event["type"])
    for told in stages.values():
        assert told.count("call.ended") == 1
        assert set(told[told.index("call.ended") + 1 :]) <= {"call.updated"}


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_the_events_are_as_the_crm_is_promised(case: Path) -> None:
    for event in _events(case):
        kind = event["type"].partition(".")[0]
        name = {"wire": "wire-unrecognized"}.get(kind, kind)
        schema = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
        jsonschema.validate(
            event["data"], schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
        )
        assert "+03:30" not in json.dumps(event["data"]), "times are UTC"


def test_every_model_has_a_capture() -> None:
    captures = [read_capture((case / "wire.cap").read_bytes()) for case in CASES]
    assert {capture.value("model") for capture in captures} == set(MODELS)


def test_secret_digits_are_in_no_event() -> None:
    texts = [(case / "wire.cap").read_text() for case in CASES]
    assert any("9911" in text for text in texts)
    assert not any("9911" in (case / "events.jsonl").read_text() for case in CASES)
