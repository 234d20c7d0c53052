"""Recorded call logs of real sites, in `../shared/corpus/panasonic`, come out as described there.

`--records` and the calls are taken from the code behind `payvand decode`. The printed lines go in
as raw bytes.
"""

import json
from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from drivers.contract import Moment, Surroundings
from drivers.panasonic.decoder import SmdrDecoder
from drivers.panasonic.layouts import LAYOUTS
from drivers.panasonic.session import LanSession
from drivers.panasonic.settings import PanasonicSettings
from edge.decoding import Job, decode, parse_options, records
from tests.drivers.panasonic.paper import MIDNIGHT, ZONE, tda_a

FIELDS = (
    "layout", "time", "direction", "extension", "line", "number", "did", "name", "ring_seconds",
    "talk_seconds", "condition", "account_code", "transferred", "masked",
)  # fmt: skip
NOT_CALLS = {"header", "separator", "blank", "noise"}
OTHER_MODELS = {
    "KX-TA616": "KX-TES824", "KX-TA616RU": "KX-TES824", "KX-TA308": "KX-TES824",
    "KX-TA308RU": "KX-TES824", "KX-TES824 (probable)": "KX-TES824",
    "KX-TES824 / KX-TEA308": "KX-TES824", "KX-NS1000": "KX-NS500",
    "KX-TDA/TDE/NS (unknown)": "KX-TDA100",
}  # fmt: skip
Sample = dict[str, Any]


@cache
def _all(folder: Path) -> list[Sample]:
    return [json.loads(line) for line in (folder / "samples.jsonl").read_bytes().splitlines()]


@pytest.fixture
def samples(shared: Callable[[str], Path]) -> list[Sample]:
    return _all(shared("corpus/panasonic"))


def _asked(samples: list[Sample]) -> list[Sample]:
    """What must come out as described: print-outs of supported models and their relatives."""
    return [s for s in samples if s["scope"] in ("main", "family") and s["kind"] != "transcript"]


def _bytes(sample: Sample) -> bytes:
    return "".join(f"{line}\r\n" for line in sample["lines"]).encode("latin-1")


def _job(sample: Sample) -> Job:
    meaning = sample["meaning"]
    hidden = {h for event in meaning.get("events", []) for h in event.get("hidden_extensions", [])}
    options = [f"model={OTHER_MODELS.get(sample['model'], sample['model'])}"]
    if hidden:
        options.append("hidden_extensions=" + ",".join(sorted(hidden)))
    if "date_order" in meaning:
        options.append(f"date_order={meaning['date_order']}")
    return parse_options("panasonic", _bytes(sample), options, None, str(ZONE))


def _meant(sample: Sample) -> list[Sample]:
    """The call lines and ring notices that are described, under the design's field names."""
    meaning = sample["meaning"]
    described = meaning.get("records", [meaning] if sample["kind"] == "record" else [])
    meant = []
    for one in described:
        if one.get("type") in NOT_CALLS:
            continue
        fields = {name: one[name] for name in FIELDS if name in one}
        if fields.get("direction") == "service":
            fields["direction"] = None
        if "called_ext" in one:
            fields["number"] = one["called_ext"]
        fields.pop("layout", None)
        if meaning.get("layout") in LAYOUTS:
            fields["layout"] = meaning["layout"]
        meant.append(fields)
    return meant


def test_the_corpus_is_not_empty(samples: list[Sample]) -> None:
    assert len(_asked(samples)) >= 40
    assert sum(len(_meant(sample)) for sample in _asked(samples)) >= 200


def test_every_line_is_read_as_described(samples: list[Sample]) -> None:
    wrong: list[object] = []
    for sample in _asked(samples):
        meant = _meant(sample)
        if not meant and "records" not in sample["meaning"]:
            continue
        said = [json.loads(line) for line in records(_job(sample))]
        if len(said) != len(meant):
            wrong.append((sample["id"], "lines", len(meant), len(said)))
            continue
        for number, (one, fields) in enumerate(zip(said, meant, strict=True)):
            assert set(one) == {*FIELDS, "raw"}
            wrong += [
                (sample["id"], number, name, fields[name], one[name])
                for name in fields
                if one[name] != fields[name]
            ]
    assert wrong == []


def _matches(event: Sample, call: Sample) -> bool:
    """Whether a call is the described one: every field that the description names."""
    return all(_field(call, name, value) == value for name, value in event.items())


def _field(call: Sample, name: str, value: list[Sample]) -> object:
    """A call's field in the words of the description, of a leg only the keys that it names."""
    if name in ("started", "ended"):
        return _local(call[f"{name}_at"])
    if name == "number":
        return call["number_raw"]
    if name == "legs" and len(call["legs"]) == len(value):
        pairs = zip(call["legs"], value, strict=True)
        return [{key: leg[key] for key in meant} for leg, meant in pairs]
    return call[name]


def _local(text: str | None) -> str | None:
    if text is None:
        return None
    return datetime.fromisoformat(text).astimezone(ZONE).strftime("%Y-%m-%dT%H:%M")


def test_every_described_call_comes_out(samples: list[Sample]) -> None:
    wrong: list[object] = []
    for sample in _asked(samples):
        last: dict[str, Sample] = {}
        ends: dict[str, int] = {}
        for line in decode(_job(sample)):
            event = json.loads(line)
            if event["type"].startswith("call."):
                data = event["data"]
                last[data["call_id"]] = data
                ends[data["call_id"]] = ends.get(data["call_id"], 0) + (
                    event["type"] == "call.ended"
                )
        assert set(ends.values()) <= {1}, sample["id"]
        wrong += [
            (sample["id"], event)
            for event in sample["meaning"].get("events", [])
            if sum(_matches(event, call) for call in last.values()) != 1
        ]
    assert wrong == []


def test_nothing_breaks_on_models_that_are_refused(samples: list[Sample]) -> None:
    for sample in samples:
        for model in ("KX-TDA100", "KX-TES824"):
            job = parse_options(
                "panasonic", _bytes(sample), [f"model={model}"], None, "Asia/Tehran"
            )
            assert all(json.loads(line) for line in records(job))
            assert all(json.loads(line) for line in decode(job))


def test_no_line_of_a_supported_model_is_unread(samples: list[Sample]) -> None:
    unread = [
        (sample["id"], line)
        for sample in _asked(samples)
        for line in decode(_job(sample))
        if b'"wire.unrecognized"' in line
    ]
    assert unread == []


def test_the_login_of_the_network_port(samples: list[Sample]) -> None:
    (sample,) = [s for s in samples if s["id"] == "S115"]
    dialogue = [line.replace(r"\r", "\r").replace(r"\n", "\n") for line in sample["lines"]]
    settings = PanasonicSettings(model="KX-TDA100")
    session = LanSession(settings, Surroundings(ZONE, "t", "tcp"), b"")
    session.tick(Moment(MIDNIGHT, 0.0, trusted=True, live=True))
    sent = []
    for line in dialogue[:-1]:
        side, text = line[0], line[3:].removeprefix("(echo) ")
        if side == "S":
            session.feed(text.encode())
            sent.append(session.outgoing.decode())
            session.outgoing = b""
    asked = [line[3:] for line in dialogue if line.startswith("C: ")]
    assert [text for text in sent if text] == asked
    assert session.logged_in
    record = tda_a("00:00", "104", "02", "0218000", talk="00:00'42")
    session.feed(f"{record}\r\n".encode())
    facts = session.tick(Moment(MIDNIGHT, 60.0, trusted=True, live=True))
    assert "0218000" in repr(facts)
    assert SmdrDecoder(settings, Surroundings(ZONE, "t"), session.memory()).memory()
