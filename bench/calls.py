"""What a driver hands over on simulated days: facts, and the memory that is stored with them."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from zoneinfo import ZoneInfo

from drivers.contract import Moment, Surroundings
from drivers.events import Call, Fact
from drivers.panasonic.day import Office, plan_day
from drivers.panasonic.driver import make_decoder
from drivers.panasonic.printout import exchange_of
from drivers.panasonic.settings import PanasonicSettings
from drivers.panasonic.simulator import print_calls

SETTINGS = PanasonicSettings(model="KX-TDA100", release_codes=("9",), area_code="51")
_ZONE = ZoneInfo("Asia/Tehran")
_CALLS_A_DAY = 2000
BEGIN = datetime(2026, 3, 21, 4, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Emitted:
    """One call of `emit`."""

    at: datetime
    facts: Sequence[Fact]
    memory: bytes


def emitted(events: int, seed: int = 1) -> list[Emitted]:
    """So many calls of `emit` with one event each, from a decoder that has worked for a while."""
    whole = (each for each in decoded(seed) if len(each.facts) == 1)
    return list(islice(whole, 100, 100 + events))


def together(several: Sequence[Emitted]) -> Emitted:
    """What the driver hands over when the lines of them all came in one read."""
    facts = [fact for each in several for fact in each.facts]
    return Emitted(several[-1].at, facts, several[-1].memory)


def decoded(seed: int = 1) -> Iterator[Emitted]:
    """Without end: one day after the other."""
    exchange = exchange_of("KX-TDA100", _ZONE)
    decoder = make_decoder(SETTINGS, Surroundings(_ZONE, "b00t0001", boot="b00t0001"), b"")
    rng = random.Random(seed)
    begin = BEGIN
    while True:
        for line in print_calls(plan_day(rng, Office(), _CALLS_A_DAY, begin, 15.0), exchange):
            now = Moment(line.at, (line.at - BEGIN).total_seconds(), trusted=True, live=True)
            facts = [*decoder.tick(now), *decoder.feed(line.text)]
            if facts and all(isinstance(fact, Call) for fact in facts):
                yield Emitted(line.at, facts, decoder.memory())
            begin = line.at
