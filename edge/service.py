"""The edge process: puts the parts together and ends them in order.

site.toml ─▶ lock ─▶ journal ─▶ one supervisor a device, one forwarder a destination, control
"""

import asyncio
import logging
import secrets
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from shutil import disk_usage

from drivers import catalog
from drivers.contract import Surroundings
from drivers.wire.address import TcpAddress
from edge.delivery.cloudevents import encode_event
from edge.delivery.destinations import catalog as destinations
from edge.delivery.forwarder import Forwarder, Progress, State
from edge.errors import CommandFailed
from edge.intake import clock
from edge.intake.intake import Intake
from edge.intake.numbers import NumberPlan
from edge.intake.seal import BoxData, Seal, number_plan
from edge.intake.supervisor import Supervisor
from edge.journal.journal import Journal, JournalFailed, JournalUnusable
from edge.local import control
from edge.local.lock import DataLock, hold
from edge.local.status import DestinationStatus, DestinationWord, Status
from edge.site import Destination, Device, Site, load
from edge.version import VERSION

_LOG = logging.getLogger(__name__)
DATABASE = "journal.sqlite"
PORTS_FIRST_SECONDS = 0.5
"""How long a slow port or host may hold up the rest of the start."""
_WORDS: dict[State, DestinationWord] = {
    "working": "delivering",
    "idle": "delivering",
    "retrying": "retrying",
    "refused": "stopped",
}


async def run(data: Path) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises SiteProblems for bad settings, CommandFailed when the journal cannot be used or fails.
    """
    site = load(data / "site.toml")
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    with hold(data) as lock:
        async with _journal(data / DATABASE) as journal:
            await Edge(site, journal, lock).serve(stop)


@asynccontextmanager
async def _journal(path: Path) -> AsyncGenerator[Journal, None]:
    try:
        journal = await Journal.open(path)
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
        self._boot = clock.boot_id()
        self._started_at = datetime.now(UTC)
        self._started = clock.now().monotonic
        self._supervisors = [self._supervisor(device) for device in site.device]
        self._forwarders = [self._forwarder(entry) for entry in site.destination]

    async def serve(self, stop: asyncio.Event) -> None:
        """Run all parts until `stop` is set. Raises JournalFailed."""
        try:
            async with asyncio.TaskGroup() as group:
                for supervisor in self._supervisors:
                    group.create_task(supervisor.keep())
                group.create_task(self._journal.watch())
                group.create_task(_end(stop))
                await self._ports_tried()
                group.create_task(self._tell_started())
                group.create_task(self._serve_control())
                for forwarder in self._forwarders:
                    group.create_task(forwarder.run())
        except* _Stopped:
            _LOG.info("stopped")

    async def _ports_tried(self) -> None:
        """Exchanges do not wait, CRMs do: what follows imports aiohttp for 100 ms and more."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PORTS_FIRST_SECONDS):
                for supervisor in self._supervisors:
                    await supervisor.tried.wait()

    def _supervisor(self, device: Device) -> Supervisor:
        spec = catalog.spec(device.driver)
        surroundings = Surroundings(
            self._site.zone,
            secrets.token_hex(4),
            "tcp" if isinstance(device.link, TcpAddress) else "serial",
        )
        driver = spec.driver(device.settings, surroundings, clock.now)
        seal = Seal(device.key, self._boot, number_plan(device.settings))
        intake = Intake(seal, self._journal, clock.now)
        return Supervisor(device.driver, device.link, driver, intake, self._journal)

    def _forwarder(self, entry: Destination) -> Forwarder:
        destination = destinations.spec(entry.kind).destination(entry.settings)
        return Forwarder(entry.name, entry.kind, self._journal, destination)

    async def _serve_control(self) -> None:
        async with control.serve(self._lock, self.status, self.events):
            await asyncio.Event().wait()

    async def _tell_started(self) -> None:
        now = clock.now()
        told = BoxData(
            version=VERSION,
            slot=None,
            uptime=int(now.monotonic),
            disk=disk_usage(self._lock.folder).free,
            backlog=max((self._journal.pending(f.name) for f in self._site.destination), default=0),
            clock="synced" if now.trusted else "estimated",
        )
        seal = Seal("box", self._boot, NumberPlan())
        await self._journal.append([seal.event("box.started", told, now)])

    def status(self) -> Status:
        """How everything is now."""
        return Status(
            box=self._journal.box,
            journal=self._journal.id,
            version=VERSION,
            name=self._site.name,
            started_at=self._started_at,
            uptime_seconds=int(clock.now().monotonic - self._started),
            last_sequence=self._journal.last,
            trouble=self._journal.trouble,
            devices=tuple(supervisor.status for supervisor in self._supervisors),
            destinations=tuple(_destination(f.progress) for f in self._forwarders),
        )

    async def events(self, after: int, through: int | None) -> AsyncGenerator[bytes, None]:
        """See edge.local.control.Events."""
        while through is None or after < through:
            await self._journal.changed(after)
            for event in await self._journal.read(after):
                if through is not None and event.sequence > through:
                    return
                yield encode_event(self._journal.id, self._journal.box, event)
                after = event.sequence


class _Stopped(Exception):
    """Ends the task group."""


async def _end(stop: asyncio.Event) -> None:
    await stop.wait()
    raise _Stopped


def _destination(progress: Progress) -> DestinationStatus:
    return DestinationStatus(
        name=progress.name,
        kind=progress.kind,
        state=_WORDS[progress.state],
        code=progress.last_answer,
        advice=progress.advice,
        since=progress.since,
        cursor=progress.cursor,
        backlog=progress.backlog,
        parked=progress.parked,
        last_ok_at=progress.last_ok_at,
        next_try_in=progress.next_try_in,
    )
