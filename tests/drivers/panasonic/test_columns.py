"""What stands in the columns of a line: markers, names, secret digits, codes, accounts."""

import pytest

from tests.drivers.panasonic.paper import Listener, one, only, ta, ta_in, tda_a, tda_b, tda_c

# --- the dial column ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "marker",
    ["<I>", "<i>", "<Input>", "<INPUT>", "<incoming>", "<INCOMING>", "<Incoming>", "<INCOMING> "],
)
def test_every_word_of_an_incoming_call(marker: str) -> None:
    record = one(tda_a("08:05", "104", "02", f"{marker}0912000011", "0'05", "00:00'42"))
    assert (record.direction, record.number) == ("incoming", "0912000011")


@pytest.mark.parametrize(
    "marker",
    ["<    incoming    >", "<    INCOMING    >", "<    Incoming    >", "<  DIL incoming  >"],
)
def test_every_word_of_an_incoming_call_on_a_ta_exchange(marker: str) -> None:
    line = ta("3:17PM", "16", "01", f"  {marker}05110001", "00:00'22")
    record = one(line, "KX-TA824")
    assert (record.direction, record.number) == ("incoming", "05110001")


@pytest.mark.parametrize("did", ["<D>", "<d>"])
def test_did_before_the_caller(did: str) -> None:
    record = one(tda_a("08:05", "104", "02", f"{did}384001<I>09120000011", "0'05", "00:00'42"))
    assert (record.did, record.number, record.name) == ("384001", "09120000011", None)
    record = one(tda_a("08:05", "104", "02", f"{did}SALES 12<I>AB COMPANY", "0'05", "00:00'42"))
    assert (record.did, record.number, record.name) == ("SALES 12", None, "AB COMPANY")
    record = one(tda_a("08:05", "104", "02", f"{did}384001<I>", "0'05", "00:00'42"))
    assert (record.did, record.number, record.direction) == ("384001", None, "incoming")


@pytest.mark.parametrize(
    ("text", "number", "name"),
    [
        ("09120000011MARY WARD", "09120000011", "MARY WARD"),
        ("MARY WARD09120000011", "09120000011", "MARY WARD"),
        ("09120000011 MARY WARD", "09120000011", "MARY WARD"),
        ("MARY WARD", None, "MARY WARD"),
        ("", None, None),
        ("7", "7", None),
        ("NAOMI TRANCH 0912000", "0912000", "NAOMI TRANCH"),
    ],
)
def test_names_glued_to_numbers(text: str, number: str | None, name: str | None) -> None:
    record = one(tda_a("08:05", "104", "02", f"<I>{text}", "0'05", "00:00'42"), "KX-NS500")
    assert (record.number, record.name, record.condition) == (number, name, None)


def test_a_name_holds_no_condition_code() -> None:
    box = Listener()
    call = only(
        box.hear("08:05:50", tda_a("08:05", "104", "02", "<I>RC NA AN TR", "0'05", "00:00'42"))
    )
    assert (call.stage, call.outcome, call.name) == ("ended", "answered", "RC NA AN TR")


SECRETS = ["*4711#", "#4711", "-4711", "X4711", "*1*4711"]


@pytest.mark.parametrize("keyed", SECRETS)
@pytest.mark.parametrize("model", ["KX-TDA100", "KX-TES824"])
def test_digits_keyed_after_the_number_reach_no_event(keyed: str, model: str) -> None:
    if model == "KX-TDA100":
        line = tda_a("08:05", "104", "02", f"0218000{keyed}", talk="00:00'42")
    else:
        line = ta("8:05AM", "104", "02", f"0218000{keyed}", "00:00'42")
    box = Listener(model)
    call = only(box.hear("08:05:50", line))
    assert (call.number or "").startswith("0218000")
    assert "4711" not in repr(box.facts)
    assert b"4711" not in box.decoder.memory()
    record = one(line, model)
    assert record.number == "0218000"
    assert "4711" in record.raw, "the record says what the wire said"


@pytest.mark.parametrize("keyed", SECRETS)
@pytest.mark.parametrize("text", ["<I>0218000", "<D>384001<I>0218000", "F/0218000", "9=0218000"])
def test_keyed_digits_in_other_texts(text: str, keyed: str) -> None:
    box = Listener()
    box.hear("08:05:50", tda_a("08:05", "104", "02", text + keyed, "0'01", "00:00'42"))
    assert len(box.calls) == 1
    assert "4711" not in repr(box.facts)
    assert b"4711" not in box.decoder.memory()


