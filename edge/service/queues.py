"""The queue of each CRM as a page shows it: how fast it goes, what waits, what was refused."""

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from datetime import datetime
from time import monotonic
from typing import NoReturn

from edge.access.refusals import Unable, Unknown
from edge.calls.history import Calls
from edge.delivery.again import NotNow, send_again
from edge.intake.clock import BoxClock
from edge.journal.journal import Journal
from edge.journal.retime import corrected
from edge.local.calls_records import ParkedPage, ParkedQuery, ParkedShown, QueueShown, Sent
from edge.local.issue import Words
from edge.service.crms import Crms

_SAMPLE_SECONDS = 10.0
_SAMPLES = 7
MOST = 200


class Queues:
    """Of the CRMs that are served. Every method raises Unknown for another name, JournalFailed."""

    def __init__(self, crms: Crms, journal: Journal, clock: BoxClock, calls: Calls) -> None:
        self._crms = crms
        self._journal = journal
        self._clock = clock
        self._calls = calls
        self._samples: deque[tuple[float, Mapping[str, int]]] = deque(maxlen=_SAMPLES)

    async def keep(self) -> NoReturn:
        """Count what is delivered, until cancelled."""
        while True:
            self._samples.append((monotonic(), self._delivered()))
            await asyncio.sleep(_SAMPLE_SECONDS)

    async def all(self) -> tuple[QueueShown, ...]:
        """In the order of the settings."""
        return tuple([await self._one(entry.name, entry.kind) for entry in self._crms.served])

    async def parked(self, name: str, query: ParkedQuery, *, in_full: bool) -> ParkedPage:
        """The oldest first."""
        self._check(name)
        found = await self._journal.parked(
            name, max(0, query.after), limit=min(MOST, max(0, query.most))
        )
        names, shown = self._calls.names(), []
        for each in found:
            events = await self._journal.read(each.sequence - 1, 1)
            if not events or events[0].sequence != each.sequence:
                continue
            event = corrected(events[0], self._clock.timeline)
            shown.append(
                ParkedShown(
                    sequence=each.sequence,
                    type=event.type,
                    device=event.device,
                    time=event.time,
                    reason=each.reason if in_full else "",
                    call=self._calls.row(event, names, in_full=in_full),
                )
            )
        return ParkedPage(events=tuple(shown), found=self._crms.forwarders[name].progress.parked)

    async def send(self, name: str, sequences: Iterable[int]) -> tuple[Sent, ...]:
        """Send parked events once more. Raises Unable where the CRM cannot be asked now."""
        self._check(name)
        sent = []
        for sequence in sequences:
            try:
                one = await send_again(name, sequence, self._journal, self._crms.destinations[name])
            except NotNow as error:
                raise Unable(Words(str(error), f"اکنون به {name} فرستاده نمی‌شود.")) from error
            if one is not None:
                sent.append(one)
                if one.stored:
                    self._crms.forwarders[name].unparked([sequence])
        return tuple(sent)

    async def drop(self, name: str, sequences: Iterable[int]) -> None:
        """Do without these at this CRM."""
        self._check(name)
        listed = list(sequences)
        await self._journal.unpark(name, listed)
        self._crms.forwarders[name].unparked(listed)

    async def _one(self, name: str, kind: str) -> QueueShown:
        progress = self._crms.forwarders[name].progress
        return QueueShown(
            name=name,
            kind=kind,
            cursor=progress.cursor,
            last=self._journal.last,
            backlog=progress.backlog,
            parked=progress.parked,
            per_minute=self._rate(name, progress.delivered),
            oldest_at=await self._oldest(progress.cursor) if progress.backlog else None,
        )

    async def _oldest(self, cursor: int) -> datetime | None:
        events = await self._journal.read(cursor, 1)
        return corrected(events[0], self._clock.timeline).time if events else None

    def _rate(self, name: str, delivered: int) -> float:
        if not self._samples:
            return 0.0
        at, counts = self._samples[0]
        seconds = monotonic() - at
        # A destination that was started anew counts from 0 again.
        return max(0, delivered - counts.get(name, 0)) * 60.0 / seconds if seconds > 1 else 0.0

    def _delivered(self) -> Mapping[str, int]:
        return {name: each.progress.delivered for name, each in self._crms.forwarders.items()}

    def _check(self, name: str) -> None:
        if name not in self._crms.forwarders:
            raise Unknown(Words(f"There is no CRM {name}.", "چنین CRMی نیست."))
