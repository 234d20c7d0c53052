"""The running parts of one box: put together, changed while they run, and ended in order.

site ─▶ one supervisor a device, one forwarder a destination, disk, clock, checks, control
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from shutil import disk_usage

import msgspec

from edge import box_alarm
from edge.access.access import Access
from edge.access.setup import Setup
from edge.calls.history import Calls
from edge.checks.watch import Watch
from edge.commands.shown import Commands
from edge.commands.target import Target
from edge.delivery.by_hand import ByHand
from edge.delivery.numbered import encoded
from edge.forgetting.forgetting import Forgetting
from edge.intake import clock
from edge.intake.clock import BoxClock
from edge.intake.heritage import hand_down
from edge.intake.intake import OVER
from edge.intake.numbers import NumberPlan
from edge.intake.seal import BoxData, Seal
from edge.journal import leftovers
from edge.journal.disk import Disk, Sacrifice
from edge.journal.history import Retention
from edge.journal.journal import Journal
from edge.journal.retime import recall
from edge.lean_aiohttp import import_aiohttp
from edge.local import (
    access_routes,
    calls_routes,
    commissioning_routes,
    control,
    delivery_routes,
    detect_routes,
    forget_routes,
    settings_routes,
    status_routes,
    trial_routes,
    upkeep_routes,
    wire_routes,
)
from edge.local.feed import Feed
from edge.local.forgotten import FORGET, Forget
from edge.local.lock import DATABASE, WEB_SOCKET, DataLock
from edge.local.route import Route
from edge.local.settings_records import SettingsShown
from edge.local.status import ClockStatus, Status
from edge.service.crms import Crms
from edge.service.devices import Devices
from edge.service.queues import Queues
from edge.service.tasks import Tasks
from edge.site.changes import SiteChanges
from edge.site.secrets import Secrets
from edge.site.shown import shown
from edge.site.site import BOX, FILE, Site
from edge.upkeep.commissioning import Report
from edge.upkeep.upkeep import Upkeep
from edge.version import VERSION
from edge.wire.journal import WireJournal

_LOG = logging.getLogger(__name__)
TIMELINE = "box/timeline"
"""Under this name the journal keeps what is known of the true time in the last boots."""
PORTS_FIRST_SECONDS = 0.5
"""How long a slow port or host may hold up the rest of the start."""

LAST_ANSWER_SECONDS = 0.5


class Edge:
    """The running parts of one box. `service.run` gives it its journal and ends it.

    routes: what can be asked over the sockets, once they are served. renewal: what is to be done
    with the data directory when nothing serves it any more, before all begins anew.
    """

    def __init__(
        self, site: Site, journal: Journal, lock: DataLock, web_socket: Path | None = None
    ) -> None:
        self._site = site
        self._journal = journal
        self._lock = lock
        self._kept_timeline = recall(journal.memory(TIMELINE))
        self._clock = BoxClock(clock.boot_id(), self._kept_timeline, clock.read_kernel())
        self._wire = WireJournal(lock.folder, site.wire, self._clock.now)
        self._disk = self._watched_disk()
        self._started = self._clock.now().monotonic
        self._watch = Watch(site, lock.folder, journal, self._clock, self.status)
        self._secrets = Secrets(lock.folder, journal.box)
        self._web_socket = web_socket or lock.folder / WEB_SOCKET
        self._access = Access(lock.folder, self._clock.now, self._clock.boot, self._words)
        self._devices = Devices(journal, self._clock, self._watch.heard, lock.folder, self._wire)
        self._forgetting = Forgetting(lock.folder, journal, self._devices)
        self._crms = Crms(journal, self._clock, lock.folder, self._devices.targets)
        self._tasks: Tasks
        self.routes: list[Route] = []
        self.renewal: Callable[[], None] | None = None
        self._ended = asyncio.Event()

    async def serve(self, stop: asyncio.Event) -> None:
        """Run all parts until `stop` is set. Raises JournalFailed."""
        try:
            async with asyncio.TaskGroup() as group:
                self._tasks = Tasks(group)
                await self._devices.serve(self._secrets.opened_devices(self._site), self._tasks)
                group.create_task(self._journal.watch())
                group.create_task(self._keep_time())
                group.create_task(self._disk.watch())
                group.create_task(_end(stop))
                group.create_task(_end(self._ended))
                await self._ports_tried()
                await asyncio.to_thread(import_aiohttp)
                self._site = await asyncio.to_thread(self._secrets.guard, self._site)
                self._serve_box(self._site)
                await self._crms.serve(self._site, self._tasks)
                group.create_task(self._tell_started())
                group.create_task(self._serve_control())
                group.create_task(self._watch.keep())
                group.create_task(self._wire.keep())
        except* _Stopped:
            _LOG.info("stopped")

    def renew(self, work: Callable[[], None]) -> None:
        """End soon, so that whoever asked for it gets his answer, and have the work done then."""
        self.renewal = work
        asyncio.get_running_loop().call_later(LAST_ANSWER_SECONDS, self._ended.set)

    async def change(self, site: Site) -> None:
        """Go on with these settings; what is the same in them goes on untouched.

        The site is as its file has it, its secrets in the vault. Raises JournalFailed.
        """
        opened = await asyncio.to_thread(self._secrets.opened_site, site)
        await hand_down(self._journal, site.device)
        self._watch.serve(site)
        self._wire.settings = site.wire
        await self._devices.serve(opened, self._tasks)
        self._serve_box(opened)
        await self._crms.serve(opened, self._tasks)
        self._site = opened
        self._disk.retain(self._retention())

    def _watched_disk(self) -> Disk:
        seal = Seal("box", self._clock.boot, NumberPlan())
        path = self._lock.folder / DATABASE
        return Disk(
            self._journal,
            self._lock.folder,
            self._retention(),
            lambda notice: box_alarm.disk(notice, seal, self._clock.now()),
            [
                Sacrifice("what devices sent", self._wire.drop),
                Sacrifice("copies from before an update", partial(leftovers.drop_copies, path)),
                Sacrifice("a damaged journal", partial(leftovers.drop_damaged, path), late=True),
            ],
        )

    def _serve_box(self, site: Site) -> None:
        """What a CRM may order the box itself: to forget a person, where the settings allow it."""
        online = asyncio.Event()
        online.set()
        seal = Seal(BOX, self._clock.boot, NumberPlan())
        allowed = site.commands.allowed
        self._devices.targets[BOX] = Target(
            seal, self._forgetting, {FORGET: Forget}, allowed, online
        )

    def _retention(self) -> Retention:
        names = [entry.name for entry in self._site.destination]
        return Retention(self._site.history, names, self._clock.known)

    def _words(self) -> tuple[str, ...]:
        """What stands on the box or is known of the branch: no password."""
        return (self._site.name, self._journal.box, *(each.key for each in self._site.device))

    async def _keep_time(self) -> None:
        """Look at the kernel's clock, and keep on disk what is learned of the true time."""
        while True:
            timeline = self._clock.timeline
            if timeline is not self._kept_timeline:
                self._kept_timeline = timeline
                await self._journal.append([], (TIMELINE, msgspec.msgpack.encode(timeline)))
                _LOG.info("clock: %s", _in_words(self._clock))
            await asyncio.sleep(clock.LOOK_SECONDS)
            self._clock.look(clock.read_kernel())

    async def _ports_tried(self) -> None:
        """Exchanges do not wait, CRMs do: what follows imports aiohttp for 100 ms and more."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PORTS_FIRST_SECONDS):
                for supervisor in list(self._devices.supervisors.values()):
                    await supervisor.tried.wait()

    async def _serve_control(self) -> None:
        setup = Setup(self._access)
        await setup.prepare()
        calls = Calls(self._journal, self._clock, lambda: self._site, lambda: self._crms.served)
        self._forgetting.told = calls.index.forget
        queues = Queues(self._crms, self._journal, self._clock, calls)
        self.routes = self._routes(setup, calls, queues)
        async with (
            control.serve(self._lock, self.routes, self._access, self._web_socket),
            asyncio.TaskGroup() as group,
        ):
            group.create_task(self._access.keep(self._tell_alarm))
            group.create_task(calls.index.keep())
            group.create_task(queues.keep())

    def _routes(self, setup: Setup, calls: Calls, queues: Queues) -> list[Route]:
        watch, access = self._watch, self._access
        changes = SiteChanges(self._lock.folder / FILE, self._secrets.vault, self.change)
        by_hand = ByHand(self._journal, self._crms.times, self._crms.repeats)
        commands = Commands(self._journal, lambda: [crm.name for crm in self._crms.served])

        async def settings() -> SettingsShown:
            return shown(*await changes.read())

        upkeep = Upkeep(
            self._lock.folder, lambda: self._site, self.status, watch.look, settings, self.renew
        )
        return [
            *status_routes.routes(self.status, self.events, watch.look, watch.metrics),
            *access_routes.routes(access, setup),
            *settings_routes.routes(access, changes),
            *calls_routes.routes(access, calls, queues, commands),
            *delivery_routes.routes(access, by_hand.resend, by_hand.undelivered),
            *forget_routes.routes(access, self._forgetting.forget),
            *trial_routes.routes(access, self._devices, self._crms, self._journal, self._clock),
            *commissioning_routes.routes(
                access, Report(self._journal, self._clock, calls), self._devices
            ),
            *Feed(self._journal, calls, self.status, access).routes(),
            *upkeep_routes.routes(access, upkeep),
            *wire_routes.routes(access, self._devices),
            *detect_routes.routes(self._lock.folder),
        ]

    async def _tell_alarm(self, code: str, advice: str) -> None:
        kind = "box.health" if code.endswith(OVER) else "box.alarm"
        seal = Seal("box", self._clock.boot, NumberPlan())
        told = box_alarm.AlarmData(code=code, advice=advice)
        await self._journal.append([seal.event(kind, told, self._clock.now())])

    async def _tell_started(self) -> None:
        now = self._clock.now()
        told = BoxData(
            version=VERSION,
            slot=None,
            uptime=int(now.monotonic),
            disk=disk_usage(self._lock.folder).free,
            backlog=max((self._journal.pending(crm.name) for crm in self._crms.served), default=0),
            clock="synced" if now.trusted else "estimated",
        )
        seal = Seal("box", self._clock.boot, NumberPlan())
        await self._journal.append([seal.event("box.started", told, now)])

    def status(self) -> Status:
        """How everything is now."""
        now = self._clock.now()
        recovered = self._journal.recovered
        return Status(
            box=self._journal.box,
            journal=self._journal.id,
            version=VERSION,
            name=self._site.name,
            started_at=self._clock.at(self._started),
            uptime_seconds=int(now.monotonic - self._started),
            last_sequence=self._journal.last,
            trouble=self._journal.trouble
            or (recovered.advice if recovered else None)
            or next(iter(self._secrets.lost), None),
            device_id=self._crms.identity.device,
            disk=self._disk.status,
            clock=ClockStatus(now=now.utc, source=self._clock.source, since=self._clock.since),
            devices=tuple(map(self._watch.shown, self._devices.statuses())),
            destinations=tuple(self._crms.statuses()),
            issues=self._watch.issues,
        )

    async def events(self, after: int, through: int | None) -> AsyncGenerator[bytes, None]:
        """See edge.local.control.Events."""
        while through is None or after < through:
            await self._journal.changed(after)
            for event in await self._crms.times.right(await self._journal.read(after)):
                if through is not None and event.sequence > through:
                    return
                yield encoded(self._journal, event)
                after = event.sequence


class _Stopped(Exception):
    """Ends the task group."""


async def _end(stop: asyncio.Event) -> None:
    await stop.wait()
    raise _Stopped


def _in_words(now: BoxClock) -> str:
    if now.source is None:
        return "no longer trusted; events count as estimated until somebody tells the time again"
    return f"it is {now.now().utc:%Y-%m-%d %H:%M:%S} UTC, by the {now.source}"
