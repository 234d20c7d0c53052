"""A restart at any line changes nothing: the memory holds what the decoder must know again."""

import random
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.contract import Moment, Surroundings
from drivers.events import Call, DeviceState, Fact
from drivers.panasonic.day import Office, plan_day
from drivers.panasonic.decoder import SmdrDecoder
from drivers.panasonic.memory import recall
from drivers.panasonic.printout import Exchange, Printed, exchange_of, with_headings
from drivers.panasonic.settings import PanasonicSettings
from drivers.panasonic.simulator import print_calls
from tests.drivers.panasonic.paper import MIDNIGHT, ZONE, Listener, ta_in, tda_a, told

OFFICE = Office()


@cache
def day(name: str) -> tuple[Printed, ...]:
    exchange = _exchange(name)
    calls = plan_day(random.Random(11), OFFICE, 80, MIDNIGHT, gap_seconds=20.0)
    return tuple(with_headings(print_calls(calls, exchange), exchange))


def _exchange(name: str) -> Exchange:
    plain = exchange_of("KX-TDA100", ZONE)
    return {
        "ta": exchange_of("KX-TEM824", ZONE),
        "plain": plain,
        "rings": replace(plain, received=True, answered=True, page_length=12),
        "months first": replace(plain, date_order="mdy", layout="tda-c"),
        "costs": replace(exchange_of("KX-NS500", ZONE), layout="tda-b", did=True),
    }[name]


def new(name: str, memory: bytes = b"", *, listed: bool = True) -> SmdrDecoder:
    hidden = (*OFFICE.groups, OFFICE.disa) if listed else ()
    made = PanasonicSettings(model=_exchange(name).model, hidden_extensions=hidden)
    return SmdrDecoder(made, Surroundings(ZONE, "t"), memory)


def _moment(printed: Printed, shift: float = 0.0) -> Moment:
    seconds = (printed.at - MIDNIGHT).total_seconds() + shift
    return Moment(printed.at, seconds, trusted=True, live=True)


def hear(decoder: SmdrDecoder, printed: Printed, shift: float = 0.0) -> list[Fact]:
    return [*decoder.tick(_moment(printed, shift)), *decoder.feed(printed.text)]


def end(decoder: SmdrDecoder, shift: float = 0.0) -> list[Fact]:
    facts: list[Fact] = []
    while (due := decoder.due()) is not None:
        at: datetime = MIDNIGHT + timedelta(seconds=due - shift)
        facts += decoder.tick(Moment(at, due, trusted=True, live=True))
    return facts


@pytest.mark.parametrize("listed", [True, False], ids=["listed", "unlisted"])
@pytest.mark.parametrize("name", ["ta", "plain", "rings", "months first", "costs"])
@settings(max_examples=25)
@given(stops=st.lists(st.integers(0, 300), min_size=1, max_size=6))
def test_restarts_in_the_middle_of_calls_change_nothing(
    name: str, *, listed: bool, stops: list[int]
) -> None:
    printed = day(name)
    steady, restarted = new(name, listed=listed), new(name, listed=listed)
    for number, line in enumerate(printed):
        if number in stops:
            restarted = new(name, restarted.memory(), listed=listed)
            restarted.tick(_moment(printed[number - 1] if number else line))
        assert hear(restarted, line) == hear(steady, line), (number, line.text)
    assert end(restarted) == end(steady)
    assert restarted.memory() == steady.memory()


@pytest.mark.parametrize("name", ["ta", "rings"])
def test_the_monotonic_clock_of_a_new_boot_starts_elsewhere(name: str) -> None:
    printed = day(name)
    half = len(printed) // 2
    steady = new(name)
    for line in printed[:half]:
        hear(steady, line)
    shift = 50.0 - (printed[half].at - MIDNIGHT).total_seconds()
    booted = new(name, steady.memory())
    booted.tick(_moment(printed[half - 1], shift))
    for line in printed[half:]:
        assert _kinds(hear(booted, line, shift)) == _kinds(hear(steady, line))
    assert len(end(booted, shift)) == len(end(steady))


def _kinds(facts: list[Fact]) -> list[tuple[str, str | None, str | None, int | None]]:
    return [
        (fact.stage, fact.line, fact.extension, fact.talk_seconds)
        for fact in facts
        if isinstance(fact, Call)
    ]


