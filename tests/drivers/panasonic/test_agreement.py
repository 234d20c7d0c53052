"""The exchange simulator and the decoder were written apart: what the one did, the other must say.

Thousands of random calls for every model. `expected` is the truth; it was written from the paper
that an exchange prints, not from this decoder.
"""

import random
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace as replace_struct

from drivers.contract import Moment, Surroundings
from drivers.events import Call, Fact
from drivers.panasonic.day import Office, TrueCall, plan_day
from drivers.panasonic.decoder import SmdrDecoder
from drivers.panasonic.expected import Expected, expected
from drivers.panasonic.models import MODELS
from drivers.panasonic.printout import Exchange, Layout, Names, exchange_of, with_headings
from drivers.panasonic.settings import PanasonicSettings
from drivers.panasonic.simulator import print_calls

ZONE = ZoneInfo("Asia/Tehran")
START = datetime(2026, 3, 9, 4, 30, tzinfo=UTC)
CALLS = 1000


@dataclass(frozen=True)
class Run:
    """How a day is printed and read."""

    exchange: Exchange
    seed: int = 1
    live: bool = True
    listed: bool = True


def _said(run: Run, calls: list[TrueCall], office: Office) -> list[Call]:
    """The decoder's last word on each call."""
    hidden = (*office.groups, office.disa) if run.listed else ()
    settings = PanasonicSettings(model=run.exchange.model, hidden_extensions=hidden)
    decoder = SmdrDecoder(settings, Surroundings(ZONE, "t"), b"")
    facts: list[Fact] = []
    now = Moment(START, 0.0, trusted=True, live=run.live)
    for printed in with_headings(print_calls(calls, run.exchange), run.exchange):
        seconds = (printed.at - START).total_seconds()
        now = Moment(printed.at, seconds, trusted=True, live=run.live)
        facts += decoder.tick(now)
        facts += decoder.feed(printed.text)
    while (due := decoder.due()) is not None:
        facts += decoder.tick(Moment(now.utc, due, trusted=True, live=run.live))
    told = [fact for fact in facts if isinstance(fact, Call)]
    ends = Counter(call.call_id for call in told if call.stage == "ended")
    assert set(ends.values()) == {1}, "each call is told as ended exactly once"
    assert ends.keys() == {call.call_id for call in told}
    return list({call.call_id: call for call in told}.values())


def _compare(run: Run) -> None:
    office = Office()
    calls = plan_day(random.Random(run.seed), office, CALLS, START)
    truth = Counter(_key(one) for call in calls for one in expected(call, run.exchange))
    ring = run.exchange.prints_ring
    said = Counter(
        _key(call if ring else replace_struct(call, ring_seconds=None))
        for call in _said(run, calls, office)
    )
    assert sum(truth.values()) > CALLS * 0.7
    assert said - truth == Counter(), "said, but never happened"
    assert truth - said == Counter(), "happened, but was not said"


def _key(call: Call | Expected) -> tuple[object, ...]:
    """What both sides tell of a call."""
    legs = tuple((leg.extension, leg.talk_seconds, leg.transferred) for leg in call.legs)
    return (
        call.direction, call.line, call.extension, call.number, call.name, call.did,
        call.account_code, call.ring_seconds, call.talk_seconds, call.outcome, legs,
        tuple(call.hidden_extensions),
    )  # fmt: skip


@pytest.mark.parametrize("live", [True, False], ids=["live", "printed"])
@pytest.mark.parametrize("model", MODELS)
def test_every_model_as_it_prints_by_default(model: str, *, live: bool) -> None:
    _compare(Run(exchange_of(model, ZONE), live=live))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("layout", ["tda-a", "tda-b", "tda-c"])
@pytest.mark.parametrize("codes", ["RC", "RC AN", "AN"])
def test_ring_and_answer_lines(layout: Layout, seed: int, codes: str) -> None:
    exchange = replace(
        exchange_of("KX-TDA200", ZONE),
        layout=layout, received="RC" in codes, answered="AN" in codes, page_length=20,
    )  # fmt: skip
    _compare(Run(exchange, seed))


@pytest.mark.parametrize("names", ["none", "after", "before"])
@pytest.mark.parametrize("marker", ["<I>", "<INCOMING>", "<Input>", "<incoming>"])
def test_markers_did_and_names(marker: str, names: Names) -> None:
    exchange = replace(
        exchange_of("KX-NS500", ZONE), layout="tda-c", marker=marker, did=True, names=names
    )
    _compare(Run(exchange, 5))


@pytest.mark.parametrize("layout", ["tda-a", "tda-b", "tda-c"])
def test_groups_and_disa_that_nobody_listed_are_found(layout: Layout) -> None:
    office = Office()
    calls = plan_day(random.Random(3), office, CALLS, START)
    exchange = replace(exchange_of("KX-TDA100", ZONE), layout=layout)
    said = _said(Run(exchange, live=True, listed=False), calls, office)
    answered = [call for call in said if call.outcome == "answered"]
    assert len(answered) > CALLS * 0.4
    assert not {call.extension for call in answered} & {*office.groups, office.disa}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("notice", [True, False])
def test_ta_with_and_without_ring_notice(seed: int, *, notice: bool) -> None:
    _compare(Run(replace(exchange_of("KX-TES824", ZONE), ring_notice=notice), seed))


def test_ta_ring_time_is_measured_between_notice_and_answer() -> None:
    office = Office()
    calls = plan_day(random.Random(7), office, 300, START)
    exchange = exchange_of("KX-TES824", ZONE)
    rang: Counter[tuple[str | None, int | None]] = Counter(
        (call.number, call.ring_seconds)
        for call in calls
        if call.direction == "incoming" and call.talks and call.number and call.way != "disa"
    )
    measured: Counter[tuple[str | None, int | None]] = Counter(
        (call.number, call.ring_seconds)
        for call in _said(Run(exchange), calls, office)
        if call.direction == "incoming" and call.ring_seconds is not None
    )
    assert rang
    assert rang - measured == Counter()
