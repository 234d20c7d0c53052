"""All that watches over the health of one box, put together for edge/service/service.py.

intake ─▶ habits ─┐
status, journal ──┴▶ observer ─▶ health ─▶ issues ─▶ status, doctor
loop ─▶ lag ───────────────────────────────────────▶ metrics
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

from drivers.contract import Moment
from edge.checks import quiet
from edge.checks.card_reading import CardWatch
from edge.checks.habits import Habits
from edge.checks.health import Health
from edge.checks.lag import Lag
from edge.checks.observer import Observer
from edge.intake.clock import BoxClock
from edge.journal.journal import Journal
from edge.local import metrics
from edge.local.issue import Issue, Report
from edge.local.metrics import Measures
from edge.local.status import DeviceStatus, Status
from edge.site.site import Site


class Watch:
    """Watches one running edge: `folder` holds its journal, `status` tells how it is now."""

    def __init__(
        self,
        site: Site,
        folder: Path,
        journal: Journal,
        clock: BoxClock,
        status: Callable[[], Status],
    ) -> None:
        self._journal = journal
        self._status = status
        self._lag = Lag()
        self._habits = Habits((device.key for device in site.device), site.zone, journal)
        card = CardWatch(folder, journal.flushes)
        observer = Observer(status, journal, clock, self._habits, card)
        self._health = Health(observer.look, journal, clock)

    @property
    def issues(self) -> tuple[Issue, ...]:
        """What is raised, the oldest first."""
        return self._health.issues

    def heard(self, key: str) -> Callable[[Moment], None]:
        """What to call with the moment of each call of a device that ended."""
        return self._habits.heard(key)

    def serve(self, site: Site) -> None:
        """Watch the devices of these settings from now on."""
        self._habits.serve((device.key for device in site.device), site.zone)

    def shown(self, device: DeviceStatus) -> DeviceStatus:
        """A device's status with what only its habit tells."""
        return quiet.shown(device, self._health.issues)

    async def keep(self) -> None:
        """Watch until cancelled. Raises JournalFailed, in a group."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._lag.watch())
            group.create_task(self._habits.keep())
            group.create_task(self._health.keep())

    async def look(self) -> Report:
        """Run every check now. Raises JournalFailed."""
        return await self._health.look()

    async def metrics(self) -> str:
        """Prometheus text. Raises JournalFailed."""
        flushes = self._journal.flushes
        measures = Measures(
            journal=await self._journal.figures(),
            flushes=flushes.count,
            flush_seconds=flushes.seconds,
            flush_times=flushes.times(),
            loop_lag=self._lag.worst,
            resident=metrics.resident(),
        )
        return metrics.text(self._status(), measures)
