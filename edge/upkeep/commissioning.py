"""Keeps the report of a commissioning in the journal's memory, where a backup takes it along."""

import msgspec
from msgspec.structs import replace

from edge.access.caller import Caller
from edge.access.refusals import Unknown
from edge.calls.history import Calls
from edge.intake.clock import BoxClock
from edge.journal.journal import Journal
from edge.local.commissioning_records import Commissioning, LineTested
from edge.local.issue import Words

MEMORY = "box/commissioning"
MOST_LINES = 500


class Report:
    """Of one box. The methods raise JournalFailed."""

    def __init__(self, journal: Journal, clock: BoxClock, calls: Calls) -> None:
        self._journal = journal
        self._clock = clock
        self._calls = calls

    def read(self) -> Commissioning:
        """As it is now."""
        kept = self._journal.memory(MEMORY)
        return msgspec.msgpack.decode(kept, type=Commissioning) if kept else Commissioning()

    async def prove(self, caller: Caller, call_id: str) -> Commissioning:
        """Let this call prove its line, in place of an earlier one. Raises Unknown."""
        known = await self._calls.index.find(call_id, self._calls.names())
        if known is None or known.call.line is None:
            text = Words("There is no such call with a line.", "چنین تماسی با خط نیست.")
            raise Unknown(text)
        call = known.call
        proof = LineTested(
            device=call.device,
            line=known.call.line,
            call_id=call_id,
            at=self._clock.now().utc,
            by=caller.name,
        )
        now = self.read()
        place = (proof.device, proof.line)
        others = [each for each in now.lines if (each.device, each.line) != place]
        return await self._keep(replace(now, lines=(*others[1 - MOST_LINES :], proof)))

    async def finish(self, caller: Caller) -> Commissioning:
        """The setup is complete."""
        at = self._clock.now().utc
        return await self._keep(replace(self.read(), finished_at=at, finished_by=caller.name))

    async def _keep(self, report: Commissioning) -> Commissioning:
        await self._journal.append([], (MEMORY, msgspec.msgpack.encode(report)))
        return report
