"""Gathers what the checks look at: the status, and what only shows over some time.

    status ─┬─▶ counters of the last hour ─┐
            ├─▶ how long in this state ────┼─▶ Seen
    journal ┴─▶ the oldest waiting event ──┤
    kernel ───▶ the card ──────────────────┘

Durations come from the monotonic clock, so a step of the wall clock is no hour of silence.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from drivers.contract import Moment
from edge.checks.backlog import waited
from edge.checks.card_reading import CardWatch
from edge.checks.check import UP, Seen, SeenDestination, SeenDevice
from edge.checks.habits import Habits
from edge.intake.clock import BoxClock
from edge.journal.journal import Journal
from edge.journal.retime import corrected
from edge.local.status import DestinationStatus, DeviceStatus, Status

HOUR = 3600.0
EVERY = 60.0
"""Seconds between two samples of the counters of an hour."""


@dataclass(frozen=True, slots=True)
class _Sample:
    at: float
    calls: int
    unrecognized: int


@dataclass(slots=True)
class _LastHour:
    """Samples of a device's counters; the first is the newest that is an hour old, or the start."""

    samples: deque[_Sample] = field(default_factory=deque)

    def note(self, new: _Sample) -> _Sample:
        """Take a sample; returns what was counted in the hour before it."""
        samples = self.samples
        if samples and new.calls < samples[-1].calls:
            samples.clear()  # the device was started anew, with other settings
        if not samples:
            samples.append(_Sample(new.at, 0, 0))
        while len(samples) > 1 and samples[1].at <= new.at - HOUR:
            samples.popleft()
        if new.at >= samples[-1].at + EVERY:
            samples.append(new)
        first = samples[0]
        return _Sample(new.at, new.calls - first.calls, new.unrecognized - first.unrecognized)


class Observer:
    """Looks at one running edge. `status` tells how it is now."""

    def __init__(
        self,
        status: Callable[[], Status],
        journal: Journal,
        clock: BoxClock,
        habits: Habits,
        card: CardWatch,
    ) -> None:
        self._status = status
        self._journal = journal
        self._clock = clock
        self._habits = habits
        self._card = card
        self._hours: dict[str, _LastHour] = {}
        self._states: dict[str, tuple[str, float]] = {}

    async def look(self) -> Seen:
        """Raises JournalFailed."""
        status, now = self._status(), self._clock.now()
        waits = [await self._oldest_waits(each, now) for each in status.destinations]
        return Seen(
            now=now,
            status=status,
            waits=self._journal.trouble,
            recovered=self._journal.recovered,
            card=await asyncio.to_thread(self._card.look, now.monotonic),
            devices=tuple(self._device(device, now) for device in status.devices),
            destinations=tuple(
                SeenDestination(each, self._steady(each, now), oldest)
                for each, oldest in zip(status.destinations, waits, strict=True)
            ),
        )

    def _device(self, device: DeviceStatus, now: Moment) -> SeenDevice:
        hour = self._hours.setdefault(device.key, _LastHour())
        counted = hour.note(_Sample(now.monotonic, device.calls, device.unrecognized))
        is_up = device.state in UP
        silence = self._habits.silence(device.key, now) if is_up else None
        return SeenDevice(device, counted.calls, counted.unrecognized, silence)

    def _steady(self, destination: DestinationStatus, now: Moment) -> float:
        word, since = self._states.get(destination.name, ("", now.monotonic))
        if word != destination.state:
            since = now.monotonic
            self._states[destination.name] = (destination.state, since)
        return now.monotonic - since

    async def _oldest_waits(self, destination: DestinationStatus, now: Moment) -> float | None:
        oldest = await self._journal.read(self._journal.position(destination.name).cursor, 1)
        if not oldest:
            return None
        return waited(corrected(oldest[0], self._clock.timeline), now, self._clock.boot)
