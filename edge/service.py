"""The edge process: puts the parts together and ends them in order.

site.toml ─▶ lock ─▶ journal ─▶ one supervisor a device, one forwarder a destination, control
"""

import asyncio
import logging
import secrets
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from shutil import disk_usage

import msgspec

from drivers import catalog
from drivers.contract import Surroundings
from drivers.wire.address import TcpAddress
from edge import box_alarm
from edge.checks.watch import Watch
from edge.commands.listener import Listener
from edge.commands.serving import listeners
from edge.delivery.by_hand import ByHand
from edge.delivery.choosing import Choice
from edge.delivery.destination import Branch
from edge.delivery.destinations import catalog as destinations
from edge.delivery.forwarder import Forwarder
from edge.delivery.identity import IdentityFile
from edge.delivery.notebook import JournalNotebook
from edge.delivery.numbered import encoded
from edge.delivery.receipts import Accounting, accounts
from edge.delivery.restraint import Restraint
from edge.delivery.retimed import Retimed, Times
from edge.delivery.shown import shown
from edge.delivery.tally import Tally
from edge.delivery.terms import Terms
from edge.errors import CommandFailed
from edge.intake import clock
from edge.intake.clock import BoxClock
from edge.intake.heritage import hand_down
from edge.intake.intake import Intake
from edge.intake.numbers import NumberPlan
from edge.intake.seal import BoxData, Seal, number_plan
from edge.intake.supervisor import Supervisor
from edge.journal import leftovers
from edge.journal.disk import Disk, Sacrifice, give_way
from edge.journal.history import Retention
from edge.journal.journal import Journal, JournalFailed, JournalUnusable
from edge.journal.retime import recall
from edge.local import control, delivery_routes
from edge.local.lock import DataLock, hold
from edge.local.status import ClockStatus, DestinationStatus, Status
from edge.site import FILE, Destination, Device, Site
from edge.site_file import load
from edge.site_secrets import Secrets
from edge.version import VERSION

_LOG = logging.getLogger(__name__)
DATABASE = "journal.sqlite"
TIMELINE = "box/timeline"
"""Under this name the journal keeps what is known of the true time in the last boots."""
PORTS_FIRST_SECONDS = 0.5
"""How long a slow port or host may hold up the rest of the start."""


