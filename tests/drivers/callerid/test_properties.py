"""What holds for any bytes: any cut gives the same facts, nothing raises, nothing grows."""

from collections.abc import Sequence
from itertools import pairwise
from random import Random

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drivers.callerid.day import Habits
from drivers.callerid.line_steps import KeptLine
from drivers.callerid.profiles import PROFILES
from drivers.callerid.simulator import plan_unit
from drivers.callerid.unit_print import PRINTS
from drivers.events import Call, DeviceState, Unrecognized
from tests.drivers.callerid.unit import Unit

SPELLS = (
    b"\r\n", b"\n", b"@", b".", b" ", b"\x00\x11\x13", b"L1", b"L9", b"C", b"R01", b"R02", b"HF",
    b"D5", b"HND:", b" T0046", b"09120001122", b"L1C09120001122@", b"L1R01@", b"L1HF@",
    b"L1HND:0912 T0046@", b"D1:L1:Ring=1.", b"D1:L1:LineDisconnect.", b"D1:DeviceDisconnect.",
    b"01 I S 0000 G A0 09/26 11:28 AM 800-555-1212   NAME\r\n", b"01 I E 0276 B B3 09/26 11:28 AM",
    b"\nRING\r\n", b"NMBR = P\r\n", b"MESG = 040b", b"L1 CallerID:0912 RingsCount:2 \n",
    b"L1 hook-off\n", b"0008070000\n", b"000930\n", b"\xff\xfe", b"###DATE03211405...NMBR",
)  # fmt: skip
NOISE = st.lists(st.sampled_from(SPELLS) | st.binary(max_size=30), max_size=40).map(b"".join)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in pairwise(places)]


def said(profile: str, chunks: list[bytes]) -> tuple[list[Call | DeviceState], int]:
    """The facts, and how many frames were unread: when those are reported depends on the cut."""
    unit = Unit(profile)
    for chunk in chunks:
        unit.at(unit.now, chunk)
    unit.rest()
    unread = [fact.count for fact in unit.facts if isinstance(fact, Unrecognized)]
    facts: list[Call | DeviceState] = [
        fact
        for fact in unit.facts
        if not isinstance(fact, Unrecognized)
        and not (isinstance(fact, DeviceState) and fact.code == "unreadable")
    ]
    return facts, sum(unread)


def wire(profile: str) -> bytes:
    habits = Habits(lines=2)
    return b"".join(data for _, data in plan_unit(profile, Random(4), 8, habits, noise=0.1).sent)


@pytest.mark.parametrize("profile", sorted(PROFILES))
@example(data=b" \r\nno record\r\n", cuts=[2])
@given(data=NOISE, cuts=st.lists(st.integers(min_value=0), max_size=12))
def test_any_cut_of_any_bytes_gives_the_same_facts(
    profile: str, data: bytes, cuts: list[int]
) -> None:
    assert said(profile, pieces(data, cuts)) == said(profile, [data])


@pytest.mark.parametrize("profile", sorted(PRINTS))
def test_byte_by_byte_is_as_good_as_all_at_once(profile: str) -> None:
    data = wire(profile)
    assert said(profile, [data[at : at + 1] for at in range(len(data))]) == said(profile, [data])


@pytest.mark.parametrize("profile", sorted(PROFILES))
@given(data=NOISE)
def test_the_memory_of_any_moment_is_read_again(profile: str, data: bytes) -> None:
    unit = Unit(profile)
    unit.at(1, data)
    again = Unit(profile, unit.decoder.memory())
    assert again.facts == []
    assert again.decoder.memory() == Unit(profile, again.decoder.memory()).decoder.memory()


@given(st.binary(max_size=200))
def test_no_bytes_as_memory_raise(data: bytes) -> None:
    unit = Unit(memory=data)
    unit.at(1, b"L1R01@")
    unit.rest()
    assert unit.told


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_a_flood_without_an_end_is_bounded(profile: str) -> None:
    unit = Unit(profile)
    for _ in range(200):
        unit.at(1, b"L1C" + b"9" * 5000)
    assert len(unit.decoder._engine.pending) <= 512
    assert len(unit.decoder.memory()) < 1000
    assert msgspec.msgpack.decode(unit.decoder.memory())


def test_what_is_kept_of_a_line_has_a_bound() -> None:
    """All calls of one line that the memory can hold, at their largest."""
    unit = Unit()
    for number in range(200):
        unit.later(1, f"L1C0912{number:07d}@L1R01@L1HF@".encode())
        unit.later(1, b"L1D5@" * 100 + b"L1HND:" + b"9" * 40 + b" T0046@")
    assert len(msgspec.msgpack.encode(KeptLine())) < len(unit.decoder.memory()) < 600


@pytest.mark.parametrize("profile", ["segal-c", "techno-text", "whozz"])
def test_pulled_out_at_any_byte_no_call_is_made_up_or_left_open(profile: str) -> None:
    habits = Habits(lines=2, talk=(5.0, 10.0))
    sent = plan_unit(profile, Random(8), 3, habits).sent
    whole = _told(profile, sent, None, 0)
    for index, (_, record) in enumerate(sent):
        for cut in range(len(record)):
            calls = _told(profile, sent, index, cut)
            assert all(call.outcome is not None for call in calls)
            assert len(calls) <= len(whole)
            assert {call.number for call in calls} <= {call.number for call in whole} | {None}


def _told(
    profile: str, sent: Sequence[tuple[float, bytes]], broken: int | None, cut: int
) -> list[Call]:
    """The calls, when the unit is out for 2 s from this byte of this record on."""
    unit = Unit(profile)
    back = 0.0
    for index, (at, record) in enumerate(sent):
        if index == broken:
            unit.at(at, record[:cut])
            unit.decoder.lose_link()
            back = at + 2.0
            unit.at(back)
            unit.decoder.find_link()
        elif at >= back:
            unit.at(at, record)
    unit.rest()
    return unit.told
