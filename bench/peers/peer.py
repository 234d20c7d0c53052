"""What the comparison asks of every program that stores and forwards, and the event they all get.

sender ──event──▶ peer ──ack──▶ sender        upstream is away: the peer keeps what it acknowledged
                   └──────▶ survivors: what comes out after the next start, with upstream there
"""

import asyncio
import shutil
import signal
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import ClassVar, TypeVar

from bench.peers.sender import Sender

T = TypeVar("T")

QUIET, FIRST = 2.5, 8.0
"""Seconds without a new event, and without any event, after which no more are expected."""
START_SECONDS = 20.0
_MOST_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Ports:
    """peer: where it takes events. upstream: where it hands them on; nobody is there at first."""

    peer: int
    upstream: int


class Peer(ABC):
    """One program in one configuration. program: what must be installed, by its Debian package."""

    name: ClassVar[str]
    program: ClassVar[str]
    package: ClassVar[str]

    @property
    def installed(self) -> bool:
        return shutil.which(self.program) is not None

    @abstractmethod
    def command(self, room: Path, ports: Ports) -> list[str]:
        """Write its configuration into `room`, where it keeps everything; returns how to start."""

    @abstractmethod
    async def connect(self, ports: Ports) -> Sender: ...

    @abstractmethod
    async def survivors(self, room: Path, ports: Ports) -> set[int]:
        """Start it again with upstream there, and return the calls that come out."""

    async def prepare(self, ports: Ports) -> None:
        """What upstream has to order before the first event; rarely anything."""
        _ = ports


@contextmanager
def running(words: list[str]) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that is gone at the end, whatever happens."""
    process = subprocess.Popen(  # noqa: S603 - words of our own
        words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        process.wait()


async def patiently(make: Callable[[], Awaitable[T]]) -> T:
    """Try until the peer that was just started answers. Raises OSError after a while."""
    limit = monotonic() + START_SECONDS
    while True:
        try:
            async with asyncio.timeout(5):
                return await make()
        except (OSError, EOFError, TimeoutError):
            if monotonic() > limit:
                raise
            await asyncio.sleep(0.02)


async def until_quiet(found: set[int]) -> set[int]:
    """Wait until nothing is added any more."""
    limit = monotonic() + _MOST_SECONDS
    size, since = -1, monotonic()
    while monotonic() < min(limit, since + (QUIET if found else FIRST)):
        await asyncio.sleep(0.05)
        if len(found) != size:
            size, since = len(found), monotonic()
    return found
