"""The bytes of the memory: small, the same while nothing changes, and the first form is still read.

`memory_1.msgpack` was written by the first version: an open call of ring group 601 on line 02;
ended calls on lines 03 (outgoing), 04 (incoming) and 05 (through ring group 602, not listed).
"""

import random
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.contract import Moment, Surroundings
from drivers.events import DeviceState, Leg, Unrecognized
from drivers.panasonic.call import KnownCall
from drivers.panasonic.day import Office, plan_day
from drivers.panasonic.decoder import SmdrDecoder
from drivers.panasonic.kept_call import KeptCall, pack, unpack
from drivers.panasonic.memory import recall
from drivers.panasonic.printout import Exchange, exchange_of, with_headings
from drivers.panasonic.settings import PanasonicSettings
from drivers.panasonic.simulator import print_calls
from tests.drivers.panasonic.paper import MIDNIGHT, ZONE, Listener, only, tda_a, told

FIRST = Path(__file__).with_name("memory_1.msgpack").read_bytes()
OFFICE = Office()
TES824 = exchange_of("KX-TES824", ZONE)
TDA100 = exchange_of("KX-TDA100", ZONE)
TDE200 = replace(exchange_of("KX-TDE200", ZONE), layout="tda-c", received=True, answered=True)
NS500 = replace(exchange_of("KX-NS500", ZONE), names="after", received=True, did=True)
EXCHANGES = pytest.mark.parametrize(
    "exchange", [TES824, TDA100, TDE200, NS500], ids=lambda exchange: exchange.model
)


