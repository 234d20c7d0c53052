"""The devices of a site while the edge runs: each with its supervisor, started and ended alone.

settings before ┃ settings now ─▶ the same: goes on untouched │ gone, changed: ends │ new: starts
"""

import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from drivers import catalog
from drivers.contract import Moment, Surroundings
from edge.commands.target import Target
from edge.intake.clock import BoxClock
from edge.intake.intake import Intake
from edge.intake.seal import Seal, number_plan
from edge.intake.supervisor import Supervisor
from edge.journal.journal import Journal
from edge.local.status import DeviceStatus
from edge.site import Device, Site
from edge.tasks import Tasks

_FOR_PEOPLE = ("line_names", "extension_names")
Heard = Callable[[str], Callable[[Moment], None]]
"""By a device's key: what to call with the moment of each call that ended."""


class Devices:
    """supervisors: by key, in the order of the site. targets: the same, as commands see them.

    `targets` stays the same object while devices come and go.
    """

    def __init__(self, journal: Journal, clock: BoxClock, heard: Heard, folder: Path) -> None:
        self.supervisors: dict[str, Supervisor] = {}
        self.targets: dict[str, Target] = {}
        self._journal = journal
        self._clock = clock
        self._heard = heard
        self._folder = folder
        self._served: dict[str, tuple[Device, ZoneInfo]] = {}
        self._tasks: Tasks

    def statuses(self) -> list[DeviceStatus]:
        """How each one is now."""
        return [supervisor.status for supervisor in self.supervisors.values()]

    def remembering(self, is_in: Callable[[bytes], bool]) -> list[str]:
        """See edge.forgetting.forgetting.Serving."""
        return [key for key in self._served if is_in(self._journal.memory(key))]

    @asynccontextmanager
    async def paused(self, keys: Sequence[str]) -> AsyncIterator[None]:
        """See edge.forgetting.forgetting.Serving."""
        before = {key: self._served[key] for key in keys}
        await self._tasks.end(*(_task(key) for key in keys))
        try:
            yield
        finally:
            for key, (device, zone) in before.items():
                if self._served.get(key) == (device, zone):
                    self._start(device, zone, self._tasks)

    def let_go(self, is_in: Callable[[bytes], bool]) -> int:
        """See edge.forgetting.forgetting.Serving."""
        return sum(each.tap.let_go(is_in) for each in self.supervisors.values())

    async def serve(self, site: Site, tasks: Tasks) -> None:
        """Serve the devices of these settings, which hold their secrets, and no others."""
        self._tasks = tasks
        wanted = {device.key: (_nameless(device), site.zone) for device in site.device}
        over = [key for key, served in self._served.items() if wanted.get(key) != served]
        await tasks.end(*(_task(key) for key in over))
        for key in over:
            del self._served[key], self.supervisors[key], self.targets[key]
        for key, (device, zone) in wanted.items():
            if key not in self._served:
                self._start(device, zone, tasks)
        self.supervisors = {key: self.supervisors[key] for key in wanted}

    def _start(self, device: Device, zone: ZoneInfo, tasks: Tasks) -> None:
        spec = catalog.spec(device.driver)
        surroundings = Surroundings(
            zone,
            secrets.token_hex(4),
            device.link.kind,
            self._clock.boot[:8],
            self._folder,
        )
        driver = spec.driver(device.settings, surroundings, self._clock.now)
        seal = Seal(device.key, self._clock.boot, number_plan(device.settings))
        intake = Intake(seal, self._journal, self._clock.now, self._heard(device.key))
        supervisor = Supervisor(device.driver, device.link, driver, intake, self._journal)
        self._served[device.key] = (device, zone)
        self.supervisors[device.key] = supervisor
        self.targets[device.key] = Target(
            seal, driver, spec.commands, device.commands, supervisor.online
        )
        tasks.start(_task(device.key), supervisor.keep())


def _nameless(device: Device) -> Device:
    """Without the names that only people read: no device starts anew for one of these."""
    names: dict[str, dict[str, str]] = {
        field: {} for field in _FOR_PEOPLE if hasattr(device.settings, field)
    }
    return replace(device, settings=replace(device.settings, **names)) if names else device


def _task(key: str) -> str:
    return f"device {key}"
