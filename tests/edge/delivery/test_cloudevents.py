"""The bytes that a CRM gets."""

from datetime import UTC, datetime

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from edge.delivery.cloudevents import MAX_BODY, MAX_DATA, MAX_EVENTS, encode_batch, encode_event
from edge.journal.journal import Stored

EVENT = Stored(
    sequence=42,
    device="pbx1",
    type="call.ended",
    subject="call/made-up-1",
    time=datetime(2026, 11, 21, 8, 0, 5, 250_000, tzinfo=UTC),
    timequality="synced",
    boot="b00t",
    monotonic=5.0,
    data=b'{"a": 1.50, "b": [null]}',
)


def stored(**other: object) -> Stored:
    return msgspec.structs.replace(EVENT, **other)


def test_one_event() -> None:
    assert encode_event("5f3a9c01", "mashhad", stored()) == (
        b'{"specversion":"1.0","id":"5f3a9c01-42","source":"/boxes/mashhad/pbx1",'
        b'"type":"call.ended","time":"2026-11-21T08:00:05.250000Z",'
        b'"datacontenttype":"application/json","sequence":"42","timequality":"synced",'
        b'"data":{"a": 1.50, "b": [null]},"subject":"call/made-up-1"}'
    )


def test_an_event_without_subject_has_none() -> None:
    assert "subject" not in msgspec.json.decode(encode_event("0" * 8, "b", stored(subject=None)))


def test_a_batch_is_the_array_of_its_events_in_order() -> None:
    events = [stored(sequence=n) for n in (9, 10, 12)]
    one_by_one = [encode_event("0" * 8, "b", event) for event in events]
    assert encode_batch("0" * 8, "b", events) == b"[" + b",".join(one_by_one) + b"]"


@given(st.text(min_size=1), st.text(min_size=1))
def test_any_subject_and_device_survive(subject: str, device: str) -> None:
    event = msgspec.json.decode(encode_event("0" * 8, "b", stored(subject=subject, device=device)))
    assert event["subject"] == subject
    assert event["source"] == f"/boxes/b/{device}"


def test_the_longest_envelopes_fit_beside_the_data() -> None:
    longest = stored(
        sequence=2**63 - 1,
        device="d" * 64,
        type="wire.unrecognized",
        subject="call/" + "c" * 64,
        timequality="estimated",
        data=b"{}",
    )
    envelopes = len(encode_batch("0" * 8, "b" * 12, [longest] * MAX_EVENTS)) - 2 * MAX_EVENTS
    assert MAX_DATA + envelopes <= MAX_BODY
