"""Decides on each accepted command, and sees it through to its result.

    accepted ─▶ its device's turn ─▶ online? in time? allowed? under the cap? ─▶ started ─▶ driver
                                        └─▶ expired · refused                       result ◀─┘

Time to live runs on the monotonic clock, from what the CRM last signed. While the device is away a
command waits, until its deadline. It is asked for the time once more after `started` is on disk:
a full disk may have held that up for hours.
"""

import asyncio
from asyncio import Queue, TaskGroup
from collections.abc import Iterable, Mapping
from dataclasses import replace
from time import monotonic

from drivers.commands import Command
from drivers.contract import Clock
from edge.commands.inbox import Entry, Inbox
from edge.commands.results import State, box_seal, progress, result
from edge.commands.signed import CrmTime, Order
from edge.commands.target import Forbidden, Target
from edge.journal.journal import Journal

HOUR = 3600.0
AHEAD_SECONDS = 60.0
"""A CRM of several machines may stamp a command a little ahead of the time that it signs."""

_NO_TIME = (
    "the box knows no time to count from: the CRM signed none, and the box's clock is not set"
)
_LATE = "its time to live was over"
_TOO_OLD = "it was issued before this box, with the journal that it has now, first asked the CRM"
_AHEAD = "it is issued in the future by the CRM's own clock"
_UNKNOWN = "the box stopped while the command was being executed; look whether it was"


class Dispatcher:
    """Serves one inbox. `targets`: the devices, by their keys; they may come and go.

    time: the CRM's as it last signed it, else the box's own; None where neither can be trusted.
    """

    def __init__(
        self, inbox: Inbox, journal: Journal, targets: Mapping[str, Target], boot: str, clock: Clock
    ) -> None:
        self.time: CrmTime | None = None
        self._inbox = inbox
        self._journal = journal
        self._targets = targets
        self._box = box_seal(boot)
        self._clock = clock
        self._queues: dict[str, Queue[str]] = {}
        self._group: TaskGroup

    async def settle_begun(self) -> None:
        """What was started before this process, or a fault, ended: told as unknown, never run."""
        for id_ in self._inbox.in_state("started"):
            await self._end(id_, "unknown", _UNKNOWN)

    def serve(self, group: TaskGroup) -> None:
        """Take what is submitted, one at a time for each device, until the group ends."""
        self._queues = {}
        self._group = group

    def screened(self, order: Order) -> Order:
        """As it may be kept: without the args, which may name a person, if it is to be refused."""
        target = self._targets.get(order.device)
        if order.wrong or target is None:
            return replace(order, args=b"")
        try:
            target.read_args(order.type, order.args)
        except Forbidden as refusal:
            return replace(order, args=b"", wrong=str(refusal))
        return order

    def submit(self, ids: Iterable[str]) -> None:
        """Decide on these in their order; the inbox has accepted them."""
        for id_ in ids:
            device = self._inbox.entry(id_).device
            key = device if device in self._targets else self._box.source
            if key not in self._queues:
                self._queues[key] = Queue()
                self._group.create_task(self._work(self._queues[key]))
            self._queues[key].put_nowait(id_)

    async def _work(self, queue: "Queue[str]") -> None:
        while True:
            id_ = await queue.get()
            entry = self._inbox.entry(id_)
            target = self._targets.get(entry.device)
            if target is None:
                await self._end(id_, "refused", f"this box has no device {entry.device}")
                continue
            async with target.turn:
                await self._see_through(id_, entry, target)

    async def _see_through(self, id_: str, entry: Entry, target: Target) -> None:
        try:
            args = self._allowed_args(entry, target)
            await self._in_time(entry, target)
            # Once more: it may have waited for its device.
            time = self._time(entry)
            self._check_cap(entry, target, time)
        except Forbidden as refusal:
            await self._end(id_, "refused", str(refusal))
            return
        except _Expired as late:
            await self._end(id_, "expired", str(late))
            return
        await self._inbox.start(id_, time.now())
        if time.now() > entry.deadline:
            await self._end(id_, "expired", f"{_LATE} when the box could write it down")
            return
        command = Command(id_, entry.type, args, entry.deadline - time.ahead)
        outcome = await target.execute(command, lambda words: self._report(target, id_, words))
        await self._end(id_, outcome.state, outcome.detail)

    def _allowed_args(self, entry: Entry, target: Target) -> object:
        if entry.wrong:
            raise Forbidden(entry.wrong)
        self._time(entry)
        return target.read_args(entry.type, entry.args)

    def _time(self, entry: Entry) -> CrmTime:
        """What is counted from. Raises Forbidden and _Expired."""
        time, since = self.time, self._inbox.since
        if time is None or since is None:
            raise Forbidden(_NO_TIME)
        if time.now() > entry.deadline:
            raise _Expired(_LATE)
        if entry.issued < since:
            raise Forbidden(_TOO_OLD)
        if entry.issued > time.now() + AHEAD_SECONDS:
            raise Forbidden(_AHEAD)
        return time

    async def _in_time(self, entry: Entry, target: Target) -> None:
        """Wait for the device, up to the deadline. Raises _Expired."""
        time = self._time(entry)
        try:
            async with asyncio.timeout(entry.deadline - time.ahead - monotonic()):
                await target.online.wait()
        except TimeoutError:
            raise _Expired(f"{target.seal.source} was not connected in time") from None

    def _check_cap(self, entry: Entry, target: Target, time: CrmTime) -> None:
        most = target.allowed[entry.type]
        if self._inbox.started_since(entry.device, entry.type, time.now() - HOUR) >= most:
            raise Forbidden(
                f"{entry.device} has executed {most} {entry.type} within the last hour, which is"
                " the most that its settings allow"
            )

    async def _report(self, target: Target, id_: str, words: str) -> None:
        await self._journal.append([progress(target.seal, self._clock(), id_, words)])

    async def _end(self, id_: str, state: State, detail: str) -> None:
        target = self._targets.get(self._inbox.entry(id_).device)
        seal = target.seal if target else self._box
        now = None if self.time is None else self.time.now()
        told = result(seal, self._clock(), id_, state, detail)
        await self._inbox.end(id_, now, told, state, detail)


class _Expired(Exception):
    """The deadline has passed before anything was begun."""
