"""What reading a caller-ID box costs: CPU for each record, from bytes to calls.

    bytes ─▶ tick, feed ─▶ facts ─▶ memory     as the driver does it, a record at a read
    bytes ─▶ split at the end, one regex       plain reading of the same bytes; nothing understood

A simulated day of each make on four lines, with a byte of noise here and there; the clock stands
where the record was sent. A ratio is the median of the rounds. Aim: 30 µs a record.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import median
from time import process_time
from zoneinfo import ZoneInfo

from bench.table import Table
from drivers.callerid.day import Habits
from drivers.callerid.driver import make_decoder
from drivers.callerid.settings import CallerIdSettings
from drivers.callerid.simulator import plan_unit
from drivers.callerid.unit_print import PRINTS
from drivers.contract import Moment, Surroundings

_ROUNDS = 7
_CALLS = 150
_ZONE = ZoneInfo("Asia/Tehran")
_START = datetime(2026, 3, 9, 4, 30, tzinfo=UTC)
_PLAIN = re.compile(rb"L(\d)(?:C(\d*)|R(\d+)|HF|D(.)|HND:(\S*) *T(\d+))")


@dataclass(slots=True)
class _Row:
    profile: str
    reads: Sequence[tuple[Moment, bytes]]
    rounds: list[tuple[float, float]] = field(default_factory=list)


def measure() -> Table:
    rows = [_Row(profile, _reads(profile)) for profile in PRINTS]
    for number in range(_ROUNDS + 1):
        for row in rows:
            taken = _decode(row), _plain(row)
            if number:  # the first round warms up
                row.rounds.append(taken)
    notes = (f"{_ROUNDS} rounds, {_CALLS} calls a line, four lines.",)
    columns = ("make", "records", "µs each", "x plain")
    return Table("reading caller-ID boxes", columns, tuple(_cells(row) for row in rows), notes)


def _cells(row: _Row) -> tuple[str, ...]:
    each = median(ours for ours, _ in row.rounds) / len(row.reads)
    ratio = median(ours / plain for ours, plain in row.rounds)
    return (row.profile, f"{len(row.reads):,}", f"{each * 1e6:.1f}", f"{ratio:.0f}")


def _reads(profile: str) -> list[tuple[Moment, bytes]]:
    unit = plan_unit(profile, Random(1), _CALLS, Habits(), noise=0.02)
    return [(_moment(at), data) for at, data in unit.sent]


def _moment(at: float) -> Moment:
    return Moment(_START + timedelta(seconds=at), at, trusted=True, live=True)


def _decode(row: _Row) -> float:
    settings = CallerIdSettings(profile=row.profile)
    decoder = make_decoder(settings, Surroundings(_ZONE, "bench", boot="bench"), b"")
    begun = process_time()
    for now, data in row.reads:
        facts = decoder.tick(now)
        facts += decoder.feed(data)
        if facts:
            decoder.memory()
        decoder.due()
    return process_time() - begun


def _plain(row: _Row) -> float:
    begun = process_time()
    for _, data in row.reads:
        for part in data.split(b"@"):
            _PLAIN.match(part)
    return process_time() - begun
