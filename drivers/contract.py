"""The whole agreement between a driver and the house.

    Link ──read──▶ Driver.run ──feed──▶ Decoder ──facts──▶ emit(facts, memory)

A driver gets three things: a link, `emit`, and the memory it left behind at the last emit. `emit`
returns when facts and memory are on disk in one commit; only then may the driver acknowledge or
delete anything at the device. It lets `DeviceError` go up: the supervisor reopens the link.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol
from zoneinfo import ZoneInfo

from msgspec import Struct

from drivers.events import Fact


@dataclass(frozen=True, slots=True)
class Moment:
    """The time at which bytes came in.

    utc: aware wall time; it may step when the box learns what time it is, so durations come from
    monotonic. monotonic: seconds, never jumps. trusted: the wall time is known to be right. live:
    what follows happens now; else it is replayed or from a file, and its print alone tells when.
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


class Reader(Protocol):
    """A decoder's first half: bytes to what the device said (`decode --records`)."""

    def read(self, data: bytes) -> Sequence[Struct]: ...


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of a driver's settings: the one place for names, titles, bounds and defaults."""

    def problems(self) -> list[tuple[str, str]]:
        """(field, what is wrong and what to do) for what types cannot express. Opens no device."""
        return []


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a driver may know of its site.

    call_prefix: sets its call ids apart from all others. boot: of the box, empty if unknown.
    """

    timezone: ZoneInfo
    call_prefix: str
    link: Literal["serial", "tcp"] = "serial"
    boot: str = ""


Emit = Callable[[Sequence[Fact], bytes], Awaitable[None]]
Clock = Callable[[], Moment]


class Driver(Protocol):
    """Serves one device until its link breaks; emits `online` when it is served, not just open."""

    async def run(self, link: Link, emit: Emit, memory: bytes) -> None: ...


@dataclass(frozen=True, slots=True)
class DriverSpec:
    """One line of the driver table: all that the house knows of a driver before it runs.

    titles: what the technician sees, by language. decoder, reader: for `payvand decode`. asks: what
    is to be set in a device itself so that it tells all, the most important first, by language.
    """

    name: str
    titles: Mapping[str, str]
    settings: type[Settings]
    driver: Callable[[Any, Surroundings, Clock], Driver]
    decoder: Callable[[Any, Surroundings, bytes], Decoder]
    reader: Callable[[Any], Reader]
    asks: Callable[[Any], Sequence[Mapping[str, str]]]
