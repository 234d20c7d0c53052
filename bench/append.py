"""What it costs to put an event on disk, one by one and with a hundred waiting.

Each way writes 500-byte events and flushes before it goes on. The ways take turns in slices, so
that they share the machine's good and bad moments, and all are warm: log and file have their size.
Each slice ends with a sync, which is counted too.
Compare within one table. Aims: journal one by one ≤ 1.02 flushes and ≤ 90 µs CPU per event; with
100 waiting ≤ 0.02 flushes and ≤ 12 µs.
"""

import asyncio
import os
import sqlite3
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bench.disk import Counts, Disk, own_disk
from bench.table import Table
from edge.journal.journal import Journal, Sealed

_SLICES = 5
_ONE_BY_ONE = 1000
_TOGETHER = 20_000
_CROWD = 100

_EVENT = Sealed(
    device="pbx1",
    type="call.ended",
    subject="call/pbx1-20260321-000001",
    time=datetime(2026, 3, 21, 8, 30, tzinfo=UTC),
    timequality="synced",
    boot="5f1e0c6a9b3d4e87a1c2d3e4f5061728",
    monotonic=1234.5,
    data=b'{"name": "%s"}' % (b"x" * 488),
)


@dataclass(slots=True)
class _Way:
    name: str
    events: int
    write: Callable[[int], Awaitable[None]]
    rates: list[float] = field(default_factory=list)
    counts: list[Counts] = field(default_factory=list)


class _FlatFile:
    """The floor: one write and fdatasync into space that is there already."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT)
        self._size = 8 << 20
        os.pwrite(self._file, bytes(self._size), 0)
        os.fsync(self._file)
        self._at = 0

    async def write(self, count: int) -> None:
        for _ in range(count):
            os.pwrite(self._file, _EVENT.data, self._at)
            os.fdatasync(self._file)
            self._at = (self._at + len(_EVENT.data)) % (self._size - len(_EVENT.data))

    def close(self) -> None:
        os.close(self._file)


class _PlainSqlite:
    """sqlite3 with WAL and FULL, in this thread, nothing around it."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode = WAL", "synchronous = FULL"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute("CREATE TABLE event (sequence INTEGER PRIMARY KEY, data BLOB)")

    async def write(self, count: int) -> None:
        for _ in range(count):
            self._connection.execute("INSERT INTO event (data) VALUES (?)", (_EVENT.data,))

    async def write_hundreds(self, count: int) -> None:
        for _ in range(count // _CROWD):
            self._connection.execute("BEGIN")
            rows = [(_EVENT.data,)] * _CROWD
            self._connection.executemany("INSERT INTO event (data) VALUES (?)", rows)
            self._connection.execute("COMMIT")

    def close(self) -> None:
        self._connection.close()


def measure() -> Table:
    with own_disk() as disk:
        return asyncio.run(_measure(disk))


async def _measure(disk: Disk) -> Table:
    flat = _FlatFile(disk.directory / "flat")
    plain = _PlainSqlite(disk.directory / "plain.db")
    journal = await Journal.open(disk.directory / "journal.db")

    async def one_by_one(count: int) -> None:
        for _ in range(count):
            await journal.append([_EVENT])

    async def crowd(count: int) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(_CROWD):
                group.create_task(one_by_one(count // _CROWD))

    ways = [
        _Way("flat file, fdatasync each", _ONE_BY_ONE, flat.write),
        _Way("sqlite3 WAL FULL, one by one", _ONE_BY_ONE, plain.write),
        _Way("journal, one by one", _ONE_BY_ONE, one_by_one),
        _Way("sqlite3 WAL FULL, by hundreds", _TOGETHER, plain.write_hundreds),
        _Way("journal, 100 waiting", _TOGETHER, crowd),
    ]
    for way in ways:
        await way.write(2000)  # to its steady state
    for _ in range(_SLICES):
        for way in ways:
            await _slice(way, disk)
    await journal.close()
    plain.close()
    flat.close()
    return _table(ways, disk)


async def _slice(way: _Way, disk: Disk) -> None:
    os.sync()  # so that bytes of the way before are not counted here
    before, begun = disk.counts(), time.perf_counter()
    await way.write(way.events)
    way.rates.append(way.events / (time.perf_counter() - begun))
    cpu = disk.counts().since(before).cpu
    os.sync()
    total = disk.counts().since(before)
    way.counts.append(Counts(total.flushes, total.written, cpu))


def _table(ways: list[_Way], disk: Disk) -> Table:
    floor = ways[0].rates
    rows = []
    for way in ways:
        events = way.events * _SLICES
        flushes = [c.flushes for c in way.counts if c.flushes is not None]
        written = [c.written for c in way.counts if c.written is not None]
        ratio = statistics.median(a / b for a, b in zip(way.rates, floor, strict=True))
        rows.append(
            (
                way.name,
                f"{sum(flushes) / events:.3f}" if flushes else "-",
                f"{sum(written) / events:,.0f}" if written else "-",
                f"{sum(c.cpu for c in way.counts) / events * 1e6:.1f}",
                f"{statistics.median(way.rates):,.0f}",
                f"{ratio:.2f}",
            )
        )
    columns = ("way", "flushes/event", "bytes/event", "CPU µs/event", "events/s", "x flat file")
    return Table("append: events of 500 bytes, on disk each", columns, tuple(rows), (disk.note,))
