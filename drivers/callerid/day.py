"""What happens on the lines of a simulated unit, and the calls that these happenings are.

    cid  ring  ring  ring  lift ....... put back        an incoming call, answered; rings 5 s apart
    lift  key key key ...... key ...... put back        an outgoing one, with a key after the answer

People are slow: they lift after some rings, key a digit in 0.2 to 1 s, let it ring out, lift and
think better of it. Seconds count from the start.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Literal

RING_SECONDS = 5.0
"""From ring to ring."""
STOPPED_SECONDS = 6.0
"""After the last ring a unit that can tell so knows that it stopped."""
NUMBER_LATE = 2.0

Happened = Literal["number", "ring", "stopped", "lift", "key", "dialled", "put_back"]


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing on one line. text: number or key. count: rings so far, or seconds since lifting.

    incoming: of a call that came in.
    """

    at: float
    line: int
    what: Happened
    text: str = ""
    count: int = 0
    incoming: bool = True


@dataclass(frozen=True, slots=True)
class TrueCall:
    """A call as it was. number: as the unit shows it, or the digits dialled.

    early_number: it came before the first ring. keyed_after: digits keyed after the answer.
    """

    line: int
    direction: Literal["incoming", "outgoing"]
    number: str | None
    began: float
    ended: float
    answered: float | None = None
    rings: int = 0
    early_number: bool = True
    keyed_after: str = ""
    happenings: Sequence[Happening] = field(default=(), repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Habits:
    """How the lines are used. gap: seconds between two calls of a line, from and to.

    Chances are of one call. double_lift: the telephone bounces on its hook and is told twice.
    """

    lines: int = 4
    gap: tuple[float, float] = (45.0, 240.0)
    talk: tuple[float, float] = (5.0, 180.0)
    outgoing: float = 0.35
    missed: float = 0.3
    no_number: float = 0.08
    late_number: float = 0.3
    double_lift: float = 0.15
    only_lifted: float = 0.08
    keyed_after: float = 0.2


def plan(random: Random, habits: Habits, calls: int) -> list[TrueCall]:
    """So many calls on each line, in the order of their beginning. Lifting alone makes no call."""
    planned = [
        call for line in range(1, habits.lines + 1) for call in _line(random, habits, line, calls)
    ]
    return sorted(planned, key=lambda call: call.began)


def happenings(calls: Sequence[TrueCall]) -> list[Happening]:
    """Everything on all lines, in the order of time."""
    return sorted((each for call in calls for each in call.happenings), key=lambda each: each.at)


def _line(random: Random, habits: Habits, line: int, calls: int) -> Iterator[TrueCall]:
    now = random.uniform(0.0, habits.gap[1] / 2)
    for _ in range(calls):
        outgoing = random.random() < habits.outgoing
        call = (_outgoing if outgoing else _incoming)(random, habits, line, now)
        yield call
        now = call.ended + random.uniform(*habits.gap)


def _incoming(random: Random, habits: Habits, line: int, now: float) -> TrueCall:
    rings = random.randint(1, 6)
    number = None if random.random() < habits.no_number else caller(random)
    early = random.random() >= habits.late_number
    missed = random.random() < habits.missed
    first = now + (random.uniform(0.4, 1.5) if early and number else 0.0)
    happened = [
        Happening(first + RING_SECONDS * ring, line, "ring", count=ring + 1)
        for ring in range(rings)
    ]
    last = happened[-1].at
    if number and early:
        happened.insert(0, Happening(now, line, "number", number))
    elif number:
        happened.insert(1, Happening(first + NUMBER_LATE, line, "number", number))
        last = max(last, first + NUMBER_LATE)
    if missed:
        stopped = last + STOPPED_SECONDS
        happened.append(Happening(stopped, line, "stopped", count=rings))
        return TrueCall(line, "incoming", number, now, last, None, rings, early, "", happened)
    answered = last + random.uniform(0.5, 4.0)
    ended = answered + random.uniform(*habits.talk)
    happened += _lifted(random, habits, line, answered, ended, incoming=True)
    return TrueCall(line, "incoming", number, now, ended, answered, rings, early, "", happened)


def _outgoing(random: Random, habits: Habits, line: int, now: float) -> TrueCall:
    number = "" if random.random() < habits.only_lifted else dialled(random)
    after = "".join(random.choices("123456789", k=random.randint(1, 4)))
    after = after if number and random.random() < habits.keyed_after else ""
    at = now + random.uniform(0.8, 2.0)
    keys = []
    for key in number:
        keys.append(Happening(at, line, "key", key, incoming=False))
        at += random.uniform(0.2, 1.0)
    if number:
        keys.append(Happening(at, line, "dialled", number, incoming=False))
    at += random.uniform(12.0, 20.0)
    for key in after:
        keys.append(Happening(at, line, "key", key, incoming=False))
        at += random.uniform(0.3, 0.8)
    ended = at + random.uniform(*habits.talk)
    hook = _lifted(random, habits, line, now, ended, incoming=False, digits=number + after)
    happened = sorted([*hook, *keys], key=lambda each: each.at)
    return TrueCall(
        line, "outgoing", number, now, ended, keyed_after=after, happenings=tuple(happened)
    )


def _lifted(  # noqa: PLR0913 - one stretch of one line
    random: Random,
    habits: Habits,
    line: int,
    start: float,
    end: float,
    *,
    incoming: bool,
    digits: str = "",
) -> list[Happening]:
    lifts = [Happening(start, line, "lift", incoming=incoming)]
    if random.random() < habits.double_lift:
        lifts.append(Happening(start + 0.3, line, "lift", incoming=incoming))
    seconds = round(end - start)
    return [*lifts, Happening(end, line, "put_back", digits, seconds, incoming=incoming)]


def caller(random: Random) -> str:
    """A made-up mobile or fixed number, as exchanges show it: with or without its 0."""
    zero = random.choice(("0", ""))
    if random.random() < 0.7:
        return f"{zero}912000{random.randint(0, 9999):04d}"
    return f"{zero}21{random.randint(22000000, 88999999)}"


def dialled(random: Random) -> str:
    """A made-up number as people dial it from Tehran."""
    if random.random() < 0.7:
        return f"0912000{random.randint(0, 9999):04d}"
    return str(random.randint(22000000, 88999999))