@pytest.mark.parametrize(
    ("text", "number", "masked"),
    [
        (".................8000001", "8000001", True),
        ("123..............", "123", True),
        ("0912000XXXX", "0912000", True),
        ("F/09120000011", "09120000011", False),
        ("9=2200000", "2200000", False),
        ("8PP8310000000", "8310000000", False),
        ("9PP09120000011", "09120000011", False),
        ("..........", None, True),
    ],
)
def test_the_signs_of_a_dialled_number(text: str, number: str | None, masked: bool) -> None:  # noqa: FBT001 - a column of the table
    record = one(tda_a("08:05", "104", "02", text, talk="00:00'42"))
    assert (record.direction, record.number, record.masked) == ("outgoing", number, masked)


@pytest.mark.parametrize(
    "text", ["<I>*4711", "<I>-4711", "<I>0218000SARA-4711", "<I>SARA*4711", "<I>SARA0218000*4711"]
)
def test_keyed_digits_are_nobodys_number(text: str) -> None:
    """A caller without number, and the transfer's destination keyed digits (reference 3.6)."""
    box = Listener()
    call = only(box.hear("08:05:50", tda_a("08:05", "104", "02", text, "0'01", "00:00'42")))
    assert call.number in (None, "0218000")
    assert "4711" not in repr(box.facts)


def test_a_glued_name_that_begins_with_x_masks_nothing() -> None:
    record = one(tda_a("08:05", "104", "02", "<I>09120000011XENIA", "0'01", "00:00'42"))
    assert (record.number, record.name, record.masked) == ("09120000011", "XENIA", False)


def test_digits_behind_secret_dots_reach_no_event() -> None:
    box = Listener()
    call = only(box.hear("08:05:50", tda_a("08:05", "104", "02", "123....4711", talk="00:00'42")))
    assert call.masked


# --- other columns -----------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["*123", "C-03"])
def test_codes_in_the_extension_column_are_no_extensions(code: str) -> None:
    call = only(Listener().hear("08:05:50", tda_a("08:05", code, "02", "0218000", talk="00:00'42")))
    assert (call.extension, call.direction) == (None, "outgoing")


@pytest.mark.parametrize("extension", ["D001", "T012", "101B"])
def test_letters_in_the_extension_column(extension: str) -> None:
    line = tda_a("08:05", extension, "02", "0218000", talk="00:00'42")
    assert one(line).extension == extension


@pytest.mark.parametrize(("code", "extension"), [("101B", "101B"), ("C-03", None)])
def test_four_characters_in_the_extension_column_of_a_ta_line(
    code: str, extension: str | None
) -> None:
    line = ta_in("3:17PM", code, "01", "05110001", "00:00'22")
    record = one(line, "KX-TES824")
    assert (record.extension, record.line, record.talk_seconds) == (extension, "01", 22)


def test_accounts_and_their_fill() -> None:
    assert (
        one(tda_a("08:05", "104", "02", "021", talk="00:00'42", account="12")).account_code == "12"
    )
    assert one(tda_a("08:05", "104", "02", "021", talk="00:00'42")).account_code is None
    line = ta("3:17PM", "16", "01", "375000", "00:00'22", account="13")
    assert one(line, "KX-TES824").account_code == "13"
    assert one(ta("3:17PM", "16", "01", "375000", "00:00'22"), "KX-TES824").account_code is None


def test_the_three_patterns_say_the_same() -> None:
    said = {
        (r.extension, r.line.lstrip("0") if r.line else None, r.number, r.talk_seconds, r.condition)
        for r in (
            one(tda_a("08:05", "104", "02", "<I>09120000011", "0'00", "00:00'42", "TR")),
            one(tda_b("08:05", "104", "02", "<I>09120000011", "00:00'42", "TR")),
            one(tda_c("08:05", "104", "0002", "<I>09120000011", "0'00", "00:00'42", "TR")),
        )
    }
    assert said == {("104", "2", "09120000011", 42, "TR")}


def test_a_five_digit_extension_touches_the_time_of_pattern_b() -> None:
    record = one(tda_b("08:05AM", "10412", "02", "<I>", "00:00'42"))
    assert (record.extension, record.line, record.time) == ("10412", "02", "2026-03-09T08:05")
