"""Asks one CRM for commands, without end.

    ask(after) ──▶ signed? ours? ──▶ inbox.accept: on disk ──▶ dispatcher
        ▲                               │
        └── the next question acknowledges what is on disk

On a failure it waits as the forwarder does, drawn from the whole width. Of strays, which nobody may
answer (see signed.py), one alarm goes out for each kind within an hour.
"""

import asyncio
import logging
import secrets
from collections.abc import Mapping
from time import monotonic

from edge.box_alarm import AlarmData
from edge.commands.dispatcher import HOUR, Dispatcher
from edge.commands.inbox import Inbox
from edge.commands.results import box_seal
from edge.commands.signed import CrmTime, Order, Stray, Unreadable, read, read_time
from edge.commands.source import Asked, CommandSource
from edge.commands.target import Target
from edge.delivery.backoff import Pace
from edge.delivery.destination import BadBatch, DeliveryError, NotAllowed, TryLater
from edge.intake.clock import BoxClock
from edge.journal.journal import Journal
from edge.journal.records import Sealed
from edge.own_fault import is_cancelled, is_of_journal

_LOG = logging.getLogger(__name__)


class Listener:
    """Serves the CRM of the settings' `name` until cancelled."""

    def __init__(  # noqa: PLR0913 - the parts of one CRM's commands, joined here and nowhere else
        self,
        name: str,
        source: CommandSource,
        journal: Journal,
        targets: Mapping[str, Target],
        clock: BoxClock,
        pace: Pace | None = None,
    ) -> None:
        self._name = name
        self._source = source
        self._journal = journal
        self._clock = clock
        self._pace = pace or Pace()
        self._inbox = Inbox(journal, name)
        self._dispatcher = Dispatcher(self._inbox, journal, targets, clock.boot, clock.now)
        self._failures = 0
        self._trouble: DeliveryError | None = None
        self._alarmed: dict[str, float] = {}

    @property
    def advice(self) -> str:
        """Why no commands can be fetched now and what to do; empty when nothing is wrong."""
        return f"{self._trouble.advice} ({self._trouble.answer})" if self._trouble else ""

    async def run(self) -> None:
        """Take commands until cancelled. Raises JournalFailed, alone or in a group, nothing else.

        As in the forwarder, a fault of our own must not end the others.
        """
        while True:
            try:
                await self._serve()
            except Exception as fault:
                if is_of_journal(fault):
                    raise
                _LOG.exception("%s: a fault of our own while taking commands", self._name)
                if is_cancelled():
                    raise asyncio.CancelledError from fault
                self._failures += 1
                await asyncio.sleep(self._pace.after_failure(self._failures))

    async def _serve(self) -> None:
        await self._inbox.open()
        await self._dispatcher.settle_begun()
        try:
            await self._source.start()
            async with asyncio.TaskGroup() as group:
                self._dispatcher.serve(group)
                first = self._inbox.in_state("accepted")
                while True:
                    asked, nonce = await self._ask()
                    new = await self._take(asked, nonce)
                    self._dispatcher.submit([*first, *new])
                    first = []
                    if not new:
                        await self._pause(asked)
        finally:
            await self._source.close()

    async def _ask(self) -> tuple[Asked, str]:
        """Ask until there is an answer."""
        while True:
            nonce = secrets.token_hex(16)
            try:
                asked = await self._source.ask(self._inbox.after, nonce)
            except DeliveryError as trouble:
                await self._wait(trouble)
            else:
                if self._trouble is not None:
                    _LOG.info("%s: commands can be fetched again", self._name)
                self._failures, self._trouble = 0, None
                return asked, nonce

    async def _take(self, asked: Asked, nonce: str) -> list[str]:
        """Bring what is ours onto the disk; the ids of what is new."""
        time = read_time(asked, self._source.keys, nonce)
        time = time or self._dispatcher.time or self._own_time()
        self._dispatcher.time = time
        if time is not None:
            self._inbox.asked_first(time.ahead + asked.sent)
        try:
            found = [read(item, self._source.keys, self._journal.box) for item in asked.items]
        except Unreadable:
            await self._wait(TryLater("an answer of another kind", "Tell who runs the CRM."))
            return []
        orders = [self._dispatcher.screened(each) for _, each in found if isinstance(each, Order)]
        alarms = [
            alarm for _, each in found if isinstance(each, Stray) for alarm in self._tell(each)
        ]
        after = max((seq for seq, _ in found), default=0)
        now = None if time is None else time.now()
        new = await self._inbox.accept(orders, after, now, alarms)
        if known := len(orders) - len(new):
            _LOG.info("%s: %d commands came again; none is executed twice", self._name, known)
        return new

    async def _pause(self, asked: Asked) -> None:
        """Slow down a CRM that answers at once although it has nothing new."""
        if asked.received - asked.sent < self._pace.base:
            await asyncio.sleep(self._pace.base + self._pace.after_failure(1))

    def _own_time(self) -> CrmTime | None:
        """The box's clock where it can be trusted, in place of a time that the CRM signs."""
        now = self._clock.now()
        return CrmTime(now.utc.timestamp() - now.monotonic) if now.trusted else None

    def _tell(self, stray: Stray) -> list[Sealed]:
        """At most one alarm of a kind within an hour."""
        if monotonic() - self._alarmed.get(stray.why, -HOUR) < HOUR:
            return []
        self._alarmed[stray.why] = monotonic()
        advice = (
            f"A command that came from {self._name} is not executed, and not answered: {stray.why}."
            " Ask who runs the CRM whether its key was changed; if not, somebody tries to give"
            " orders in its place."
        )
        _LOG.warning("%s", advice)
        told = AlarmData(code="command-stray", advice=advice)
        return [box_seal(self._clock.boot).event("box.alarm", told, self._clock.now())]

    async def _wait(self, trouble: DeliveryError) -> None:
        """Log what is news, and wait as the trouble asks for."""
        if self._trouble is None or trouble.answer != self._trouble.answer:
            words = "%s: no commands can be fetched (%s). %s"
            _LOG.warning(words, self._name, trouble.answer, trouble.advice)
        self._trouble = trouble
        self._failures += 1
        if isinstance(trouble, NotAllowed | BadBatch):
            seconds = self._pace.after_refusal()
        elif isinstance(trouble, TryLater) and trouble.seconds is not None:
            seconds = self._pace.after_order(trouble.seconds, self._failures)
        else:
            seconds = self._pace.after_failure(self._failures)
        await asyncio.sleep(seconds)
