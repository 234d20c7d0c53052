"""A simulated day as an exchange prints it, and what a CRM must know of it in the end."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, TypedDict, Unpack
from zoneinfo import ZoneInfo

from drivers.panasonic.day import Office, Talk, TrueCall, plan_day
from drivers.panasonic.expected import Expected, expected
from drivers.panasonic.printout import Exchange, Layout, Names, Printed, exchange_of
from drivers.panasonic.simulator import print_calls

START = datetime(2026, 3, 27, 4, 30, tzinfo=UTC)
OFFICE = Office()
BAUD = 1_000_000

Truth = Counter[object]


@dataclass(frozen=True, slots=True)
class Day:
    """Calls, and the paper that one exchange prints of them."""

    exchange: Exchange
    calls: tuple[TrueCall, ...]
    printed: tuple[Printed, ...]

    @property
    def truth(self) -> Truth:
        """What a CRM must know in the end, each call once."""
        return Counter(
            _truth(one, call) for call in self.calls for one in expected(call, self.exchange)
        )


class Programmed(TypedDict, total=False):
    """What an installer may have changed at the exchange."""

    received: bool
    answered: bool
    did: bool
    page_length: int
    layout: Layout
    names: Names


def day_of(model: str, calls: int, seed: int, **programmed: Unpack[Programmed]) -> Day:
    """A day of one model, as programmed."""
    exchange = replace(exchange_of(model, ZoneInfo("Asia/Tehran")), **programmed)
    planned = plan_day(Random(seed), OFFICE, calls, START)
    return _day(exchange, [call for call in planned if not _ambiguous(call)])


def _ambiguous(call: TrueCall) -> bool:
    """A mobile dialled without its 0, and digits keyed after it: 9 and a local number, or not?"""
    return call.keyed.isdigit() and (call.number or "").startswith("9")


def closed(day: Day) -> Day:
    """The same, with a call out on every line afterwards.

    A missed call leaves nothing on a TA/TE exchange but its ring notice, which the next line of the
    same trunk ends, or else a quarter of an hour.
    """
    after = max(call.end for call in day.calls) + timedelta(minutes=1)
    more = []
    for line, extension in zip(OFFICE.lines, OFFICE.extensions, strict=False):
        talk = Talk(extension, after, 30)
        out = TrueCall(
            direction="outgoing",
            start=after,
            end=talk.end,
            extension=extension,
            line=line,
            number=f"0915000{line:04d}",
            talks=(talk,),
        )
        more.append(out)
    return _day(day.exchange, [*day.calls, *more])


def _day(exchange: Exchange, calls: Iterable[TrueCall]) -> Day:
    calls = tuple(calls)
    return Day(exchange, calls, tuple(print_calls(calls, exchange)))


def known(calls: Iterable[dict[str, Any]], *, ring: bool) -> Truth:
    """The same of the final data of calls, as a CRM has them. `ring`: the paper has ring times."""
    return Counter(_known(call, ring=ring) for call in calls)


def assert_same(calls: Iterable[dict[str, Any]], day: Day) -> None:
    said, truth = known(calls, ring=day.exchange.prints_ring), day.truth
    untrue, untold = "\n".join(map(str, said - truth)), "\n".join(map(str, truth - said))
    assert said == truth, f"said, but never happened:\n{untrue}\nhappened, not said:\n{untold}"


def _truth(one: Expected, call: TrueCall) -> object:
    # Of digits keyed after a dialled number nothing may be left, though the paper shows them.
    number = call.number if one.direction == "outgoing" else one.number
    return (
        one.direction,
        *(one.line, one.extension, number, one.name, one.did, one.account_code),
        *(one.ring_seconds, one.talk_seconds, one.outcome),
        tuple((leg.extension, leg.talk_seconds, leg.transferred) for leg in one.legs),
        one.hidden_extensions,
    )


def _known(call: dict[str, Any], *, ring: bool) -> object:
    return (
        call["direction"],
        *(call["line"], call["extension"], call["number_raw"], call["name"], call["did"]),
        *(call["account_code"], call["ring_seconds"] if ring else None, call["talk_seconds"]),
        call["outcome"],
        tuple((leg["extension"], leg["talk_seconds"], leg["transferred"]) for leg in call["legs"]),
        tuple(call["hidden_extensions"]),
    )
