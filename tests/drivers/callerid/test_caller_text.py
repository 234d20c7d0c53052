"""Numbers as units pass them on: FSK messages, DTMF variants, and what must not be guessed."""

import pytest

from drivers.callerid.caller_text import Caller, read_caller, read_message
from edge.intake.numbers import NumberPlan, normalize

PLAN = NumberPlan(area_code="51")


def with_sum(data: bytes) -> str:
    return (data + bytes([-sum(data) % 256])).hex()


def field(tag: int, value: bytes) -> bytes:
    return bytes([tag, len(value)]) + value


@pytest.mark.parametrize(
    ("text", "number", "told"),
    [
        ("09120001122", "09120001122", None),
        (" 800-555-1212 ", "800-555-1212", None),
        ("A09120001122C", "09120001122", None),
        ("A09120001122D02188776655B01C", "09120001122", None),
        ("A09120001122#", "09120001122", None),
        ("D09120001122C", "09120001122", None),
        ("09120001122#", "09120001122", None),
        ("AB10C", "AB10C", "withheld"),
        ("AB00C", "AB00C", "unavailable"),
        ("B10", "B10", "withheld"),
        ("D1#", "D1#", "withheld"),
        ("D2#", "D2#", "unavailable"),
        ("D3#", "D3#", "unavailable"),
        ("P", "P", "withheld"),
        ("Private", "Private", "withheld"),
        ("O", "O", "unavailable"),
        ("Out-of-Area", "Out-of-Area", "unavailable"),
        ("", None, "unavailable"),
        ("093d", "093d", "unreliable"),
        ("A0912000", "A0912000", "unreliable"),
        ("0912*0001122", "0912*0001122", "unreliable"),
        ("09120001122*", "09120001122*", "unreliable"),
    ],
)
def test_the_text_of_a_number(text: str, number: str | None, told: str | None) -> None:
    assert read_caller(text) == Caller(number, told)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "number", "status"),
    [
        ("A9120001122C", "+989120001122", "ok"),
        ("D1#", None, "withheld"),
        ("D3#", None, "unavailable"),
        ("093d", None, "unreliable"),
        ("09", None, "unreliable"),
        ("091200", None, "unparsed"),
        ("110", None, "short"),
    ],
)
def test_what_becomes_of_it_in_the_event(text: str, number: str | None, status: str) -> None:
    caller = read_caller(text)
    made = normalize(caller.number, "incoming", PLAN, told=caller.told)
    assert (made.number, made.status) == (number, status)


def test_a_number_that_the_device_doubts_is_never_made_one() -> None:
    assert normalize("09120001122", "incoming", PLAN, told="unreliable").number is None
    assert normalize(None, "incoming", PLAN, told="unavailable").raw is None


@pytest.mark.parametrize(
    ("message", "caller"),
    [
        (with_sum(field(0x04, b"1121120009120001122")), Caller("09120001122")),
        (with_sum(field(0x04, b"11211200P")), Caller("P", "withheld")),
        (
            with_sum(
                field(0x80, field(1, b"11211200") + field(2, b"09120001122") + field(7, b"ALI"))
            ),
            Caller("09120001122", None, "ALI"),
        ),
        (with_sum(field(0x80, field(1, b"11211200") + field(4, b"O"))), Caller("O", "unavailable")),
        (with_sum(field(0x02, b"09120001122")), Caller("09120001122")),
        (with_sum(field(0x82, field(0x0B, b"\xff"))), None),
    ],
)
def test_a_message_of_the_exchange(message: str, caller: Caller | None) -> None:
    assert read_message(message) == caller


def test_a_message_with_a_wrong_sum_is_not_believed() -> None:
    right = with_sum(field(0x04, b"1121120009120001122"))
    assert read_message(right[:-2] + "00") == Caller("09120001122", "unreliable")
    for cut in range(0, len(right) - 2, 2):
        caller = read_message(right[:cut])
        assert caller is None or not caller.known


def test_no_text_raises() -> None:
    for text in ("0", "xyz", "80", "04ff3131", "A" * 1000):
        read_message(text)
        read_caller(text)
