"""A backlog of a million events: memory before, during and after its drain, and the start with it.

    payvand run, CRM gone ─▶ start to first byte, resident memory (beside an empty journal)
    payvand run, CRM there ─▶ memory while it drains (highest of VmHWM), events/s, memory after

Aim: at no moment more than 8 MB over a box with an empty journal in the same state.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.drain import sample_call
from bench.processes import Box, Cable, cable, payvand_run, reference_crm, wait_for
from bench.start import first_byte, megabytes
from bench.table import Table
from edge.journal.journal import Journal
from edge.service.service import DATABASE

_EVENTS = 1_000_000
_COMMIT = 1000
_STARTS = 5
_SETTLE_SECONDS = 5.0
_MOST_SECONDS = 1800.0
_NOBODY = "http://127.0.0.1:9"


def measure() -> Table:
    with TemporaryDirectory(prefix="payvand-bench-") as name, cable() as wire:
        folder = Path(name)
        for box in ("empty", "full"):
            (folder / box).mkdir()
        asyncio.run(_store(folder / "full" / DATABASE))
        rows = [*_starts(folder, wire), *_drain(folder, wire)]
    notes = (
        f"{_EVENTS:,} events; MB of 1024 * 1024 bytes, resident (VmRSS, VmHWM).",
        f"Start: median of {_STARTS}, in turn, files warm. Aim: 8 MB more than the empty one.",
    )
    return Table("a backlog of a million", ("what", "full", "empty", "more"), tuple(rows), notes)


async def _store(path: Path) -> None:
    journal = await Journal.open(path)
    for first in range(1, _EVENTS, _COMMIT):
        await journal.append([sample_call(number) for number in range(first, first + _COMMIT)])
    await journal.close()


def _starts(folder: Path, wire: Cable) -> list[tuple[str, ...]]:
    """With the CRM gone, so that nothing drains yet."""
    seconds: dict[str, list[float]] = {"full": [], "empty": []}
    resident: dict[str, list[float]] = {"full": [], "empty": []}
    for _ in range(_STARTS):
        for name, taken in seconds.items():
            with payvand_run(folder / name, wire.port, _NOBODY) as box:
                taken.append(first_byte(wire, box) * 1e3)
                time.sleep(_SETTLE_SECONDS)
                resident[name].append(_resident(box))
    return [
        _row("start to first byte, ms", median(seconds["full"]), median(seconds["empty"]), 0),
        _row("resident, CRM gone, MB", max(resident["full"]), max(resident["empty"])),
    ]


def _drain(folder: Path, wire: Cable) -> list[tuple[str, ...]]:
    with _served(folder, "empty", wire) as box:
        wait_for(lambda: box.delivered)
        time.sleep(_SETTLE_SECONDS)
        empty, empty_peak = _resident(box), _resident(box, "VmHWM")
    with _served(folder, "full", wire) as box:
        wait_for(lambda: _cursor(box) > 0)
        first, begun = _cursor(box), time.monotonic()
        wait_for(lambda: box.delivered, every=0.2, patience=_MOST_SECONDS)
        rate = (_EVENTS - first) / (time.monotonic() - begun)
        peak = _resident(box, "VmHWM")
        time.sleep(_SETTLE_SECONDS)
        after = _resident(box)
    return [
        _row("highest while it drains, MB", peak, empty_peak),
        _row("resident, drained, MB", after, empty),
        ("drained, events/s", f"{rate:,.0f}", "-", "-"),
    ]


@contextmanager
def _served(folder: Path, name: str, wire: Cable) -> Iterator[Box]:
    with (
        reference_crm(folder / f"crm-{name}") as url,
        payvand_run(folder / name, wire.port, url) as box,
    ):
        wait_for(lambda: box.answers)
        yield box


def _cursor(box: Box) -> int:
    return box.status().destinations[0].cursor


def _resident(box: Box, name: str = "VmRSS") -> float:
    return megabytes(Path(f"/proc/{box.pid}/status").read_text(encoding="ascii"), name)


def _row(what: str, full: float, empty: float, digits: int = 1) -> tuple[str, ...]:
    return (what, *(f"{figure:.{digits}f}" for figure in (full, empty, full - empty)))
