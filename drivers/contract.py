"""The whole agreement between a driver and the house.

    Link ──read──▶ Driver.run ──feed──▶ Decoder ──facts──▶ emit(facts, memory)

A driver gets a link, `emit`, and the memory it left behind at the last emit. `emit` returns when
facts and memory are on disk in one commit; only then may the driver acknowledge or delete anything
at the device. It lets `DeviceError` go up: the supervisor reopens the link.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable
from zoneinfo import ZoneInfo

from msgspec import Struct

from drivers.commands import Command, Outcome, Report
from drivers.events import Fact
from drivers.evidence import Evidence, KnownUnit


@dataclass(frozen=True, slots=True)
class Moment:
    """The time at which bytes came in.

    utc: aware; it may step when the box learns the time. monotonic: seconds, for durations.
    trusted: utc is known to be right. live: what follows happens now; else it is replayed or from a
    file, and its print alone tells when.
    """

    utc: datetime
    monotonic: float
    trusted: bool
    live: bool


class Link(Protocol):
    """Bytes both ways. `name` is what a technician calls it: port and speed, or host:port."""

    name: str

    async def read(self) -> bytes:
        """Wait for bytes, at least one. Raises LinkLost when the far end is gone."""

    async def write(self, data: bytes) -> None:
        """Send. Raises LinkLost. A read-only device's driver never calls this."""

    async def close(self) -> None:
        """Give the port back; harmless twice."""


class Decoder(Protocol):
    """Bytes in, facts out: no I/O, no clock of its own, bounded; never raises on any bytes."""

    def tick(self, now: Moment) -> Sequence[Fact]:
        """Set the time; comes before every `feed`. Returns what time alone has decided."""

    def feed(self, data: bytes) -> Sequence[Fact]:
        """Take bytes, cut anywhere."""

    def due(self) -> float | None:
        """The monotonic time at which `tick` has something to decide, or None."""

    def memory(self) -> bytes:
        """What it must know again after a restart, as of the last facts returned."""


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of a driver's settings: the one place for names, titles, bounds and defaults."""

    def problems(self) -> list[tuple[str, str]]:
        """(field, what is wrong and what to do) for what types cannot express. Opens no device."""
        return []


LinkKind = Literal["serial", "tcp", "udp", "hid"]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a driver may know of its site. boot: empty where nobody knows.

    folder: the data directory, for files that its settings name.
    """

    timezone: ZoneInfo
    call_prefix: str  # makes its call ids differ from all others
    link: LinkKind = "serial"
    boot: str = ""  # monotonic times of two boots cannot be compared
    folder: Path = Path()


Emit = Callable[[Sequence[Fact], bytes], Awaitable[None]]
Clock = Callable[[], Moment]


class Driver(Protocol):
    """Serves one device until its link breaks; emits `online` when it is served, not just open."""

    async def run(self, link: Link, emit: Emit, memory: bytes) -> None: ...


@runtime_checkable
class Waits(Protocol):
    """A driver whose calls may end while its device is away."""

    async def pass_time(self, emit: Emit) -> None:
        """Tell what time alone has decided; called now and then while there is no link."""


@runtime_checkable
class Executes(Protocol):
    """A driver that carries out commands too, one at a time, while `run` serves the device."""

    async def execute(self, command: Command, report: Report) -> Outcome:
        """Act at once and once. Raises DeviceError where the device surely did not act."""


@dataclass(frozen=True, slots=True)
class DriverSpec:
    """One line of the driver table: all that the house knows of a driver before it runs.

    titles: what the technician sees, by language. decoder: for `payvand decode`; reader makes what
    its `--records` reads with, given the data directory. asks: what is to be set in a device itself
    so that it tells all, the most important first, by language. commands: what the driver executes,
    with the type of args. evidence: ways to read bytes of an unknown device, the likeliest first;
    none where none fits. files: what is wrong with files of the data directory that the settings
    name, as (field, what is wrong and what to do). units: those that it knows by their USB ids,
    given the data directory.
    """

    name: str
    titles: Mapping[str, str]
    settings: type[Settings]
    driver: Callable[[Any, Surroundings, Clock], Driver]
    decoder: Callable[[Any, Surroundings, bytes], Decoder]
    reader: Callable[[Any, Path], Callable[[bytes], Sequence[Struct]]]
    asks: Callable[[Any], Sequence[Mapping[str, str]]]
    commands: Mapping[str, type[Struct]] = field(default_factory=dict)
    evidence: Callable[[bytes], Sequence[Evidence]] = lambda _: ()
    files: Callable[[Any, Path], Sequence[tuple[str, str]]] = lambda _settings, _folder: ()
    units: Callable[[Path], Sequence[KnownUnit]] = lambda _: ()
