"""How long a line needs from the exchange's port to the CRM's disk.

    last byte of a line on the pty ─▶ committed in the journal ─▶ committed in the CRM's store

One line at a time, as on a busy day, with `payvand run` and the reference CRM in processes of their
own. Both databases are watched from here by readers of their own, so neither process does anything
that it would not do anyhow. Between two lines one page of a preallocated file on the same disk is
written and flushed: two flushes lie on a line's way, so they are the floor.
Aim: p99 ≤ 2 x the p99 of fdatasync + 10 ms.
"""

import os
import random
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from bench.processes import cable, payvand_run, reference_crm, wait_for
from bench.table import Table
from drivers.panasonic.printout import Entry, exchange_of, lay_out
from edge.service.service import DATABASE

_LINES = 320
_WARM_UP = 20
_PAUSE = (0.05, 0.15)
"""Seconds of quiet before a line, from and to."""
_LOOK_SECONDS = 0.0002
_PAGE = 4096
_PAGES = 256

_JOURNAL = "SELECT max(sequence) FROM event"
_CRM = "SELECT max(received) FROM event"


class _Flushes:
    """Pages of a file that has its size, written and flushed one at a time."""

    def __init__(self, path: Path) -> None:
        self.seconds: list[float] = []
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.write(self._file, bytes(_PAGE * _PAGES))
        os.fsync(self._file)

    def one(self) -> None:
        place = len(self.seconds) % _PAGES * _PAGE
        begun = time.perf_counter()
        os.pwrite(self._file, os.urandom(_PAGE), place)
        os.fdatasync(self._file)
        self.seconds.append(time.perf_counter() - begun)

    def close(self) -> None:
        os.close(self._file)


class _Watch:
    """Waits until a database has one event more than before."""

    def __init__(self, path: Path, query: str) -> None:
        self._connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
        self._query = query
        self.last = self._now()

    def wait(self) -> float:
        """The moment when it was seen."""
        wait_for(lambda: self._now() > self.last, every=_LOOK_SECONDS)
        seen = time.perf_counter()
        self.last += 1
        if self._now() != self.last:
            raise RuntimeError("something else than the line was stored: the times mean nothing")
        return seen

    def close(self) -> None:
        self._connection.close()

    def _now(self) -> int:
        (found,) = self._connection.execute(self._query).fetchone()
        return int(found or 0)


def measure() -> Table:
    with TemporaryDirectory(prefix="payvand-bench-") as name:
        whole, stored, sent, flushes = _measure(Path(name))
    aim = 2 * _percentile(flushes, 99) + 0.010
    rows = (
        _row("line to CRM's store", whole, f"{aim * 1e3:.1f}"),
        _row("  line to journal", stored),
        _row("  journal to CRM's store", sent),
        _row("fdatasync of a page", flushes),
    )
    notes = (
        f"{_LINES} lines, each {_PAUSE[0] * 1e3:.0f} to {_PAUSE[1] * 1e3:.0f} ms after the last.",
        "The aim is for p99: 2 x fdatasync p99 + 10 ms.",
    )
    return Table("latency of a line", ("ms", "p50", "p99", "worst", "aim"), rows, notes)


def _measure(folder: Path) -> tuple[list[float], ...]:
    whole, stored, sent = [], [], []
    with (
        cable() as wire,
        reference_crm(folder / "crm") as url,
        payvand_run(folder / "box", wire.port, url) as box,
        closing(_Flushes(folder / "flat")) as flushes,
    ):
        wait_for(lambda: box.delivered and box.status().devices[0].state == "online")
        time.sleep(1)  # the last of what a start tells
        with (
            closing(_Watch(folder / "box" / DATABASE, _JOURNAL)) as journal,
            closing(_Watch(folder / "crm" / "crm.sqlite", _CRM)) as crm,
        ):
            for text in _lines():
                _quiet(flushes)
                os.write(wire.exchange, text[:-2])
                time.sleep(0.005)  # a line comes slowly; CR LF alone completes it
                begun = time.perf_counter()
                os.write(wire.exchange, text[-2:])
                committed, arrived = journal.wait(), crm.wait()
                whole.append(arrived - begun)
                stored.append(committed - begun)
                sent.append(arrived - committed)
    return tuple(taken[_WARM_UP:] for taken in (whole, stored, sent, flushes.seconds))


def _quiet(flushes: _Flushes) -> None:
    """Let the line before be over in all processes; flush a page in the middle of the quiet."""
    pause = random.uniform(*_PAUSE)
    time.sleep(pause / 2)
    flushes.one()
    time.sleep(pause / 2)


def _lines() -> list[bytes]:
    """Outgoing calls: each line is one event, at once."""
    exchange = exchange_of("KX-TDA100", ZoneInfo("Asia/Tehran"))
    now = datetime.now(UTC)
    return [
        lay_out(
            Entry(
                at=now,
                shows=now,
                extension=str(101 + number % 16),
                line=1 + number % 8,
                dial=f"9051{30_000_000 + number * 7919 % 9_000_000}",
                ring=None,
                duration=20 + number % 300,
            ),
            exchange,
        )
        for number in range(_LINES + _WARM_UP)
    ]


def _row(name: str, seconds: list[float], aim: str = "-") -> tuple[str, ...]:
    figures = [_percentile(seconds, 50), _percentile(seconds, 99), max(seconds)]
    return (name, *(f"{figure * 1e3:.2f}" for figure in figures), aim)


def _percentile(seconds: list[float], percent: int) -> float:
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]
