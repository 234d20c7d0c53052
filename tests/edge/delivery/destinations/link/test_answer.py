"""What each answer asks for."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.delivery.destination import (
    BadBatch,
    Batch,
    Delivered,
    DeliveryError,
    NotAllowed,
    Rejected,
    TooBig,
    TryLater,
)
from edge.delivery.destinations.link.answer import Answer, read, retry_after
from edge.journal.journal import Stored

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


def event(sequence: int) -> Stored:
    return Stored(
        sequence=sequence,
        device="pbx1",
        type="call.ended",
        subject=None,
        time=NOW,
        timequality="synced",
        boot="b",
        monotonic=0.0,
        data=b"{}",
    )


BATCH = Batch("5f3a9c01", "b", 10, [event(11), event(12), event(14)])


def say(
    status: int, body: bytes = b"", kind: str = "application/json", after: str | None = None
) -> Delivered:
    return read(Answer(status, kind, after, body), BATCH, NOW)


def test_the_good_answer() -> None:
    body = b'{"through": 14, "rejected": [{"id": "5f3a9c01-12", "reason": "no\\ncall"}], "new": 1}'
    assert say(200, body) == Delivered(14, (Rejected(12, "no call"),), "HTTP 200")


def test_rejections_of_events_that_were_not_sent_are_not_ours() -> None:
    body = b'{"through": 14, "rejected": [{"id": "5f3a9c01-13"}, {"id": "00000000-12"}]}'
    assert say(200, body).rejected == ()


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (201, TryLater),
        (204, TryLater),
        (302, TryLater),
        (400, BadBatch),
        (401, NotAllowed),
        (403, NotAllowed),
        (404, NotAllowed),
        (407, NotAllowed),
        (408, TryLater),
        (409, BadBatch),
        (413, TooBig),
        (422, BadBatch),
        (425, TryLater),
        (429, TryLater),
        (500, TryLater),
        (502, TryLater),
        (503, TryLater),
        (504, TryLater),
        (511, TryLater),
    ],
)
def test_every_other_status_is_an_error_of_its_reaction(
    status: int, error: type[DeliveryError]
) -> None:
    with pytest.raises(DeliveryError) as raised:
        say(status, b'{"through": 14}')
    assert type(raised.value) is error
    assert raised.value.answer == f"HTTP {status}"


def test_the_reason_of_a_parked_event_is_short_and_printable() -> None:
    with pytest.raises(BadBatch) as raised:
        say(422, b"  no\x00 such\r\n field\xff " + b"x" * 5000, "text/plain")
    assert raised.value.reason.startswith("HTTP 422: no such field\ufffd xxx")
    assert len(raised.value.reason) == len("HTTP 422: ") + 200


@pytest.mark.parametrize("status", [401, 404, 429, 500, 200, 422])
def test_advice_never_repeats_the_words_of_the_crm(status: int) -> None:
    with pytest.raises(DeliveryError) as raised:
        say(status, b"call +985100000000 failed", "text/plain")
    assert "5100000000" not in raised.value.advice + raised.value.answer


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        (" 120 ", 120.0),
        ("Sat, 21 Nov 2026 08:01:30 GMT", 90.0),
        ("Sat, 21 Nov 2026 07:00:00 GMT", 0.0),
        ("Sat, 21 Nov 2026 08:01:30 -0000", 90.0),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("", None),
        ("٣", None),
    ],
)
def test_retry_after_in_seconds_or_as_a_date(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


def test_the_order_to_wait_reaches_the_forwarder() -> None:
    with pytest.raises(TryLater) as raised:
        say(503, after="17")
    assert raised.value.seconds == 17


@given(st.integers(100, 599), st.binary(max_size=200), st.text(max_size=20), st.text(max_size=40))
def test_any_answer_at_all_is_understood_or_an_error_of_ours(
    status: int, body: bytes, kind: str, after: str
) -> None:
    for content_type in (kind, "application/json"):
        try:
            delivered = say(status, body, content_type, after)
        except DeliveryError:
            continue
        assert status == 200
        assert 10 <= delivered.through <= 14


@given(st.timedeltas(timedelta(0), timedelta(days=400)))
def test_any_date_to_come_is_obeyed_to_the_second(ahead: timedelta) -> None:
    text = (NOW + ahead).strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert retry_after(text, NOW) == ahead // timedelta(seconds=1)
