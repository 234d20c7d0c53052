"""What holds for any bytes: any cut gives the same facts, nothing raises, nothing grows."""

import contextlib
import random
from datetime import timedelta
from functools import cache

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.contract import Moment, Surroundings
from drivers.errors import DeviceRefused
from drivers.events import Fact, Unrecognized
from drivers.panasonic.day import Office, plan_day
from drivers.panasonic.decoder import SmdrDecoder
from drivers.panasonic.models import MODELS
from drivers.panasonic.printout import Printed, exchange_of, with_headings
from drivers.panasonic.session import LanSession
from drivers.panasonic.settings import PanasonicSettings
from drivers.panasonic.simulator import print_calls
from tests.drivers.panasonic.paper import MIDNIGHT, ZONE

OFFICE = Office()
SPELLS = (
    b"\r\n", b"\r", b"\n", b"\f", b"\x00\x11\x13", b"<I>", b"<D>384001<I>", b"EXT105",
    b"09/03/26 08:05     104 02 <I>09120000011            0'05 00:00'42            TR ",
    b"09/03/26 08:05     601 00 <I>09120000011            0'05 00:00'00               ",
    b"09/03/26 08:05     104 02 <I>09120000011                                     RC ",
    b" 3/ 9/26   8:05AM      02   <    incoming    >05110001                  ....  ",
    b"09/03/26 \xb20:05     104 02 <I>\xb2\xb3                     9'59 99:59'59            NA ",
    b"**/**/** **:****   104 02 021                       *'** **:**'**               ",
    b"-", b"Enter Password:", b"*******", b"Rejected", b"\xff\xfd\x01", b"'", b'"', b":", b"/",
    b"  Date     Time    Ext CO        Dial Number        Ring Duration  Acc code  CD ",
)  # fmt: skip
"""Pieces of what exchanges print, so that arbitrary bytes reach past the first check."""
NOISE = st.lists(st.sampled_from(SPELLS) | st.binary(max_size=40), max_size=40).map(b"".join)


def moment(seconds: float) -> Moment:
    return Moment(MIDNIGHT + timedelta(seconds=seconds), seconds, trusted=True, live=True)


def decoder(model: str, memory: bytes = b"") -> SmdrDecoder:
    made = PanasonicSettings(model=model, hidden_extensions=("601",))
    return SmdrDecoder(made, Surroundings(ZONE, "t"), memory)


@cache
def day(model: str) -> tuple[Printed, ...]:
    calls = plan_day(random.Random(7), OFFICE, 60, MIDNIGHT)
    exchange = exchange_of(model, ZONE)
    return tuple(with_headings(print_calls(calls, exchange), exchange))


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    """The bytes, cut at these places."""
    places = sorted({cut % (len(data) + 1) for cut in cuts})
    return [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]


CUTS = st.lists(st.integers(0, 100_000), max_size=30)


