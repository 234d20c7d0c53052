"""The devices of a site while the edge runs: each with its supervisor, started and ended alone.

settings before ┃ settings now ─▶ the same: goes on untouched │ gone, changed: ends │ new: starts
"""

import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from drivers import catalog
from drivers.contract import Clock, Moment, Surroundings
from edge.commands.target import Target
from edge.intake.clock import BoxClock
from edge.intake.intake import Intake
from edge.intake.joined_lines import JoinedLines
from edge.intake.joining import Line
from edge.intake.seal import Seal, number_plan
from edge.intake.supervisor import Supervisor
from edge.journal.journal import Journal
from edge.local.issue import titled
from edge.local.status import DeviceStatus
from edge.service.tasks import Tasks
from edge.site.site import Device, Site
from edge.wire.journal import WireJournal


@dataclass(frozen=True, slots=True)
class Served:
    """One device as it is served now, with the parts that belong to it."""

    device: Device
    zone: ZoneInfo
    supervisor: Supervisor
    intake: Intake
    clock: Clock
    folder: Path


_FOR_PEOPLE = ("line_names", "extension_names")
Heard = Callable[[str], Callable[[Moment], None]]
"""By a device's key: what to call with the moment of each call that ended."""


class Devices:
    """supervisors: by key, in the order of the site. targets: the same, as commands see them.

    `targets` stays the same object while devices come and go.
    """

    def __init__(
        self, journal: Journal, clock: BoxClock, heard: Heard, folder: Path, wire: WireJournal
    ) -> None:
        self.supervisors: dict[str, Supervisor] = {}
        self.targets: dict[str, Target] = {}
        self._journal = journal
        self._clock = clock
        self._heard = heard
        self._folder = folder
        self._wire = wire
        self._served: dict[str, Served] = {}
        self._joined: dict[str, JoinedLines] = {}
        self._tasks: Tasks

    def served(self, key: str) -> Served:
        """One of them. Raises KeyError."""
        return self._served[key]

    def statuses(self) -> list[DeviceStatus]:
        """How each one is now."""
        return [
            replace(found, title=titled(catalog.spec(found.driver).titles))
            for found in (supervisor.status for supervisor in self.supervisors.values())
        ]

    def remembering(self, is_in: Callable[[bytes], bool]) -> list[str]:
        """See edge.forgetting.forgetting.Serving."""
        return [
            key
            for key, served in self._served.items()
            if is_in(self._journal.memory(key)) or self._joins(served.device, is_in)
        ]

    @asynccontextmanager
    async def paused(self, keys: Sequence[str]) -> AsyncIterator[None]:
        """See edge.forgetting.forgetting.Serving."""
        before = {key: self._served[key] for key in keys}
        joined = {_exchange(served.device): None for served in before.values()}
        known = {key: self._joined[key] for key in joined if key in self._joined}
        tasks = [*(_task(key) for key in keys), *(_joined_task(key) for key in known)]
        await self._tasks.end(*tasks)
        try:
            yield
        finally:
            for key, lines in known.items():
                if self._joined.get(key) is not lines:
                    continue
                lines.forget()
                self._tasks.start(_joined_task(key), lines.keep())
            for key, served in before.items():
                if self._served.get(key) is served:
                    self._start(served.device, served.zone, self._tasks)

    def let_go(self, is_in: Callable[[bytes], bool]) -> int:
        """See edge.forgetting.forgetting.Serving. What waits to be kept becomes a file first."""
        self._wire.flush()
        return sum(each.tap.let_go(is_in) for each in self.supervisors.values())

    async def serve(self, site: Site, tasks: Tasks) -> None:
        """Serve the devices of these settings, which hold their secrets, and no others."""
        self._tasks = tasks
        wanted = {device.key: (_nameless(device), site.zone) for device in site.device}
        await self._join(site, tasks)
        over = [
            key
            for key, served in self._served.items()
            if wanted.get(key) != (_nameless(served.device), served.zone)
        ]
        await tasks.end(*(_task(key) for key in over))
        for key in over:
            del self._served[key], self.supervisors[key], self.targets[key]
        for key, (device, zone) in wanted.items():
            if key not in self._served:
                self._start(device, zone, tasks)
        self.supervisors = {key: self.supervisors[key] for key in wanted}

    def _joins(self, device: Device, is_in: Callable[[bytes], bool]) -> bool:
        joined = self._joined.get(_exchange(device))
        return joined is not None and is_in(joined.known)

    async def _join(self, site: Site, tasks: Tasks) -> None:
        """Exchanges whose lines are seen by units too; what is the same as before goes on."""
        feeds: dict[str, dict[Line, str]] = {}
        for device in site.device:
            if device.feeds is not None:
                lines = feeds.setdefault(device.feeds.device, {})
                lines |= {(device.key, line): to for line, to in device.feeds.lines.items()}
        plans = {device.key: number_plan(device.settings) for device in site.device}
        for key in [*self._joined]:
            if self._joined[key].of != (feeds.get(key), plans.get(key)):
                await tasks.end(_joined_task(key))
                del self._joined[key]
        for key, lines in feeds.items():
            if key not in self._joined:
                seal = Seal(key, self._clock.boot, plans[key])
                joined = JoinedLines(seal, lines, self._journal, self._clock.now)
                self._joined[key] = joined
                tasks.start(_joined_task(key), joined.keep())

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
        exchange = _exchange(device)
        intake = Intake(
            seal,
            self._journal,
            self._clock.now,
            self._heard(device.key),
            lambda: self._joined.get(exchange),
        )
        supervisor = Supervisor(device.driver, device.link, driver, intake, self._journal)
        supervisor.tap.hearers.append(
            self._wire.hearer(device.key, device.driver, supervisor.status.link)
        )
        self._served[device.key] = Served(
            device, zone, supervisor, intake, self._clock.now, self._folder
        )
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


def _exchange(device: Device) -> str:
    """In whose name its calls go out."""
    return device.feeds.device if device.feeds else device.key


def _joined_task(key: str) -> str:
    return f"lines of {key}"


def _task(key: str) -> str:
    return f"device {key}"
