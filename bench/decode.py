"""What reading and joining lines costs, beside cutting the same lines at fixed columns.

    bytes ─▶ tick, feed ─▶ calls              the decoder: any layout, damaged lines, joined legs
    text  ─▶ (line[0:8].strip(), …)           slices written out for one layout; nothing understood
    text  ─▶ tuple over a table of columns    plain slicing, where the layout is data
    text  ─▶ the same, direction and seconds  plain slicing with two small regular expressions

A simulated day of each model, live: `tick` and `feed` at each read, as the driver does them, and
the clock stands at the moment of the print. All take turns over the same lines; a ratio is the
median of the rounds. Aim: ≥ 0.15 of plain slicing.
"""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise
from statistics import median
from time import perf_counter
from zoneinfo import ZoneInfo

from bench.table import Table
from drivers.contract import Moment, Surroundings
from drivers.panasonic.day import Office, plan_day
from drivers.panasonic.decoder import SmdrDecoder
from drivers.panasonic.printout import Exchange, Printed, exchange_of, with_headings
from drivers.panasonic.settings import PanasonicSettings
from drivers.panasonic.simulator import print_calls

_ROUNDS = 7
_CALLS = 3000
_ZONE = ZoneInfo("Asia/Tehran")
_START = datetime(2026, 3, 9, 4, 30, tzinfo=UTC)
_SERIAL_READ = 32
"""Bytes that a serial adapter hands over at once."""
_LAN_READ = 1024

_MODELS = {
    "KX-TDA100, tda-a": exchange_of("KX-TDA100", _ZONE),
    "KX-TDE200, tda-c with RC and AN": replace(
        exchange_of("KX-TDE200", _ZONE), layout="tda-c", received=True, answered=True
    ),
    "KX-NS500, tda-a with names": replace(exchange_of("KX-NS500", _ZONE), names="after"),
    "KX-TES824, ta": exchange_of("KX-TES824", _ZONE),
}

_DIAL, _TALK = 4, 6
"""Places in the tuple of columns."""
_DIRECTION = re.compile(r"<(?:[dD]>[^<]*<)?\s*([A-Za-z]+)[^>]*>")
_DURATION = re.compile(r"(\d\d):(\d\d)'(\d\d)")

_Chunk = tuple[Moment, bytes]
_Cells = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Day:
    """What one exchange prints: `texts` are its lines without headings."""

    name: str
    settings: PanasonicSettings
    layout: str
    printed: Sequence[Printed]
    texts: Sequence[str]


@dataclass(slots=True)
class _Row:
    name: str
    days: Sequence[_Day]
    reads: Sequence[Sequence[_Chunk]]
    keep_memory: bool = False
    rates: list[tuple[float, ...]] = field(default_factory=list)

    @property
    def lines(self) -> int:
        return sum(len(day.texts) for day in self.days)


def measure() -> Table:
    rows = _rows()
    for number in range(_ROUNDS + 1):
        for row in rows:
            taken = tuple(_rate(row, way) for way in (_decode, *_BASELINES.values()))
            if number:  # the first round warms up
                row.rates.append(taken)
    whole = rows[len(_MODELS)]
    floors = zip(_BASELINES, list(zip(*whole.rates, strict=True))[1:], strict=True)
    notes = (
        "Lines/s of all: " + ", ".join(f"{name} {median(rates):,.0f}" for name, rates in floors),
        f"{whole.lines:,} lines, {_ROUNDS} rounds.",
        f"Bytes a read: serial {_SERIAL_READ}, LAN {_LAN_READ} (a stored day).",
    )
    columns = ("lines", "decoder/s", *(f"x {name}" for name in _BASELINES))
    return Table("decoding and joining lines", columns, tuple(_cells(row) for row in rows), notes)


def _cells(row: _Row) -> tuple[str, ...]:
    decoder, *floors = zip(*row.rates, strict=True)
    ratios = [f"{_ratio(decoder, floor):.2f}" for floor in floors]
    return (row.name, f"{median(decoder):,.0f}", *ratios)


def _ratio(rates: Sequence[float], floor: Sequence[float]) -> float:
    return median(rate / base for rate, base in zip(rates, floor, strict=True))


def _rows() -> list[_Row]:
    days = [_day(name, exchange) for name, exchange in _MODELS.items()]
    each = [_Row(day.name, [day], [_by_line(day)]) for day in days]
    return [
        *each,
        _Row("all, whole lines", days, [_by_line(day) for day in days]),
        _Row("all, serial reads", days, [_by_size(day, _SERIAL_READ) for day in days]),
        _Row("all, LAN reads", days, [_by_size(day, _LAN_READ) for day in days]),
        _Row(
            "all, whole lines, with memory", days, [_by_line(day) for day in days], keep_memory=True
        ),
    ]