@pytest.mark.parametrize("model", ["KX-TDA100", "KX-TES824"])
@given(data=NOISE, cuts=CUTS, ticks=st.booleans(), start=st.integers(0, 50))
def test_any_cut_of_any_bytes_gives_the_same_facts(
    model: str, *, data: bytes, cuts: list[int], ticks: bool, start: int
) -> None:
    lines = b"".join(printed.text for printed in day(model)[start : start + 12])
    data = lines[: len(lines) // 2] + data + lines[len(lines) // 2 :]
    whole, cut = decoder(model), decoder(model)
    whole.tick(moment(100.0))
    cut.tick(moment(100.0))
    expected = whole.feed(data)
    facts: list[Fact] = []
    for piece in pieces(data, cuts):
        facts += cut.tick(moment(100.0)) if ticks else []
        facts += cut.feed(piece)
    for one in (whole, cut):
        late = one.tick(moment(5000.0))
        (expected if one is whole else facts).extend(late)
    assert _calls_and_counts(facts) == _calls_and_counts(expected)
    assert cut.memory() == whole.memory()


def _calls_and_counts(facts: list[Fact]) -> tuple[list[Fact], int]:
    """Facts in order; unread lines as one count, because which minute tells them may differ."""
    unread = [fact for fact in facts if isinstance(fact, Unrecognized)]
    return [fact for fact in facts if fact not in unread], sum(fact.count for fact in unread)


@pytest.mark.parametrize("model", ["KX-TDA100", "KX-TES824"])
@given(chunks=st.lists(st.tuples(NOISE, st.floats(0, 40_000)), max_size=8))
def test_no_bytes_ever_raise(model: str, chunks: list[tuple[bytes, float]]) -> None:
    box = decoder(model)
    now = 0.0
    for data, passed in chunks:
        now += passed
        for fact in [*box.tick(moment(now)), *box.feed(data)]:
            msgspec.json.encode(fact)
        due = box.due()
        assert due is None or due > now, "what is due now was told now"
    decoder(model, box.memory())


@given(chunks=st.lists(st.tuples(NOISE, st.floats(0, 100)), max_size=8))
def test_a_session_raises_nothing_but_refused(chunks: list[tuple[bytes, float]]) -> None:
    made = PanasonicSettings(model="KX-NS500")
    session = LanSession(made, Surroundings(ZONE, "t", "tcp"), b"")
    now = 0.0
    with contextlib.suppress(DeviceRefused):
        for data, passed in chunks:
            now += passed
            session.tick(moment(now))
            session.feed(data)
            assert (session.due() or 0.0) < now + 100_000, "a time that comes"
    LanSession(made, Surroundings(ZONE, "t", "tcp"), session.memory())


@given(memory=st.binary(max_size=200))
def test_a_memory_from_elsewhere_never_raises(memory: bytes) -> None:
    """A damaged memory is as good as none: the box must start."""
    box = decoder("KX-TDA100", memory)
    box.tick(moment(1.0))
    assert box.feed(day("KX-TDA100")[0].text) is not None


# --- bounds ------------------------------------------------------------------------------------

MEMORY_BOUND = 512 * 1024
PENDING_BOUND = 2048


def _held(box: SmdrDecoder) -> int:
    """Bytes that wait for their line end."""
    return len(box._reader.splitter.pending)


def test_megabytes_without_a_line_end() -> None:
    box = decoder("KX-TDA100")
    box.tick(moment(0.0))
    for _ in range(64):
        box.feed(b"\xaa09/03/26 " * 4096)
        assert _held(box) <= PENDING_BOUND
    assert len(box.memory()) < MEMORY_BOUND


@pytest.mark.parametrize("model", ["KX-TDA100", "KX-TES824"])
@pytest.mark.parametrize("layout", ["many lines", "many numbers", "many groups"])
def test_open_calls_are_bounded(model: str, layout: str) -> None:
    box = decoder(model)
    rng = random.Random(1)
    for second in range(6000):
        line = rng.randrange(100) if layout == "many lines" else 0
        if model == "KX-TES824":
            text = f" 3/ 9/26   8:05AM      {line:02d}   <    incoming    >{second:08d}"
        elif layout == "many groups":
            text = f"09/03/26 08:05   {second:05d} {line:02d} <I>{second:08d}               0'20 "
            text += "00:00'10            D0 "
        else:
            text = f"09/03/26 08:05     104 {line:02d} <I>{second:08d}"
            text = f"{text:<77}RC "
        box.tick(moment(second / 100))
        box.feed(f"{text}\r\n".encode())
    assert len(box.memory()) < MEMORY_BOUND


def test_legs_of_one_call_are_bounded() -> None:
    box = decoder("KX-TDA100")
    for second in range(3000):
        box.tick(moment(float(second)))
        text = (
            "09/03/26 08:05     104 02 <I>09120000011            0'00 00:00'01            TR \r\n"
        )
        box.feed(text.encode())
    assert len(box.memory()) < MEMORY_BOUND


def test_unread_lines_are_counted_not_kept() -> None:
    box = decoder("KX-TDA100")
    box.tick(moment(0.0))
    before = len(box.memory())
    for number in range(2000):
        box.feed(b"[%d] what is this %d\r\n" % (number, number) * 20)
    assert len(box.memory()) == before
    assert _held(box) == 0


def test_a_session_that_never_falls_quiet_is_bounded() -> None:
    made = PanasonicSettings(model="KX-NS500")
    session = LanSession(made, Surroundings(ZONE, "t", "tcp"), b"")
    session.tick(moment(0.0))
    for text in (b"-", b"SMDR\rEnter Password:", b"*******\r\n"):
        session.feed(text)
    told = 0
    for second in range(400):
        session.tick(moment(second / 10))
        rows = (
            f"09/03/26 08:05     104 02 {second:04d}{n:04d}                       00:00'01"
            for n in range(100)
        )
        told += len(session.feed("".join(f"{row:<80}\r\n" for row in rows).encode()))
    assert told > 20_000, "the replay counts as over before the buffer grows without end"
    assert len(session._held) == 0
    assert len(session.memory()) < MEMORY_BOUND


@pytest.mark.parametrize("model", MODELS)
def test_a_day_leaves_a_small_memory(model: str) -> None:
    box = decoder(model)
    for printed in day(model):
        box.tick(moment((printed.at - MIDNIGHT).total_seconds()))
        box.feed(printed.text)
    assert len(box.memory()) < 32 * 1024
