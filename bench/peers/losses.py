"""What a peer has lost after a fault: upstream is away, it acknowledges, and then it is killed.

kill -9 ─▶ start again, with upstream ─▶ what of the acknowledged comes out?
kill -9 and ext4's shutdown without a flush, at once ─▶ mount ─▶ the same: a power cut
"""

import asyncio
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from random import Random

from bench.peers.load import CROWD
from bench.peers.peer import Peer, Ports, patiently, running
from bench.peers.sender import Sender
from tests.system.faults.disk import Disk

_SECONDS = 1.0, 3.0
_PAUSE = 0.05
"""Seconds between an answer and the next event of each of the CROWD: up to 2,000 events/s."""


@dataclass(frozen=True, slots=True)
class Losses:
    acknowledged: int = 0
    lost: int = 0

    def __add__(self, other: "Losses") -> "Losses":
        return Losses(self.acknowledged + other.acknowledged, self.lost + other.lost)

    def __str__(self) -> str:
        return f"{self.lost:,} of {self.acknowledged:,}" if self.acknowledged else "-"

    @property
    def share(self) -> float:
        return self.lost / max(1, self.acknowledged)


async def one_round(
    peer: Peer, folder: Path, ports: Ports, rng: Random, disk: Disk | None = None
) -> Losses:
    """In a new folder, on the disk whose power is cut if there is one."""
    room = folder / "room"
    room.mkdir()
    acknowledged: set[int] = set()
    with running(peer.command(room, ports)) as process:
        await patiently(lambda: _reached(peer, ports))
        await peer.prepare(ports)
        os.sync()
        sender = await peer.connect(ports)
        async with asyncio.TaskGroup() as group:
            numbers = count(1)
            tasks = [
                group.create_task(_keep_sending(sender, numbers, acknowledged))
                for _ in range(CROWD)
            ]
            await asyncio.sleep(rng.uniform(*_SECONDS))
            process.kill()
            if disk is not None:
                disk.cut()
            for task in tasks:
                task.cancel()
        await sender.close()
    if disk is not None:
        disk.unplug()
        disk.plug()
    room.mkdir(exist_ok=True)
    found = await peer.survivors(room, ports)
    shutil.rmtree(room)
    return Losses(len(acknowledged), len(acknowledged - found))


async def _reached(peer: Peer, ports: Ports) -> None:
    await (await peer.connect(ports)).close()


async def _keep_sending(sender: Sender, numbers: Iterator[int], acknowledged: set[int]) -> None:
    with suppress(EOFError, OSError):
        for number in numbers:
            await sender.send(number)
            acknowledged.add(number)
            await asyncio.sleep(_PAUSE)
