"""Numbers as nobody types them: too long for Python, SQLite or JSON, or digits that are none."""

import pytest

from tests.webui.house import House
from tests.webui.wire import answer, request, status
from webui.dates import parsed_day
from webui.digits import whole
from webui.settings_form import number
from webui.visit import SESSION_COOKIE

LONG = b"9" * 5000
ODD = [LONG, b"9" * 30, b"9" * 19, b"%C2%B2", b"%D9%A3", b"-1", b"1e999", b"nan", b"1_0", b""]


@pytest.fixture(scope="module")
def cookie(branch: House) -> bytes:
    return f"Cookie: {SESSION_COOKIE}={branch.log_in().token}\r\n".encode()


@pytest.mark.parametrize("text", ODD)
def test_no_number_ends_a_page_or_the_edge(branch: House, cookie: bytes, text: bytes) -> None:
    before = branch.log("web"), branch.log("edge")
    device = b"driver=panasonic&link=serial&key=Bad%20Key&link.serial=x&link.baud=" + text
    for first, body, expected in (
        (b"POST /queue/crm/parked", b"do=drop&sequence=" + text, {303}),
        (b"POST /queue/crm/parked", b"do=send&sequence=" + text, {200}),
        (b"POST /devices/new", device, {422}),
        (b"POST /about", b"name=&history.days=" + text, {422}),
        (b"POST /commands", b"commands.forget=-1&commands.most=" + text, {422}),
        (b"GET /calls?page=" + text, b"", {200}),
        (b"GET /calls?since=" + text, b"", {200, 422}),
        (b"GET /calls?since=1405/01/" + text, b"", {200, 422}),
        (b"GET /calls?since=" + text + b"/01/01", b"", {200, 422}),
    ):
        got = answer(branch, request(branch, first, body, more=cookie))
        assert status(got) in expected, (first, text, got[-300:])
    assert (branch.log("web"), branch.log("edge")) == before


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "9377/12/29", "1700-01-01"])
def test_the_first_and_the_last_day_of_all_are_days(branch: House, cookie: bytes, day: str) -> None:
    for name in ("since", "until"):
        first = f"GET /calls?{name}={day}".encode()
        assert status(answer(branch, request(branch, first, more=cookie))) in {200, 422}
    assert "Traceback" not in branch.log("web") + branch.log("edge")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(("0", 0), ("9600", 9600), ("9" * 18, 10**18 - 1)),
        *((text, None) for text in ("", "9" * 19, "9" * 5000, "²", "٣", "-1", "1_0", "+1", " 1")),
    ],
)
def test_a_whole_number_is_of_18_digits_at_most(text: str, expected: int | None) -> None:
    assert whole(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(("12", 12), ("-3", -3), ("1.5", 1.5), ("0", 0)),
        *((text, text) for text in ("", "x", "²", "1_0", "nan", "inf", "1e999", "9" * 19)),
    ],
)
def test_what_is_no_number_goes_to_the_edge_as_it_was_typed(text: str, expected: object) -> None:
    found = number(text)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize("text", ["1405/1/" + "9" * 5000, "9" * 18 + "/1/1", "²/1/1", "99999/1/1"])
def test_what_is_no_day_is_none(text: str) -> None:
    assert parsed_day(text) is None
