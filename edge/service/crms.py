"""The CRMs of a site while the edge runs, started and ended alone as the devices are (devices.py).

Each has its forwarder and, where it gives commands, its listener; where it compares what was sent,
its accounting.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from edge.commands.listener import Listener
from edge.commands.target import Target
from edge.delivery.choosing import Choice
from edge.delivery.destination import Branch
from edge.delivery.destinations import catalog
from edge.delivery.forwarder import Forwarder
from edge.delivery.identity import IdentityFile
from edge.delivery.notebook import JournalNotebook
from edge.delivery.receipts import Accounting
from edge.delivery.repeats import Repeats
from edge.delivery.restraint import Restraint
from edge.delivery.retimed import Retimed, Times
from edge.delivery.shown import shown
from edge.delivery.tally import Tally
from edge.delivery.terms import Terms
from edge.intake.clock import BoxClock
from edge.journal.journal import Journal
from edge.local.issue import titled
from edge.local.status import DestinationStatus
from edge.service.tasks import Tasks
from edge.site.site import Destination, Site


class Crms:
    """forwarders, listeners, accounts, destinations: by name. identity: the box's key."""

    def __init__(
        self, journal: Journal, clock: BoxClock, folder: Path, targets: Mapping[str, Target]
    ) -> None:
        self.forwarders: dict[str, Forwarder] = {}
        self.listeners: dict[str, Listener] = {}
        self.accounts: dict[str, Accounting] = {}
        self.destinations: dict[str, Retimed] = {}
        self.identity = IdentityFile(folder)
        self.times = Times(journal, clock)
        self._journal = journal
        self._clock = clock
        self._targets = targets
        self._served: dict[str, tuple[Destination, ZoneInfo]] = {}

    @property
    def served(self) -> list[Destination]:
        """Those that are served now, in the order of the site."""
        return [entry for entry, _ in self._served.values()]

    def statuses(self) -> list[DestinationStatus]:
        """How each one is now."""
        return [self._status(entry) for entry in self.served]

    def _status(self, entry: Destination) -> DestinationStatus:
        found = shown(
            entry.kind,
            self.forwarders[entry.name].progress,
            self.listeners.get(entry.name),
            self.accounts.get(entry.name),
        )
        return replace(found, title=titled(catalog.spec(entry.kind).titles))

    def repeats(self) -> list[tuple[Destination, Repeats]]:
        """Each that is served, with what it is to send once more."""
        return [(entry, self.forwarders[entry.name].repeats) for entry in self.served]

    async def serve(self, site: Site, tasks: Tasks) -> None:
        """Serve the CRMs of these settings, which hold their secrets, and no others."""
        wanted = {entry.name: (entry, site.zone) for entry in site.destination}
        over = [name for name, served in self._served.items() if wanted.get(name) != served]
        await tasks.end(*(task for name in over for task in _tasks(name)))
        for name in over:
            del self._served[name], self.forwarders[name], self.destinations[name]
            self.listeners.pop(name, None)
            self.accounts.pop(name, None)
        for name, (entry, zone) in wanted.items():
            if name not in self._served:
                self._start(entry, zone, tasks)
        self._served = wanted
        await self._listen(site, tasks)

    async def _listen(self, site: Site, tasks: Tasks) -> None:
        """Ask the CRMs for commands, also where none is allowed: who ordered waits for an answer.

        Where a line is paid by volume, only if one is: the question that waits costs two megabytes
        a day.
        """
        allowed = any(device.commands for device in site.device) or bool(site.commands.allowed)
        for entry in site.destination:
            if not allowed and entry.forwarding.metered:
                if self.listeners.pop(entry.name, None) is not None:
                    await tasks.end(_tasks(entry.name)[1])
            elif entry.name not in self.listeners:
                self._ask(entry, site.zone, tasks)

    def _ask(self, entry: Destination, zone: ZoneInfo, tasks: Tasks) -> None:
        source = catalog.spec(entry.kind).commands(entry.settings, self._branch(entry, zone))
        if source is not None:
            listener = Listener(entry.name, source, self._journal, self._targets, self._clock)
            self.listeners[entry.name] = listener
            tasks.start(_tasks(entry.name)[1], listener.run())

    def _start(self, entry: Destination, zone: ZoneInfo, tasks: Tasks) -> None:
        spec = catalog.spec(entry.kind)
        restraint = Restraint(entry.forwarding, zone, self._clock.known)
        terms = Terms(restraint=restraint, most_events=spec.most_events, wanted=entry.wanted)
        destination = spec.destination(entry.settings, self._branch(entry, zone))
        right = Retimed(destination, self.times, self._clock)
        self.destinations[entry.name] = right
        forwarder = Forwarder(entry.name, self._journal, right, terms)
        self.forwarders[entry.name] = forwarder
        delivering, _, accounting = _tasks(entry.name)
        tasks.start(delivering, forwarder.run())
        if spec.receipts is not None:
            choice = Choice(entry.name, entry.wanted, self._journal)
            account = Accounting(
                entry.name,
                self._journal,
                Tally(entry.name, self._journal, choice, self.times),
                partial(spec.receipts, entry.settings, self._branch(entry, zone)),
                forwarder.repeats,
                zone,
                self._clock.known,
            )
            self.accounts[entry.name] = account
            tasks.start(accounting, account.keep())

    def _branch(self, entry: Destination, zone: ZoneInfo) -> Branch:
        return Branch(
            self._journal.box,
            zone,
            JournalNotebook(self._journal, entry.name),
            self._clock.age,
            self._clock.known,
            lambda: self._journal.position(entry.name).cursor,
            self.identity,
            entry.connection,
        )


def _tasks(name: str) -> tuple[str, str, str]:
    return f"delivery to {name}", f"commands of {name}", f"receipts to {name}"
