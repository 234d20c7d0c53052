"""The `.cap` text: what is written is read back, and what cannot be read is named."""

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.wire.capture import (
    Capture,
    CaptureError,
    Entry,
    LineChange,
    Mark,
    Received,
    Sent,
    format_capture,
    format_entry,
    format_header,
    is_capture,
    read_capture,
)

AT = st.integers(0, 10**9).map(lambda milliseconds: milliseconds / 1000)
ENTRIES: st.SearchStrategy[Entry] = st.one_of(
    st.builds(Received, AT, st.binary()),
    st.builds(Sent, AT, st.binary()),
    st.builds(Mark, AT, st.text()),
    st.builds(LineChange, AT, st.sampled_from(["9600 8N1", "1200 7E1"])),
)
SAMPLE = (
    b"# payvand capture 1\n"
    b"# started: 2025-03-01T08:30:00+03:30\n"
    b"# driver: panasonic\n"
    b"# model: KX-TDA100\n"
    b"# a remark without a colon\n"
    b'0.502 < "01/02/07 20:12  101\\r\\n"\n'
    b'1.0 > "\\x05\\\\ \\"q\\"\\t"\n'
    b"\n"
    b'2 ? {"later": "kind"}\n'
    b'12.0 ! "called line 2"\n'
    b"12.5 = 9600 8N1\n"
)


def test_sample_of_every_kind_is_read() -> None:
    capture = read_capture(SAMPLE)
    assert capture.started == datetime(2025, 3, 1, 5, 0, tzinfo=UTC)
    assert capture.value("driver") == "panasonic"
    assert capture.value("model") == "KX-TDA100"
    assert capture.value("colour") is None
    assert capture.entries == (
        Received(0.502, b"01/02/07 20:12  101\r\n"),
        Sent(1.0, b'\x05\\ "q"\t'),
        Mark(12.0, "called line 2"),
        LineChange(12.5, "9600 8N1"),
    )
    assert capture.received == b"01/02/07 20:12  101\r\n"


def test_line_ends_and_byte_order_mark_of_another_editor_are_accepted() -> None:
    edited = b"\xef\xbb\xbf" + SAMPLE.replace(b"\n", b"\r\n")
    assert is_capture(edited)
    assert read_capture(edited) == read_capture(SAMPLE)


def test_raw_bytes_are_told_from_a_capture() -> None:
    assert is_capture(SAMPLE)
    assert not is_capture(b"01/02/07 20:12  101\r\n")


def test_bytes_are_written_with_exactly_the_promised_escapes() -> None:
    data = b'\x00 a\\b"c\r\n\t~\x7f\x80\xff'
    expected = '0.502 < "\\x00 a\\\\b\\"c\\r\\n\\t~\\x7f\\x80\\xff"\n'
    assert format_entry(Received(0.502, data)) == expected


def test_header_value_cannot_break_out_of_its_line() -> None:
    text = format_header([("link", "a\n0.1 < b"), ("note", "تست")])
    assert read_capture(text.encode()).header == (("link", "a 0.1 < b"), ("note", "تست"))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'0.5 < "ab', "line 2: the closing quote is missing"),
        (b"0.5 < ab", "line 2: the bytes must stand in double quotes"),
        (b"0.5 <", "line 2: the bytes must stand in double quotes"),
        (b'0.5 < "a\\qb"', "line 2: cannot read '\\\\\\\\qb"),
        (b'0.5 < "a\\x4"', "line 2: cannot read"),
        (b'0.5 < "a"b"', "line 2: cannot read '\"b\"'; write a quote"),
        ('0.5 < "aé"'.encode(), "line 2: cannot read 'é\"'; write what is not printable"),
        (b'0.5 < "a\tb"', "line 2: cannot read"),
        (b'-1 < "a"', "line 2: expected a time"),
        (b'inf < "a"', "line 2: expected a time"),
        (b"nonsense", "line 2: expected a time"),
        (b"# started: yesterday", "line 2: started is 'yesterday'"),
        (b"# started: 2025-03-01T08:30:00", "line 2: started is"),
        (b'0.5 < "\xff"', "line 2: no UTF-8"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(line: bytes, message: str) -> None:
    with pytest.raises(CaptureError) as caught:
        read_capture(b"# payvand capture 1\n" + line + b'\n1.0 < "fine"\n')
    assert message.replace("\\\\\\\\", "\\\\") in str(caught.value)


@pytest.mark.parametrize("first", [b"", b"hello", b"# payvand capture 2", b"# payvand capture 11"])
def test_other_first_lines_are_refused(first: bytes) -> None:
    with pytest.raises(CaptureError, match="line 1"):
        read_capture(first + b'\n1.0 < "fine"\n')


@given(st.lists(ENTRIES))
def test_what_is_written_is_read_back(entries: list[Entry]) -> None:
    header = (("started", "2025-03-01T05:00:00+00:00"), ("driver", "panasonic"))
    capture = Capture(header, tuple(entries))
    text = format_capture(capture)
    assert read_capture(text.encode()) == capture
    assert all(0x20 <= byte <= 0x7E or byte == 0x0A for byte in text.encode())


@given(st.binary())
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for text in (data, b'# payvand capture 1\n0.1 < "' + data):
        with contextlib.suppress(CaptureError):
            assert is_capture(format_capture(read_capture(text)).encode())
