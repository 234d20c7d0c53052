"""What each answer asks for."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

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
from edge.delivery.destinations.link.answer import is_link, read
from edge.delivery.http_answer import Answer, http_date, retry_after
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
    assert raised.value.answer == ("captive portal" if status == 511 else f"HTTP {status}")


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


@pytest.mark.parametrize(
    "body",
    [
        b'{"through": 14, "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"through": 14, "rejected": [{"id": "\xff"}]}',
        b'{"through": 14, "rejected": [{"id": "5f3a9c01-12", "reason": "\xe9"}]}',
        b'{"through": 1' + b"0" * 5000 + b"}",
        b'{"through": 14',
        b"\xff\xfe",
    ],
    ids=["deep", "id", "reason", "huge", "cut", "marks"],
)
def test_json_that_cannot_be_read_moves_nothing(body: bytes) -> None:
    with pytest.raises(TryLater) as raised:
        say(200, body)
    assert raised.value.answer == "HTTP 200 with JSON of another kind"
    assert not is_link(Answer(200, "application/json", None, body))


BEYOND = [
    "Mon, 01 Jan 2024 00:00:00 +99999999999999999999",
    "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
    "Fri, 31 Dec 9999 23:59:59 -2359",
    "Fri, 31 Dec 9999 23:59:59 GMT",
]


@pytest.mark.parametrize("text", BEYOND)
def test_a_date_beyond_every_calendar_says_nothing(text: str) -> None:
    assert http_date(text) is None
    assert retry_after(text, NOW) is None


@pytest.mark.parametrize("status", [100, 101, 199, 600, 999])
def test_a_status_that_nobody_has_defined_is_not_called_a_fault(status: int) -> None:
    with pytest.raises(TryLater) as raised:
        say(status)
    assert "does not know" in raised.value.advice
    assert "fault" not in raised.value.advice


_DIGITS = st.integers(-(10**25), 10**25).map(str)
_DATES = st.one_of(
    st.text(max_size=80),
    st.datetimes().map(lambda at: format_datetime(at.replace(tzinfo=UTC))),
    st.tuples(_DIGITS, _DIGITS, _DIGITS).map(
        lambda some: f"Mon, 0{some[0][:2]} Jan {some[1]} 00:00:{some[0]} {int(some[2]):+}"
    ),
    st.lists(st.sampled_from([*"0129:,+- ", "Mon", "Jan", "GMT", "2026"]), max_size=20).map(
        "".join
    ),
)


@given(_DATES)
def test_any_text_is_a_time_that_can_be_reckoned_with_or_none(text: str) -> None:
    at = http_date(text)
    assert at is None or at + timedelta(days=365) > at
    assert at is None or at.tzinfo is UTC
    seconds = retry_after(text, NOW)
    assert seconds is None or seconds >= 0


_JSON = st.recursive(
    st.one_of(
        st.none(), st.integers(), st.floats(), st.binary(max_size=9), st.just(b"5f3a9c01-12")
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from([b"through", b"rejected", b"id", b"reason", b"x"]), inner, max_size=3
        ),
    ),
    max_leaves=12,
)


def _written(value: object) -> bytes:
    """JSON whose strings hold any bytes at all."""
    if isinstance(value, dict):
        return b"{%s}" % b",".join(b'"%s":%s' % (key, _written(it)) for key, it in value.items())
    if isinstance(value, list):
        return b"[%s]" % b",".join(map(_written, value))
    if isinstance(value, bytes):
        return b'"%s"' % value
    return b"null" if value is None else str(value).encode()


@given(st.dictionaries(st.sampled_from([b"rejected", b"x"]), _JSON), st.integers(9, 15))
def test_whatever_stands_in_the_json_only_a_delivery_error_comes_of_it(
    more: dict[bytes, object], through: int
) -> None:
    try:
        delivered = say(200, _written({b"through": through, **more}))
    except DeliveryError:
        return
    assert delivered.through == through


@given(st.integers(100, 999), st.binary(max_size=200), st.text(max_size=20), st.text(max_size=40))
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
