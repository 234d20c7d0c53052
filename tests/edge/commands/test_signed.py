"""The CRM's time, as far as it is signed, and never earlier than it is there."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from edge.commands.signed import Order, Stray, Unreadable, read, read_time
from edge.commands.source import Asked

BOX = "5e1f00c0ffee"
KEY = Ed25519PrivateKey.generate()
SAID = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SECONDS = st.floats(0, 60)


class Pinned:
    def key(self, keyid: str) -> bytes | None:
        return KEY.public_key().public_bytes_raw() if keyid == "k1" else None


def header(held: float = 0.0, nonce: str = "n1", key: Ed25519PrivateKey = KEY) -> str:
    text = msgspec.json.encode({"time": SAID, "held": held, "nonce": nonce})
    return f"{b64encode(text).decode()} k1 {b64encode(key.sign(text)).decode()}"


@given(SECONDS, SECONDS, SECONDS)
def test_the_crms_time_is_never_taken_for_earlier(way: float, held: float, back: float) -> None:
    """Whatever part of the round trip was the way back, on which the time went on."""
    sent = 1000.0
    answered = sent + way + held
    time = read_time(Asked([], header(held), sent, answered + back), Pinned(), "n1")
    assert time is not None
    true_ahead = SAID.timestamp() - answered
    # Not earlier, and later by no more than the way there.
    assert true_ahead - 1e-6 <= time.ahead <= true_ahead + way + 1e-6


def test_a_wait_longer_than_the_whole_question_is_cut() -> None:
    time = read_time(Asked([], header(3600.0), 1000.0, 1002.0), Pinned(), "n1")
    assert time is not None
    assert time.ahead == SAID.timestamp() - 1002.0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "? k1 ?",
        header(nonce="n2"),
        header().replace(" k1 ", " k2 "),
        header(key=Ed25519PrivateKey.generate()),
        header(held=-1.0),
        header() + " more",
    ],
)
def test_a_time_that_is_not_signed_for_the_question_is_none(text: str) -> None:
    assert read_time(Asked([], text, 1000.0, 1001.0), Pinned(), "n1") is None


@pytest.mark.parametrize("item", [b"{}", b"[]", b'{"seq": 0}', b'{"seq": "1"}', b'"' + b"\xff"])
def test_without_a_number_nothing_can_be_acknowledged(item: bytes) -> None:
    with pytest.raises(Unreadable):
        read(Raw(item), Pinned(), BOX)


@given(
    st.binary(max_size=120) | st.text(alphabet='{}[]":,id evcx/box', max_size=80).map(str.encode)
)
def test_any_signed_bytes_are_an_order_or_a_stray(payload: bytes) -> None:
    assert isinstance(_read(payload)[1], Order | Stray)


def test_a_command_of_which_only_the_name_can_be_read_is_refused_by_name() -> None:
    payload = {"id": "c1", "device": f"/boxes/{BOX}/echo1", "type": 7}
    seq, order = _read(msgspec.json.encode(payload))
    assert seq == 41
    assert isinstance(order, Order)
    assert (order.id, order.device) == ("c1", "echo1")
    assert order.wrong


def _read(payload: bytes) -> tuple[int, Any]:
    item = {"seq": 41, "payload": payload, "keyid": "k1", "signature": KEY.sign(payload)}
    return read(Raw(msgspec.json.encode(item)), Pinned(), BOX)


def test_deadline_is_issued_and_time_to_live() -> None:
    payload = {
        "id": "c1",
        "device": f"/boxes/{BOX}/echo1",
        "type": "say",
        "args": {"text": "hello"},
        "issued": SAID + timedelta(hours=3, minutes=30),
        "ttl": 2.5,
    }
    _, order = _read(msgspec.json.encode(payload))
    assert order.deadline - order.issued == 2.5
    assert order.issued == SAID.timestamp() + 12_600
    assert msgspec.json.decode(order.args) == {"text": "hello"}