def test_a_group_call_over_a_restart_is_one_call() -> None:
    box = Listener(hidden=["601"])
    (answered,) = box.hear(
        "08:05:17", tda_a("08:05", "601", "02", "<I>0218000", "0'17", "00:00'00")
    )
    again = Listener(hidden=["601"], memory=box.decoder.memory())
    (ended,) = again.hear("08:07:22", tda_a("08:07", "104", "02", "<I>0218000", "0'00", "00:02'05"))
    assert isinstance(answered, Call)
    assert isinstance(ended, Call)
    assert (ended.stage, ended.call_id) == ("ended", answered.call_id)
    assert ended.ring_seconds == 17


def test_a_transfer_over_a_restart_is_an_update() -> None:
    box = Listener()
    box.hear("08:06:00", tda_a("08:06", "104", "02", "<I>0218000", "0'05", "00:00'30"))
    again = Listener(memory=box.decoder.memory())
    line = tda_a("08:06", "105", "02", "<I>0218000", "0'00", "00:00'50", "TR")
    assert told(again.hear("08:06:50", line)) == ["updated"]


def test_a_ring_notice_goes_missed_on_time_over_a_restart() -> None:
    box = Listener("KX-TES824")
    box.hear("15:17:10", ta_in("3:17PM", "", "01", "05110001"))
    again = Listener("KX-TES824", memory=box.decoder.memory())
    assert again.at("15:20:00") == []
    (missed,) = again.run_out()
    assert isinstance(missed, Call)
    assert missed.outcome == "missed"
    assert 15 * 60 <= again.now - (15 * 3600 + 17 * 60 + 10) <= 30 * 60


def test_call_ids_never_come_again() -> None:
    box = Listener()
    line = tda_a("08:06", "104", "02", "<I>0218000", "0'05", "00:00'30")
    box.hear("08:06:00", line)
    again = Listener(memory=box.decoder.memory())
    again.hear("08:26:00", line)
    assert box.calls[0].call_id != again.calls[0].call_id


def test_a_group_that_was_found_stays_found() -> None:
    box = Listener()
    group = tda_a("08:05", "601", "02", "<I>0218000", "0'17", "00:00'00")
    member = tda_a("08:05", "104", "02", "<I>0218000", "0'00", "00:00'05")
    box.hear("08:05:17", group)
    facts = box.hear("08:05:22", member)
    assert [f.code for f in facts if isinstance(f, DeviceState)] == ["unlisted-group"]
    again = Listener(memory=box.decoder.memory())
    assert told(again.hear("09:05:17", group.replace("08:05", "09:05"))) == ["answered"]


def test_the_memory_of_another_family_does_not_break_the_start() -> None:
    box = Listener("KX-TES824")
    box.hear("15:17:10", ta_in("3:17PM", "", "01", "05110001"))
    other = Listener("KX-TDA100", memory=box.decoder.memory())
    line = tda_a("15:18", "104", "01", "<I>0218000", "0'05", "00:00'30")
    assert "ended" in told(other.hear("15:18:00", line))


def test_the_memory_is_what_its_type_says() -> None:
    box = Listener()
    box.hear("08:06:00", tda_a("08:06", "104", "02", "<I>0218000", "0'05", "00:00'30"))
    kept = recall(box.decoder.memory())
    assert kept is not None
    assert kept.order == "dmy"
    assert kept.layout == "tda-a"


def test_a_memory_that_cannot_be_read_is_told_once_and_the_device_is_served() -> None:
    box = Listener(memory=b"\xc1 not ours")
    line = tda_a("15:18", "104", "01", "<I>0218000", "0'05", "00:00'30")
    box.hear("15:18:00", line)
    box.hear("15:19:00", line)
    alarms = [fact.code for fact in box.facts if isinstance(fact, DeviceState)]
    assert alarms == ["memory-lost"]
    assert len([fact for fact in box.facts if isinstance(fact, Call)]) == 2


def test_a_group_that_is_still_not_listed_is_told_again_after_a_restart() -> None:
    box = Listener()
    box.hear("08:05:10", tda_a("08:05", "601", "02", "<I>0218000", "0'10", "00:00'00"))
    box.hear("08:06:10", tda_a("08:06", "104", "02", "<I>0218000", "0'00", "00:01'00"))
    again = Listener(memory=box.decoder.memory())
    again.hear("09:05:17", tda_a("09:05", "104", "03", "", talk="00:00'10"))
    advices = [fact.advice for fact in again.facts if isinstance(fact, DeviceState)]
    assert len(advices) == 1
    assert "601" in advices[0]