class Box:
    """Hears a day's paper, with a clock that shows parts of a second as a real one does."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.decoder = self.new()
        calls = plan_day(random.Random(5), OFFICE, 150, MIDNIGHT)
        rng = random.Random(1)
        self.day = [
            (self.moment(printed.at + timedelta(microseconds=rng.randrange(10**6))), printed.text)
            for printed in with_headings(print_calls(calls, exchange), exchange)
        ]

    def new(self, memory: bytes = b"") -> SmdrDecoder:
        hidden = (*OFFICE.groups, OFFICE.disa)
        made = PanasonicSettings(model=self.exchange.model, hidden_extensions=hidden)
        return SmdrDecoder(made, Surroundings(ZONE, "0f3a9c21", boot="5e1c40b7"), memory)

    @staticmethod
    def moment(at: datetime) -> Moment:
        return Moment(at, (at - MIDNIGHT).total_seconds(), trusted=True, live=True)


@EXCHANGES
def test_a_restart_after_every_line_changes_nothing(exchange: Exchange) -> None:
    box = Box(exchange)
    memory = b""
    before = box.moment(MIDNIGHT)
    for now, text in box.day:
        restarted = box.new(memory)
        restarted.tick(before)
        got = [*restarted.tick(now), *restarted.feed(text)]
        assert got == [*box.decoder.tick(now), *box.decoder.feed(text)], text
        memory = restarted.memory()
        before = now


@EXCHANGES
def test_the_memory_of_a_small_office_fits_into_one_page_s_share(exchange: Exchange) -> None:
    """SQLite keeps up to 1,002 bytes of a row without rowid in its page of 4 KB."""
    box = Box(exchange)
    sizes = []
    for now, text in box.day:
        if [*box.decoder.tick(now), *box.decoder.feed(text)]:
            sizes.append(len(box.decoder.memory()))
    assert median(sizes) < 900
    assert sum(size < 990 for size in sizes) > 0.95 * len(sizes)


def test_what_can_get_no_leg_any_more_is_forgotten() -> None:
    box = Listener()
    for line in range(1, 9):
        text = tda_a("08:06", "104", f"{line:02d}", "<I>0218000", "0'05", "00:00'30")
        box.hear(f"08:06:{line:02d}", text)
    full = len(box.decoder.memory())
    box.hear("12:06:30", tda_a("12:06", "104", "01", "<I>0218000", "0'05", "00:00'30"))
    assert len(box.decoder.memory()) < full / 3


def test_an_outgoing_call_is_not_kept_where_no_transfer_of_it_is_printed() -> None:
    out = " 3/ 9/26   8:06AM 104  02 09120000012                           00:00'42\" ....  "
    box = Listener("KX-TES824")
    empty = len(box.decoder.memory())
    assert told(box.hear("08:06:42", out)) == ["ended"]
    assert len(box.decoder.memory()) < empty + 20


def test_the_bytes_stay_while_only_time_goes_on() -> None:
    box = Listener()
    box.hear("08:06:00", tda_a("08:06", "104", "02", "<I>0218000", "0'05", "00:00'30"))
    before = box.decoder.memory()
    (unread,) = box.hear("08:30:00", "?? 12 ??")
    assert isinstance(unread, Unrecognized)
    assert box.decoder.memory() == before
    box.hear("08:31:00", tda_a("08:31", "104", "02", "<I>0218000", "0'05", "00:00'30"))
    assert box.decoder.memory() != before


def test_an_open_call_of_the_first_form_ends_as_itself() -> None:
    box = Listener(hidden=["601"], memory=FIRST)
    ended = only(box.hear("08:08:22", tda_a("08:08", "104", "02", "<I>0218001", talk="00:02'05")))
    assert (ended.stage, ended.call_id, ended.ring_seconds) == ("ended", "t-4", 17)
    assert ended.hidden_extensions == ("601",)


def test_an_ended_call_of_the_first_form_gets_its_transfer() -> None:
    box = Listener(hidden=["601"], memory=FIRST)
    line = tda_a("08:07", "105", "04", "<I>0218000", "0'00", "00:00'50", "TR")
    updated = only(box.hear("08:07:00", line))
    assert (updated.stage, updated.call_id) == ("updated", "t-3")
    assert [leg.extension for leg in updated.legs] == ["104", "105"]


def test_the_rest_of_the_first_form_is_kept() -> None:
    box = Listener(hidden=["601"], memory=FIRST)
    ended = only(box.hear("09:07:00", tda_a("09:07", "105", "06", "0211", talk="00:00'50")))
    assert ended.call_id == "t-5", "a number that was not given before"
    advices = [fact.advice for fact in box.facts if isinstance(fact, DeviceState)]
    assert len(advices) == 1
    assert "602" in advices[0]
    kept = recall(box.decoder.memory())
    assert kept is not None
    assert kept.window == [7, 4_000_000_000]
    assert set(kept.calls.open) == {"02"}
    assert set(kept.calls.ended) == {"03", "04", "05", "06"}


@given(data=st.binary(max_size=40), places=st.lists(st.integers(0, len(FIRST) - 1), max_size=3))
def test_a_damaged_memory_never_raises(data: bytes, places: list[int]) -> None:
    line = tda_a("09:07", "105", "04", "<I>0218000", talk="00:00'50", code="TR")
    for whole in (FIRST, Listener(memory=FIRST).decoder.memory()):
        damaged = bytearray(whole)
        for place in places:
            start = place % len(damaged)
            damaged[start : start + len(data)] = data
        box = Listener(memory=bytes(damaged))
        box.hear("09:07:00", line)
        box.run_out()
        box.decoder.memory()


# --- one call ------------------------------------------------------------------------------------

TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), min_size=1, max_size=12)
SOME_TEXT = st.none() | TEXT
SECONDS = st.none() | st.integers(0, 400_000)
AT = st.integers(0, 4 * 10**9).map(lambda passed: MIDNIGHT + timedelta(microseconds=passed))
WHOLE = st.integers(0, 90_000).map(lambda passed: MIDNIGHT + timedelta(seconds=passed))
TIME = st.none() | AT | WHOLE
PRINTED = st.integers(0, 50_000_000).map(
    lambda minutes: datetime(1970, 1, 1) + timedelta(minutes=minutes)  # noqa: DTZ001 - as printed
)
LEGS = st.lists(st.builds(Leg, SOME_TEXT, SECONDS, SECONDS, SOME_TEXT, st.booleans()), max_size=3)
CALLS = st.builds(
    KnownCall,
    call_id=st.integers(1, 10**9).map("0f3a-1-{}".format),
    direction=st.sampled_from(["incoming", "outgoing"]),
    line=st.sampled_from(["02", "00"]),
    touched=st.integers(-(10**6), 10**9),
    number=st.just("0218000") | st.none(),
    number_text=st.sampled_from(["0218000", "02180XX"]),
    name=SOME_TEXT,
    did=SOME_TEXT,
    extension=SOME_TEXT,
    started_at=TIME,
    answered_at=TIME,
    ended_at=TIME,
    ring_seconds=SECONDS,
    outcome=st.sampled_from([None, "answered", "missed", "unanswered", "unknown"]),
    phase=st.sampled_from(["ringing", "answered", "ended"]),
    legs=LEGS,
    own_legs=LEGS,
    hidden=st.lists(TEXT, max_size=2),
    account_code=SOME_TEXT,
    resolution=st.sampled_from(["second", "minute"]),
    device_time=SOME_TEXT,
    suspect=SOME_TEXT,
    live_end=TIME,
    printed_end=st.none() | PRINTED,
    **dict.fromkeys(("masked", "told_ended", "by_group", "through_disa"), st.booleans()),
)


@pytest.mark.parametrize("key", ["02", "00 0218000"])
@given(call=CALLS)
def test_a_call_comes_back_as_it_was(key: str, call: KnownCall) -> None:
    data = msgspec.msgpack.encode(pack(call, key))
    back = unpack(msgspec.msgpack.decode(data, type=KeptCall), key, "0f3a-1")
    if call.phase == "ended":
        call.device_time = None
    assert back == call
