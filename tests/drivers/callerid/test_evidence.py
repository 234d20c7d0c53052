"""What each profile says of bytes that it or another make sent."""

from random import Random

import pytest

from drivers.callerid.driver import SPEC
from drivers.callerid.evidence import evidence
from drivers.callerid.profiles import PROFILES
from drivers.callerid.simulator import plan_unit
from drivers.callerid.unit_print import PRINTS
from drivers.wire.uart import Sender, heard

SAMPLE = (
    b"\r\nL1C09120001122@\r\n  L1R01@  L1R02@  L1HF@  L1HND: T0046@"
    b"L2C9120003344@ L2R01@ L2R02@ L2R03@ L1HF@ L1D0@ L1D9@ L1HND:09 T0105@"
    b" L1HF@ L1HND: T0000@ @www.example.com\r\nL3R01@ L3HF@"
)


def test_the_grammar_is_consumed_with_nothing_left_over() -> None:
    best = SPEC.evidence(SAMPLE)[0]
    assert best.settings == {"profile": "segal-c"}
    assert (best.records, best.unread, best.read) == (17, 0, len(SAMPLE))
    assert best.sample[0] == "line 1: caller_id 09120001122"


@pytest.mark.parametrize("profile", sorted(PRINTS))
def test_each_make_is_known_by_its_bytes(profile: str) -> None:
    data = b"".join(data for _, data in plan_unit(profile, Random(1), 6).sent)
    best, *others = evidence(data)
    assert best.settings == {"profile": profile}
    assert best.unread == 0
    assert all((each.records, -each.unread) < (best.records, 0) for each in others)


def test_what_bytes_cannot_tell_is_a_choice() -> None:
    (number,) = evidence(b"\r\nL1C09120001122@\r\n")
    assert number.choices == {"profile": ["segal-c", "danjeh-text"]}
    (ring,) = evidence(b"L1R01@\r\nL1R02@\r\n")
    assert ring.choices == {"profile": ["segal-c", "segal-plain"]}


def test_records_cut_at_either_end_count_for_nothing() -> None:
    (best, *_) = evidence(b"9120001122@\r\nL1R01@\r\nL1R0")  # the first one's @ and line end stay
    assert (best.records, best.read, best.unread) == (1, 11, 0)


@pytest.mark.parametrize("baud", [1200, 4800, 9600, 38400, 57600])
def test_bytes_at_a_wrong_speed_speak_for_nobody(baud: int) -> None:
    chunks = (
        heard(data, Sender(115200), baud) for _, data in plan_unit("segal-c", Random(1), 6).sent
    )
    assert sum(each.records for each in evidence(b"".join(chunks))) == 0


def test_an_exchange_speaks_for_no_box() -> None:
    line = b"09/03/26 08:05     104 02 <I>09120000011            0'05 00:00'42            TR \r\n"
    assert evidence(line * 20) == []


def test_only_unconfirmed_profiles_are_marked_so() -> None:
    unconfirmed = {profile.id for profile in PROFILES.values() if not profile.confirmed}
    assert unconfirmed == {"danjeh-text", "yasna-text", "ad101"}
