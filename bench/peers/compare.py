"""Payvand beside programs that store and forward too: the same events, the same disk, in turn.

Each keeps 500-byte events for an upstream that is away, on a loop disk of its own. Sending takes
turns in slices of a second and a half, one event at a time and with a hundred waiting; then each is
killed, and its power is cut. A program that is not installed is left out, with a note.
"""

import asyncio
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory

from bench.chart import Measure, draw
from bench.disk import own_disk
from bench.peers.load import CROWD, Costs, Served
from bench.peers.losses import Losses, one_round
from bench.peers.mosquitto import Mosquitto
from bench.peers.nats import Nats
from bench.peers.payvand import Payvand
from bench.peers.peer import Peer, Ports, patiently, running
from bench.peers.rsyslog import RsyslogAssisted, RsyslogSynced
from bench.start import megabytes
from bench.table import Table
from tests.system.faults.disk import NoDisk, disk_in

_PEERS: tuple[Peer, ...] = (Payvand(), RsyslogSynced(), RsyslogAssisted(), Mosquitto(), Nats())
_TURNS = 3
_ROUNDS = 5
_MEGABYTES = 768
_CHART = Path(__file__).parents[1] / "peers.svg"
_COLUMNS = (
    "peer",
    "accepted/s",
    "flushes/event",
    "bytes/event",
    "CPU µs/event",
    "MB idle → with backlog",
    "lost after kill -9",
    "lost after power cut",
)


@dataclass(slots=True)
class Result:
    """single, crowd: one event at a time, and a hundred waiting. Memory in MB."""

    peer: Peer
    single: Costs = field(default_factory=Costs)
    crowd: Costs = field(default_factory=Costs)
    idle: float = 0.0
    backlog: float = 0.0
    killed: Losses = field(default_factory=Losses)
    cut: Losses = field(default_factory=Losses)


def measure() -> Table:
    """Also draws bench/peers.svg."""
    results = [Result(peer) for peer in _PEERS if peer.installed]
    asyncio.run(_costs(results))
    lacking = asyncio.run(_losses(results))
    _draw(results)
    notes = [
        f"Pairs: one event at a time / {CROWD} waiting. Power cuts and kills: {_ROUNDS} each.",
        *(
            f"{each.name} left out: install {each.package}."
            for each in _PEERS
            if not each.installed
        ),
        *lacking,
    ]
    rows = tuple(_row(each) for each in results)
    return Table("store and forward, side by side", _COLUMNS, rows, tuple(notes))


async def _costs(results: Sequence[Result]) -> None:
    async with AsyncExitStack() as stack:
        served = [(result, await _serve(stack, result.peer)) for result in results]
        for result, peer in served:
            result.idle = _resident(peer.pid)
            for waiting in (1, CROWD):
                await peer.turn(waiting)
        for _ in range(_TURNS):
            for result, peer in served:
                await peer.counted_turn(1, result.single)
                await peer.counted_turn(CROWD, result.crowd)
        for result, peer in served:
            result.backlog = _resident(peer.pid)


async def _serve(stack: AsyncExitStack, peer: Peer) -> Served:
    disk = stack.enter_context(own_disk(_MEGABYTES))
    ports = stack.enter_context(_ports())
    process = stack.enter_context(running(peer.command(disk.directory, ports)))
    await (await patiently(lambda: peer.connect(ports))).close()
    await peer.prepare(ports)
    sender = await peer.connect(ports)
    stack.push_async_callback(sender.close)
    return Served(sender, process.pid, disk, count(1))


async def _losses(results: list[Result]) -> list[str]:
    """Returns what this machine cannot do."""
    rng = Random()
    with TemporaryDirectory(prefix="payvand-bench-") as name:
        folder = Path(name)
        for result in results * _ROUNDS:
            with _ports() as ports:
                result.killed += await one_round(result.peer, folder, ports, rng)
        if os.geteuid() != 0:
            return ["Not root: no power was cut."]
        try:
            with disk_in(folder, _MEGABYTES) as disk:
                for result in results * _ROUNDS:
                    with _ports() as ports:
                        result.cut += await one_round(result.peer, disk.room, ports, rng, disk)
        except NoDisk as lack:
            return [f"No power was cut: {lack}"]
    return []


@contextmanager
def _ports() -> Iterator[Ports]:
    """Two that are free now."""
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        ports = Ports(first.getsockname()[1], second.getsockname()[1])
    yield ports


def _resident(pid: int) -> float:
    return megabytes(Path(f"/proc/{pid}/status").read_text(encoding="ascii"), "VmRSS")


def _row(result: Result) -> tuple[str, ...]:
    single, crowd = result.single, result.crowd
    ways = (single, crowd)
    return (
        result.peer.name,
        " / ".join(f"{median(way.rates):,.0f}" for way in ways),
        " / ".join(_figure(way.flushes, "{:.3f}") for way in ways),
        " / ".join(_figure(way.bytes, "{:,.0f}") for way in ways),
        " / ".join(_figure(way.microseconds, "{:.0f}") for way in ways),
        f"{result.idle:.0f} → {result.backlog:.0f} ({single.events + crowd.events:,})",
        str(result.killed),
        str(result.cut),
    )


def _figure(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)


def _draw(results: Sequence[Result]) -> None:
    bytes_each = [each.single.bytes for each in results]
    written = [None if count is None else count / 1e3 for count in bytes_each]
    single = [median(each.single.rates) for each in results]
    crowd = [median(each.crowd.rates) for each in results]
    measures = (
        Measure("Lost: power cut", "% of acknowledged", [_percent(each.cut) for each in results]),
        Measure("Lost: kill -9", "% of acknowledged", [_percent(each.killed) for each in results]),
        Measure("Written, one by one", "KB per event of 500 bytes", written),
        Measure("Accepted, one by one", "events/s", single),
        Measure(f"Accepted, {CROWD} waiting", "events/s", crowd),
        Measure("Memory with backlog", "MB resident", [each.backlog for each in results]),
    )
    names = [each.peer.name for each in results]
    draw(
        _CHART, "Store and forward while upstream is away: same events, same disk", names, measures
    )


def _percent(losses: Losses) -> float | None:
    return losses.share * 100 if losses.acknowledged else None
