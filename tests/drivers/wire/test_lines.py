"""Lines out of bytes, under any cut."""

import itertools
import re

from hypothesis import given
from hypothesis import strategies as st

from drivers.wire.lines import LONGEST, LineSplitter

WIRE = st.lists(
    st.one_of(
        st.sampled_from(
            [b"\r\n", b"\r", b"\n", b"\x0c", b"\n\r", b"\x00", b"\x11\x13", b"x" * 511]
        ),
        st.sampled_from(
            [b"x" * 512, b"y" * 513, b"z" * 1026, b"01/02/07 20:12  101 9", b"\xe4\xff"]
        ),
        st.binary(max_size=6),
    ),
    max_size=14,
).map(b"".join)


def split_whole(data: bytes) -> list[str]:
    splitter = LineSplitter()
    return splitter.feed(data) + splitter.flush()


def test_cr_lf_and_ff_each_end_a_line_and_empty_lines_are_dropped() -> None:
    splitter = LineSplitter()
    assert splitter.feed(b"one\r\ntwo\rthree\n\n\x0cfour\n\rfive") == [
        "one",
        "two",
        "three",
        "four",
    ]
    assert splitter.pending == b"five"
    assert splitter.feed(b"!\r") == ["five!"]
    assert splitter.pending == b""


def test_nul_xon_and_xoff_are_stripped_wherever_they_stand() -> None:
    assert split_whole(b"\x00a\x11b\x13\r\x00\r\x11c\r") == ["ab", "c"]


def test_bytes_above_7f_and_other_unicode_line_ends_stay_in_their_line() -> None:
    assert split_whole(b"a\x85b\x1cc\x0bd\xff\r") == ["a\x85b\x1cc\x0bd\xff"]


def test_longest_line_is_whole_and_one_more_is_marked() -> None:
    assert split_whole(b"x" * LONGEST + b"\r") == ["x" * LONGEST]
    assert split_whole(b"x" * (LONGEST + 1) + b"\r") == ["x" * (LONGEST + 1)]


def test_tail_of_an_overlong_line_is_never_taken_for_a_line() -> None:
    splitter = LineSplitter()
    lines = splitter.feed(b"#" * 600 + b"01/02/07 looks like a record\rreal\r")
    assert [len(line) for line in lines] == [LONGEST + 1, 4]
    assert lines[1] == "real"


def test_endless_line_waits_bounded_and_is_told_while_it_lasts() -> None:
    splitter = LineSplitter()
    pieces = [piece for _ in range(100) for piece in splitter.feed(b"\xff" * 100)]
    assert len(pieces) == 10_000 // (LONGEST + 1)
    assert all(len(piece) > LONGEST for piece in pieces)
    assert len(splitter.pending) <= LONGEST


def test_first_line_may_be_a_fragment_unless_a_line_end_came_before_it() -> None:
    splitter = LineSplitter()
    assert splitter.feed(b"345  0'12") == []
    assert not splitter.first_may_be_fragment
    assert splitter.feed(b"\r\nwhole\r\n") == ["345  0'12", "whole"]
    assert splitter.first_may_be_fragment
    splitter.feed(b"next\r\n")
    assert not splitter.first_may_be_fragment

    aligned = LineSplitter()
    assert aligned.feed(b"\x00\nwhole\r\n") == ["whole"]
    assert not aligned.first_may_be_fragment


def test_overlong_beginning_may_be_a_fragment_too() -> None:
    splitter = LineSplitter()
    assert len(splitter.feed(b"x" * 600)) == 1
    assert splitter.first_may_be_fragment


def test_flush_gives_the_unfinished_line_once_and_begins_anew() -> None:
    splitter = LineSplitter()
    splitter.feed(b"one\rtwo")
    assert splitter.flush() == ["two"]
    assert splitter.flush() == []
    splitter.feed(b"x" * 600)
    assert splitter.flush() == []
    assert splitter.feed(b"fresh\r") == ["fresh"]
    assert splitter.first_may_be_fragment


@given(WIRE, st.lists(st.integers(0, 4000)))
def test_any_cut_gives_the_same_lines(data: bytes, cuts: list[int]) -> None:
    splitter = LineSplitter()
    lines: list[str] = []
    fragments: list[str] = []
    edges = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    for start, end in itertools.pairwise(edges):
        got = splitter.feed(data[start:end])
        if splitter.first_may_be_fragment and not fragments:
            fragments.append(got[0])
        lines += got
        assert len(splitter.pending) <= LONGEST
    if not fragments:
        whole = LineSplitter()
        whole.feed(data)
        assert not whole.first_may_be_fragment
    else:
        assert fragments[0] == lines[0]
    assert lines + splitter.flush() == split_whole(data)


@given(WIRE)
def test_short_lines_are_exactly_what_a_plain_reading_of_the_rule_gives(data: bytes) -> None:
    cleaned = re.sub(rb"[\x00\x11\x13]", b"", data).decode("latin-1")
    expected = [line for line in re.split(r"[\r\n\f]+", cleaned) if 0 < len(line) <= LONGEST]
    assert [line for line in split_whole(data) if len(line) <= LONGEST] == expected


def test_where_another_byte_ends_a_line_line_ends_are_blanks_in_it() -> None:
    splitter = LineSplitter(b"@")
    assert splitter.feed(b"a\r\nb@\n@c\x00d@rest") == ["a  b", " ", "cd"]
    assert splitter.pending == b"rest"
