"""From a driver's facts to the journal, for one device: seal, append, count.

driver ──emit(facts, memory)──▶ seal each ──▶ journal.append: one commit ──▶ emit returns
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec

from drivers.contract import Clock, Moment
from drivers.events import Call, DeviceState, Fact, Unrecognized
from edge.intake.commissioning import Commissioning
from edge.intake.joined_lines import JoinedLines
from edge.intake.seal import Seal
from edge.journal.journal import Journal
from edge.local.status import Alarm

MOST_ALARMS = 20
OVER = "-over"
"""A state whose code is an alarm's and this says that the alarm is over."""


class Intake:
    """One device's way into the journal, and what it counted since the process began.

    heard: called with the moment of each call that ended, replayed ones not live. joined: whom to
    ask first where other devices see the same calls. commissioning: which of its calls are made to
    test it.
    """

    def __init__(
        self,
        seal: Seal,
        journal: Journal,
        clock: Clock,
        heard: Callable[[Moment], None] = lambda _: None,
        joined: Callable[[], JoinedLines | None] = lambda: None,
    ) -> None:
        self.device = seal.source
        self.calls = 0
        self.unrecognized = 0
        self.rung = 0
        self.unrung = 0
        self.commissioning = Commissioning()
        self._alarms: dict[str, tuple[DeviceState, float]] = {}
        self._seal = seal
        self._journal = journal
        self._clock = clock
        self._heard = heard
        self._joined = joined

    @property
    def memory(self) -> bytes:
        """What the driver left behind at its last emit."""
        return self._journal.memory(self.device)

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """What a technician must look at, oldest first."""
        return tuple(
            Alarm(state.code, state.advice, self.at(since))
            for state, since in self._alarms.values()
        )

    def at(self, monotonic: float) -> datetime:
        """The time of day at a monotonic time, by what the clock knows now."""
        now = self._clock()
        return now.utc - timedelta(seconds=now.monotonic - monotonic)

    async def emit(self, facts: Sequence[Fact], memory: bytes) -> None:
        """See drivers.contract.Emit. Raises JournalFailed."""
        joined = self._joined()
        if joined is not None:
            await joined.ready()
        now = self._clock()
        facts = self.commissioning.marked(facts, now.monotonic)
        if joined is None:
            await self._journal.append(
                [self._seal.fact(fact, now) for fact in facts], (self.device, memory)
            )
        else:
            events, notes = joined.sealed(self._seal, facts, now)
            await self._journal.append(events, (self.device, memory), notes)
        for fact in facts:
            self._count(fact, now)

    async def tell(self, state: DeviceState) -> None:
        """Store how the device is; the driver's memory stays."""
        now = self._clock()
        await self._journal.append([self._seal.fact(state, now)])
        self._count(state, now)

    async def tell_played(self, facts: Sequence[Fact]) -> None:
        """Store calls that a capture tells, all of them marked as a test.

        They are no calls of this office, so nothing counts them; the driver's memory stays, and
        what else the capture tells is not of this device. Raises JournalFailed.
        """
        calls = [
            msgspec.structs.replace(each, test=True) for each in facts if isinstance(each, Call)
        ]
        now = self._clock()
        if calls:
            await self._journal.append([self._seal.fact(call, now) for call in calls])

    def _count(self, fact: Fact, now: Moment) -> None:
        if isinstance(fact, Call):
            self._count_call(fact, now)
        elif isinstance(fact, Unrecognized):
            self.unrecognized += fact.count
        elif fact.state == "alarm":
            self._alarms[fact.code + fact.advice] = (fact, now.monotonic)
            if len(self._alarms) > MOST_ALARMS:
                del self._alarms[next(iter(self._alarms))]
        elif fact.code.endswith(OVER):
            code = fact.code.removesuffix(OVER)
            self._alarms = {key: kept for key, kept in self._alarms.items() if kept[0].code != code}

    def _count_call(self, call: Call, now: Moment) -> None:
        if call.stage == "ringing" and call.direction == "incoming":
            self.rung += 1
            self.unrung = 0
        elif call.stage == "ended":
            live = call.time_resolution == "second"
            self.calls += 1
            self.unrung += live and call.direction == "incoming"
            self._heard(now if now.live is live else replace(now, live=live))