def _day(name: str, exchange: Exchange) -> _Day:
    office = Office()
    hidden = (*office.groups, office.disa)
    records = print_calls(plan_day(random.Random(1), office, _CALLS, _START), exchange)
    return _Day(
        name,
        PanasonicSettings(model=exchange.model, hidden_extensions=hidden),
        exchange.layout,
        list(with_headings(records, exchange)),
        [record.text.decode("latin-1").rstrip("\r\n") for record in records],
    )


def _moment(at: datetime) -> Moment:
    return Moment(at, (at - _START).total_seconds(), trusted=True, live=True)


def _by_line(day: _Day) -> list[_Chunk]:
    return [(_moment(printed.at), printed.text) for printed in day.printed]


def _by_size(day: _Day, size: int) -> list[_Chunk]:
    """Each line's bytes in pieces of a size; a larger size joins lines of the same stretch."""
    reads: list[_Chunk] = []
    waiting, at = b"", _START
    for printed, following in pairwise([*day.printed, Printed(_START, b"")]):
        waiting, at = waiting + printed.text, printed.at
        if size < len(printed.text) or len(waiting) + len(following.text) > size:
            pieces = range(0, len(waiting), size)
            reads += [(_moment(at), waiting[start : start + size]) for start in pieces]
            waiting = b""
    return [*reads, (_moment(at), waiting)] if waiting else reads


def _rate(row: _Row, way: Callable[[_Row], int]) -> float:
    begun = perf_counter()
    lines = way(row)
    return lines / (perf_counter() - begun)


def _decode(row: _Row) -> int:
    facts = 0
    for day, reads in zip(row.days, row.reads, strict=True):
        decoder = SmdrDecoder(day.settings, Surroundings(_ZONE, "bench"), b"")
        for now, data in reads:
            told = [*decoder.tick(now), *decoder.feed(data)]
            if told and row.keep_memory:
                decoder.memory()
            facts += len(told)
    if facts < _CALLS * len(row.days) / 2:
        raise RuntimeError("the decoder did not read the day: the rate means nothing")
    return row.lines


def _cut(row: _Row) -> int:
    for day in row.days:
        cut = _CUTS[day.layout]
        for text in day.texts:
            cut(text)
    return row.lines


def _slice(row: _Row) -> int:
    for day in row.days:
        columns = _COLUMNS[day.layout]
        for text in day.texts:
            tuple(text[start:end].strip() for start, end in columns)
    return row.lines


def _slice_and_match(row: _Row) -> int:
    for day in row.days:
        columns = _COLUMNS[day.layout]
        for text in day.texts:
            _match(tuple(text[start:end].strip() for start, end in columns))
    return row.lines


def _match(columns: _Cells) -> tuple[str | None, int | None, _Cells]:
    marker = _DIRECTION.match(columns[_DIAL])
    counted = _DURATION.match(columns[_TALK])
    seconds = None
    if counted:
        hours, minutes, rest = counted.groups()
        seconds = int(hours) * 3600 + int(minutes) * 60 + int(rest)
    return marker[1] if marker else None, seconds, columns


def _spans(text: str) -> tuple[tuple[int, int], ...]:
    pairs = [word.split("-") for word in text.split()]
    return tuple((int(start), int(end)) for start, end in pairs)


def _cut_tda_a(text: str) -> _Cells:
    return (
        text[0:8].strip(),
        text[9:16].strip(),
        text[17:22].strip(),
        text[23:25].strip(),
        text[26:51].strip(),
        text[52:56].strip(),
        text[57:65].strip(),
        text[66:76].strip(),
        text[77:80].strip(),
    )


def _cut_tda_c(text: str) -> _Cells:
    return (
        text[0:8].strip(),
        text[9:16].strip(),
        text[17:22].strip(),
        text[23:27].strip(),
        text[28:78].strip(),
        text[79:83].strip(),
        text[84:92].strip(),
        text[105:115].strip(),
        text[116:120].strip(),
    )


def _cut_ta(text: str) -> _Cells:
    return (
        text[0:8].strip(),
        text[10:17].strip(),
        text[17:22].strip(),
        text[23:25].strip(),
        text[26:63].strip(),
        text[9:10].strip(),
        text[64:73].strip(),
        text[74:78].strip(),
        text[79:80].strip(),
    )


_CUTS = {"tda-a": _cut_tda_a, "tda-c": _cut_tda_c, "ta": _cut_ta}
_COLUMNS = {
    "tda-a": _spans("0-8 9-16 17-22 23-25 26-51 52-56 57-65 66-76 77-80"),
    "tda-c": _spans("0-8 9-16 17-22 23-27 28-78 79-83 84-92 105-115 116-120"),
    "ta": _spans("0-8 10-17 17-22 23-25 26-63 9-10 64-73 74-78 79-80"),
}
_BASELINES = {"written out": _cut, "sliced": _slice, "sliced + 2 regexes": _slice_and_match}
