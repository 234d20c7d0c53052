"""From a driver's facts to the journal, for one device: seal, append, count.

driver ──emit(facts, memory)──▶ seal each ──▶ journal.append: one commit ──▶ emit returns
"""

from collections.abc import Sequence
from datetime import datetime

from drivers.contract import Clock
from drivers.events import Call, DeviceState, Fact, Unrecognized
from edge.intake.seal import Seal
from edge.journal.journal import Journal
from edge.local.status import Alarm

MOST_ALARMS = 20


class Intake:
    """One device's way into the journal, and what it counted since the process began."""

    def __init__(self, seal: Seal, journal: Journal, clock: Clock) -> None:
        self.device = seal.source
        self.calls = 0
        self.unrecognized = 0
        self.alarms: dict[str, Alarm] = {}
        self._seal = seal
        self._journal = journal
        self._clock = clock

    @property
    def memory(self) -> bytes:
        """What the driver left behind at its last emit."""
        return self._journal.memory(self.device)

    async def emit(self, facts: Sequence[Fact], memory: bytes) -> None:
        """See drivers.contract.Emit. Raises JournalFailed."""
        now = self._clock()
        events = [self._seal.fact(fact, now) for fact in facts]
        await self._journal.append(events, (self.device, memory))
        for fact in facts:
            self._count(fact, now.utc)

    async def tell(self, state: DeviceState) -> None:
        """Store how the device is; the driver's memory stays."""
        now = self._clock()
        await self._journal.append([self._seal.fact(state, now)])
        self._count(state, now.utc)

    def _count(self, fact: Fact, at: datetime) -> None:
        if isinstance(fact, Call):
            self.calls += fact.stage == "ended"
        elif isinstance(fact, Unrecognized):
            self.unrecognized += fact.count
        elif fact.state == "alarm":
            self.alarms[fact.code + fact.advice] = Alarm(fact.code, fact.advice, at)
            if len(self.alarms) > MOST_ALARMS:
                del self.alarms[next(iter(self.alarms))]
