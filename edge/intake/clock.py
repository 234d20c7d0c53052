"""The box's clock: monotonic time, and what it has to be moved by to give the time of day.

    kernel disciplined (adjtimex) ─▶ the wall clock                trusted: kernel
    else the CRM said (peer_time) ─▶ monotonic + its offset        trusted: crm
    else known in this boot before ─▶ monotonic + last offset      not trusted, and nearly right
    else ───────────────────────────▶ the wall clock as it is      not trusted: 1970 perhaps

A box without a battery starts in 1970, and steps when time comes over the network. Durations
therefore come from `Moment.monotonic`, and a step shows between two moments as a difference of wall
time that monotonic time does not have; see `drivers.contract.Moment`. When trust comes or goes, the
timeline gets a point, by which events of this boot are corrected (edge/journal/retime.py).
"""

import ctypes
import math
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from drivers.contract import Moment
from edge.intake.peer_time import PeerClock, PeerTime
from edge.journal.records import Stored
from edge.journal.retime import Point, Timeline, to_utc

LOOK_SECONDS = 1.0
"""How often to look at the kernel's clock: a step goes unnoticed for so long."""
STEP = 1.0
"""Seconds: a smaller move is taken up without a word, no device tells time more finely."""
SAME = 0.1
"""Seconds: trust that comes back with less is the same as before, and not worth a write."""
_UNSYNCHRONIZED = 5
"""TIME_ERROR of adjtimex(2): no time source disciplines the clock."""
_TIMEX_BYTES = 512
"""More than any kernel's struct timex; all zero asks without changing anything."""

Source = Literal["kernel", "crm"]

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Reading:
    """The kernel's clocks at one instant: seconds since 1970, monotonic seconds, and its trust."""

    wall: float
    monotonic: float
    synchronized: bool


def read_kernel() -> Reading:
    """The clocks first and then the trust: setting the clock by hand ends the trust."""
    wall, monotonic = time.time(), time.monotonic()
    return Reading(wall, monotonic, is_synchronized())


def is_synchronized() -> bool:
    """Whether the kernel knows that a time source disciplines its clock (adjtimex(2))."""
    state: int = _libc.adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    return 0 <= state < _UNSYNCHRONIZED


def boot_id() -> str:
    """The kernel's id of this boot: monotonic times of two boots cannot be compared."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


class BoxClock:
    """The time of day, as well as it is known. Reads no clock itself but the monotonic one.

    timeline: what was known in earlier boots and in this one; keep it over a restart.
    source: who vouches for the time now, None when nobody does.
    """

    def __init__(self, boot: str, timeline: Timeline, first: Reading) -> None:
        self.boot = boot
        self.timeline = timeline
        self.source: Source | None = None
        self._since = self._latest = first.monotonic
        self._peer = PeerClock()
        self._kernel = first
        points = timeline.points(boot)
        self._offset = points[-1].offset if points else first.wall - first.monotonic
        self.look(first)

    def now(self) -> Moment:
        """The moment of bytes that arrive now."""
        monotonic = time.monotonic()
        trusted = self.source is not None
        return Moment(self.at(monotonic), monotonic, trusted=trusted, live=True)

    def known(self) -> datetime | None:
        """The time of day, None while nobody vouches for it."""
        now = self.now()
        return now.utc if now.trusted else None

    def at(self, monotonic: float) -> datetime:
        """The time of day at a monotonic time of this boot, as far as is known now."""
        return to_utc(monotonic + self._offset)

    def age(self, event: Stored) -> float:
        """Seconds since an event happened; infinite for one of an earlier boot."""
        if event.boot != self.boot:
            return math.inf
        return max(0.0, time.monotonic() - event.monotonic)

    @property
    def since(self) -> datetime:
        """Since when `source` is what it is."""
        return self.at(self._since)

    def look(self, kernel: Reading) -> None:
        """Take up what the kernel says now; call it every LOOK_SECONDS."""
        self._kernel = kernel
        self._settle(kernel.monotonic)

    def hear(self, heard: PeerTime) -> None:
        """Take up what the CRM's clock said."""
        self._peer.hear(heard)
        self._settle(heard.received)

    def _settle(self, monotonic: float) -> None:
        self._latest = monotonic = max(monotonic, self._latest)
        source, offset = self._best(monotonic)
        if self._is_news(source, offset):
            self.timeline = self.timeline.with_point(self.boot, Point(monotonic, offset))
        if source != self.source:
            self._since = monotonic
        self.source, self._offset = source, offset

    def _is_news(self, source: Source | None, offset: float) -> bool:
        """Whether the timeline must know: trust came, went, or was corrected."""
        if source is None:
            return self.source is not None
        points = self.timeline.points(self.boot)
        moved = abs(offset - points[-1].offset) if points else STEP
        return moved >= (SAME if self.source is None else STEP)

    def _best(self, monotonic: float) -> tuple[Source | None, float]:
        wall_offset = self._kernel.wall - self._kernel.monotonic
        if self._kernel.synchronized:
            return "kernel", wall_offset
        if (offset := self._peer.offset(monotonic)) is not None:
            return "crm", offset
        known = self.timeline.points(self.boot)
        return None, self._offset if known else wall_offset