async def run(data: Path) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises SiteProblems for bad settings, CommandFailed when the journal cannot be used or fails.
    """
    site = load(data / FILE)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    with hold(data) as lock:
        async with _journal(data / DATABASE) as journal:
            await hand_down(journal, site.device)
            await Edge(site, journal, lock).serve(stop)


@asynccontextmanager
async def _journal(path: Path) -> AsyncGenerator[Journal, None]:
    with suppress(OSError):  # whatever it is, opening the journal tells it better
        await asyncio.to_thread(give_way, path.parent)
    try:
        journal = await Journal.open(path, box_alarm.recovered)
    except JournalUnusable as error:
        raise CommandFailed(error.advice) from error
    try:
        yield journal
    except ExceptionGroup as group:
        raise _first_known(group) from group
    finally:
        await journal.close()


def _first_known(group: ExceptionGroup) -> Exception:
    """What ended the parts, as one line for the person who started them."""
    if failed := _leaf(group, CommandFailed):
        return failed
    if failed := _leaf(group, JournalFailed):
        return CommandFailed(f"{failed} What was stored is safe: check the disk, then start again.")
    return group


def _leaf(group: BaseExceptionGroup, kind: type[Exception]) -> Exception | None:
    """The first exception of a kind, however deep in the group."""
    found: BaseException | None = group.subgroup(kind)
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found if isinstance(found, kind) else None


class Edge:
    """The running parts of one box."""

    def __init__(self, site: Site, journal: Journal, lock: DataLock) -> None:
        self._site = site
        self._journal = journal
        self._lock = lock
        self._kept_timeline = recall(journal.memory(TIMELINE))
        self._clock = BoxClock(clock.boot_id(), self._kept_timeline, clock.read_kernel())
        self._times = Times(journal, self._clock)
        self._by_hand = ByHand(journal, self._times)
        self._identity = IdentityFile(lock.folder)
        self._disk = self._watched_disk()
        self._started = self._clock.now().monotonic
        self._watch = Watch(site, lock.folder, journal, self._clock, self.status)
        self._secrets = Secrets(lock.folder, journal.box)
        self._supervisors = [self._supervisor(device) for device in site.device]
        self._forwarders: list[Forwarder] = []
        self._listeners: dict[str, Listener] = {}
        self._accounts: dict[str, Accounting] = {}

    async def serve(self, stop: asyncio.Event) -> None:
        """Run all parts until `stop` is set. Raises JournalFailed."""
        try:
            async with asyncio.TaskGroup() as group:
                for supervisor in self._supervisors:
                    group.create_task(supervisor.keep())
                group.create_task(self._journal.watch())
                group.create_task(self._keep_time())
                group.create_task(self._disk.watch())
                group.create_task(_end(stop))
                await self._ports_tried()
                self._site = await asyncio.to_thread(self._secrets.guard, self._site)
                self._forwarders = [self._forwarder(entry) for entry in self._site.destination]
                self._by_hand.serve(
                    {
                        entry.name: (entry, forwarder.repeats)
                        for entry, forwarder in zip(
                            self._site.destination, self._forwarders, strict=True
                        )
                    }
                )
                self._listeners = self._listened()
                self._accounts = accounts(
                    self._site, self._forwarders, self._tally, self._branch, self._known_time
                )
                group.create_task(self._tell_started())
                group.create_task(self._serve_control())
                for forwarder in self._forwarders:
                    group.create_task(forwarder.run())
                for accounting in self._accounts.values():
                    group.create_task(accounting.keep())
                group.create_task(self._watch.keep())
                for listener in self._listeners.values():
                    group.create_task(listener.run())
        except* _Stopped:
            _LOG.info("stopped")

    def _watched_disk(self) -> Disk:
        names = [entry.name for entry in self._site.destination]
        retention = Retention(self._site.history, names, self._known_time)
        seal = Seal("box", self._clock.boot, NumberPlan())
        path = self._lock.folder / DATABASE
        return Disk(
            self._journal,
            self._lock.folder,
            retention,
            lambda notice: box_alarm.disk(notice, seal, self._clock.now()),
            [
                Sacrifice("copies from before an update", partial(leftovers.drop_copies, path)),
                Sacrifice("a damaged journal", partial(leftovers.drop_damaged, path), late=True),
            ],
        )

    def _known_time(self) -> datetime | None:
        now = self._clock.now()
        return now.utc if now.trusted else None

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
                for supervisor in self._supervisors:
                    await supervisor.tried.wait()

    def _supervisor(self, device: Device) -> Supervisor:
        settings = self._secrets.opened(device).settings
        spec = catalog.spec(device.driver)
        surroundings = Surroundings(
            self._site.zone,
            secrets.token_hex(4),
            "tcp" if isinstance(device.link, TcpAddress) else "serial",
            self._clock.boot[:8],
        )
        driver = spec.driver(settings, surroundings, self._clock.now)
        seal = Seal(device.key, self._clock.boot, number_plan(device.settings))
        intake = Intake(seal, self._journal, self._clock.now, self._watch.heard(device.key))
        return Supervisor(device.driver, device.link, driver, intake, self._journal)

    def _listened(self) -> dict[str, Listener]:
        keys = (device.key for device in self._site.device)
        supervisors = dict(zip(keys, self._supervisors, strict=True))
        return listeners(self._site, supervisors, self._journal, self._clock, self._branch)

    def _branch(self, entry: Destination) -> Branch:
        return Branch(
            self._journal.box,
            self._site.zone,
            JournalNotebook(self._journal, entry.name),
            self._clock.age,
            self._known_time,
            lambda: self._journal.position(entry.name).cursor,
            self._identity,
            entry.connection,
        )

    def _forwarder(self, entry: Destination) -> Forwarder:
        spec = destinations.spec(entry.kind)
        destination = spec.destination(entry.settings, self._branch(entry))
        right = Retimed(destination, self._times, self._clock)
        restraint = Restraint(entry.forwarding, self._site.zone, self._known_time)
        terms = Terms(restraint=restraint, most_events=spec.most_events, wanted=entry.wanted)
        return Forwarder(entry.name, self._journal, right, terms)

    def _tally(self, entry: Destination) -> Tally:
        choice = Choice(entry.name, entry.wanted, self._journal)
        return Tally(entry.name, self._journal, choice, self._times)

    async def _serve_control(self) -> None:
        watch = self._watch
        more = partial(delivery_routes.routes, self._by_hand.resend, self._by_hand.undelivered)
        async with control.serve(
            self._lock, self.status, self.events, watch.look, watch.metrics, more
        ):
            await asyncio.Event().wait()

    async def _tell_started(self) -> None:
        now = self._clock.now()
        told = BoxData(
            version=VERSION,
            slot=None,
            uptime=int(now.monotonic),
            disk=disk_usage(self._lock.folder).free,
            backlog=max((self._journal.pending(f.name) for f in self._site.destination), default=0),
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
            device_id=self._identity.device,
            disk=self._disk.status,
            clock=ClockStatus(now=now.utc, source=self._clock.source, since=self._clock.since),
            devices=tuple(self._watch.shown(each.status) for each in self._supervisors),
            destinations=tuple(
                self._shown(entry, forwarder)
                for entry, forwarder in zip(self._site.destination, self._forwarders, strict=True)
            ),
            issues=self._watch.issues,
        )

    def _shown(self, entry: Destination, forwarder: Forwarder) -> DestinationStatus:
        listener = self._listeners.get(entry.name)
        accounting = self._accounts.get(entry.name)
        return shown(
            entry.kind,
            forwarder.progress,
            commands=listener.advice if listener else "",
            receipts=accounting.status if accounting else None,
        )

    async def events(self, after: int, through: int | None) -> AsyncGenerator[bytes, None]:
        """See edge.local.control.Events."""
        while through is None or after < through:
            await self._journal.changed(after)
            for event in await self._times.right(await self._journal.read(after)):
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
