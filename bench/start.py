"""How long the box takes to listen, and the memory it lives in.

    start: exec of `payvand run` ─▶ the first byte read from the exchange's port
    memory: idle, after a backlog has drained, after a day of calls (VmRSS and Pss of /proc)

Start. One byte at a time lies on the pty; when the box has taken it, the next one is laid. What
lay there before the port was opened is thrown away by the opening, so the box's own count of bytes
tells which byte was its first. `python -c pass`, in turn with it, is the interpreter alone.
Aims: ≤ 250 ms; ≤ 48 MB resident.
"""

import asyncio
import fcntl
import os
import random
import struct
import subprocess
import sys
import termios
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from bench.drain import sample_call
from bench.processes import Box, Cable, cable, payvand_run, reference_crm, wait_for
from bench.table import Table
from drivers.panasonic.day import Office, plan_day
from drivers.panasonic.printout import exchange_of, with_headings
from drivers.panasonic.simulator import print_calls
from edge.journal.journal import Journal
from edge.service.service import DATABASE

_ROUNDS = 9
_IDLE_SECONDS = 5.0
_BACKLOG = 50_000
_CALLS = 300
_BYTES = 5
_MILLISECOND = 0.001
_NOTHING = b"\0"
"""Exchanges send it between lines; the box reads it and drops it."""


def measure() -> Table:
    with TemporaryDirectory(prefix="payvand-bench-") as name:
        folder = Path(name)
        rows = [*_starts(folder), *_memory(folder)]
    notes = (
        f"Start: median of {_ROUNDS}, with a journal of its own and warm files.",
        f"Memory in MB of 1024 * 1024 bytes; backlog {_BACKLOG:,} events, day {_CALLS} calls.",
    )
    return Table("start and memory", ("what", "median", "worst", "aim"), tuple(rows), notes)


def _starts(folder: Path) -> list[tuple[str, ...]]:
    starts, bare = [], []
    with reference_crm(folder / "crm") as url, cable() as wire:
        for _ in range(_ROUNDS):
            bare.append(_bare_python())
            starts.append(_start(folder / "box", wire, url))
    ratios = [start / alone for start, alone in zip(starts, bare, strict=True)]
    return [
        (
            "payvand run to first byte, ms",
            f"{median(starts) * 1e3:.0f}",
            f"{max(starts) * 1e3:.0f}",
            "250",
        ),
        ("python -c pass, ms", f"{median(bare) * 1e3:.1f}", f"{max(bare) * 1e3:.1f}", "-"),
        ("ratio", f"{median(ratios):.1f}", f"{max(ratios):.1f}", "-"),
    ]


def _bare_python() -> float:
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.perf_counter() - begun


def _start(folder: Path, wire: Cable, url: str) -> float:
    """Seconds from the start of the process to its first byte."""
    with payvand_run(folder, wire.port, url) as box:
        seconds = first_byte(wire, box)
        wait_for(lambda: box.delivered)
    return seconds


def first_byte(wire: Cable, box: Box) -> float:
    """Seconds from the start of the box, which was just now, to its first byte."""
    termios.tcflush(wire.box, termios.TCIFLUSH)
    gone: list[float] = []
    taken = 0
    while not taken:
        for _ in range(_BYTES):
            os.write(wire.exchange, _NOTHING)
            time.sleep(_MILLISECOND)  # until it lies there
            wait_for(lambda: lying(wire) == 0, every=_MILLISECOND)
            gone.append(time.perf_counter() - box.begun)
        wait_for(lambda: box.answers)
        (device,) = box.status().devices
        taken = device.bytes_in
    return gone[len(gone) - taken]


def lying(wire: Cable) -> int:
    """Bytes that the port's reader has not taken."""
    (count,) = struct.unpack("i", fcntl.ioctl(wire.box, termios.FIONREAD, bytes(4)))
    return int(count)


def _memory(folder: Path) -> list[tuple[str, ...]]:
    rows = []
    with cable() as wire:
        with (
            reference_crm(folder / "crm") as url,
            payvand_run(folder / "box", wire.port, url) as box,
        ):
            wait_for(lambda: box.delivered)
            time.sleep(_IDLE_SECONDS)
            rows += _resident(box, "idle")
        (folder / "late").mkdir()
        asyncio.run(_store_backlog(folder / "late" / DATABASE))
        with (
            reference_crm(folder / "crm2") as url,
            payvand_run(folder / "late", wire.port, url) as box,
        ):
            wait_for(lambda: box.delivered)
            rows += _resident(box, "backlog drained")
            _print_day(wire, box)
            rows += _resident(box, "after a day of calls")
    return rows


def _resident(box: Box, when: str) -> list[tuple[str, ...]]:
    status = Path(f"/proc/{box.pid}/status").read_text(encoding="ascii")
    rollup = Path(f"/proc/{box.pid}/smaps_rollup").read_text(encoding="ascii")
    return [
        (f"VmRSS, {when}", f"{megabytes(status, 'VmRSS'):.1f}", "-", "48"),
        (f"Pss, {when}", f"{megabytes(rollup, 'Pss'):.1f}", "-", "-"),
    ]


def megabytes(text: str, name: str) -> float:
    """A figure of /proc/PID/status or smaps_rollup, of 1024 * 1024 bytes."""
    (line,) = (line for line in text.splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) / 1024


async def _store_backlog(path: Path) -> None:
    journal = await Journal.open(path)
    for first in range(1, _BACKLOG, 1000):
        await journal.append([sample_call(number) for number in range(first, first + 1000)])
    await journal.close()


def _print_day(wire: Cable, box: Box) -> None:
    """All lines of a day, as fast as the box takes them."""
    exchange = exchange_of("KX-TDA100", ZoneInfo("Asia/Tehran"))
    day = plan_day(random.Random(1), Office(), _CALLS, datetime.now(UTC))
    for line in with_headings(print_calls(day, exchange), exchange):
        os.write(wire.exchange, line.text)
        wait_for(lambda: lying(wire) == 0, every=_MILLISECOND)
    wait_for(lambda: box.status().devices[0].calls > _CALLS / 2 and box.delivered)
