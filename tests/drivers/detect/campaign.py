"""Plug-ins by the hundred: any device at any speed, heard by an ear that knows nothing of it.

    python -m tests.drivers.detect.campaign 2000

A call begins every 20 s. Seven bits with even parity half of the time, stray bytes in one of ten.
"""

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from random import Random
from statistics import median

from drivers import catalog
from drivers.detect.ear import Ear
from drivers.detect.proposal import Proposal
from tests.drivers.detect.devices import KINDS, Kind
from tests.drivers.detect.plugging import Line, in_order, listen, spread, with_noise

BAUDS = (115200, 57600, 38400, 19200, 9600, 4800, 2400, 1200)
EVERY_SECONDS = 20.0
CALLS = 4
READERS = {name: catalog.spec(name).evidence for name in catalog.NAMES}


@dataclass(frozen=True, slots=True)
class Result:
    """How one plug-in went.

    first: right after the first call. found: seconds of line time until it was right for the first
    time, None within CALLS calls. wrong: the words in which something wrong was proposed.
    """

    kind: str
    line: Line
    noisy: bool
    first: bool
    found: float | None
    wrong: frozenset[str]


def plug_in(seed: int, kind: Kind | None = None) -> Result:
    """One device on one line; the seed decides everything that is not given."""
    rng = Random(seed)
    kind = kind or rng.choice(KINDS)
    line = Line.of(rng, rng.choice(BAUDS), rng.choice(("8N1", "7E1")))
    calls = spread(islice(kind.calls(rng), CALLS), EVERY_SECONDS)
    over = calls[0][-1].at
    noisy = rng.random() < 0.1
    sent = with_noise(rng, in_order(calls)) if noisy else in_order(calls)
    ear = Ear(READERS)
    found, first, wrong = None, None, set()
    for now in listen(ear, line, sent):
        told = next(iter(ear.proposals), None)
        right = told is not None and _is_right(told, kind, line)
        if told is not None and not right:
            wrong.add(told.confidence)
        if right and found is None:
            found = now
        if first is None and now >= over:
            first = right
    return Result(kind.name, line, noisy, bool(first), found, frozenset(wrong))


def _is_right(told: Proposal, kind: Kind, line: Line) -> bool:
    return kind.is_told_by(told) and (told.baud, told.format) == (line.baud, line.format)


def told(results: Iterable[Result]) -> str:
    """A table of them."""
    listed = list(results)
    by_kind = defaultdict(list)
    for each in listed:
        by_kind[each.kind].append(each)
    late = float("inf")
    lines = [f"{'':12} {'plug-ins':>8} {'first call':>10} {'median s':>8} {'wrong':>6}"]
    for name, some in [*sorted(by_kind.items()), ("all", listed)]:
        first = 100 * sum(each.first for each in some) / len(some)
        seconds = median(late if each.found is None else each.found for each in some)
        wrong = Counter(word for each in some for word in each.wrong)
        lines.append(f"{name:12} {len(some):8} {first:9.1f}% {seconds:8.1f} {dict(wrong)}")
    return "\n".join(lines)


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    sys.stdout.write(told(plug_in(seed) for seed in range(count)) + "\n")
