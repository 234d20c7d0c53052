"""Each night: what was sent is added up, the CRM compares, and what it misses goes once more.

    00:05 … 02:05, or the next chance    all of before today settled there?
      rows that it was not content with ─┐
      rows of the days since            ─┴▶ compare ─▶ missing ─▶ repeats, behind all new events
                                                          └─ counted again the next night

A range is asked for by the CRM once a night at most, and sent again on three nights at most: a CRM
that still misses it then is told about as an issue, and so is what the journal no longer holds.
What it refused for good is not counted: it does not have it, and would miss it for ever.

How far receipts went lies in the journal, under a name of its own beside the destination's notes.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from contextlib import aclosing
from datetime import date, datetime, time, timedelta, tzinfo

import msgspec
from msgspec.structs import replace

from edge.delivery.backoff import Pace
from edge.delivery.destination import BadBatch, DeliveryError
from edge.delivery.night import Kept, Night, NoReceipts
from edge.delivery.receipt import ReceiptTaker, Stretch
from edge.delivery.repeats import Repeats
from edge.delivery.tally import Tally
from edge.journal.journal import Journal
from edge.local.status import ReceiptStatus
from edge.own_fault import is_cancelled, is_of_journal

_LOG = logging.getLogger(__name__)
_DRAW = random.SystemRandom().uniform

BEGIN, SPREAD = timedelta(minutes=5), timedelta(hours=2)
"""After midnight of the branch, and over how long the boxes are spread."""
CATCH_UP_SECONDS = 600.0
"""A box that was off at night asks within so many seconds after its start."""
LOOK_SECONDS = 60.0
_PACE = Pace(base=60.0, cap=3600.0)


class Accounting:
    """The receipts of one destination. zone: of the site. now: None while nobody knows the time.

    taker: makes the connection of one night.
    """

    def __init__(  # noqa: PLR0913 - the parts of one destination's receipts, joined here only
        self,
        name: str,
        journal: Journal,
        tally: Tally,
        taker: Callable[[], ReceiptTaker],
        repeats: Repeats,
        zone: tzinfo,
        now: Callable[[], datetime | None],
    ) -> None:
        self._name = name
        self._note = f"receipts/{name}"
        self._journal = journal
        self._tally = tally
        self._taker = taker
        self._repeats = repeats
        self._zone = zone
        self._now = now
        self._kept = Kept()
        self._offset = BEGIN + SPREAD * _DRAW(0.0, 1.0)

    @property
    def status(self) -> ReceiptStatus:
        """What the last night brought."""
        return self._kept.shown

    async def keep(self) -> None:
        """Serve until cancelled. Raises JournalFailed and nothing else."""
        await self.load()
        await asyncio.sleep(_DRAW(0.0, CATCH_UP_SECONDS))
        failures = 0
        while True:
            wait = LOOK_SECONDS
            try:
                if (today := self.due()) is not None and await self._is_settled(today):
                    await self.run(today)
                    failures = 0
                    self._offset = BEGIN + SPREAD * _DRAW(0.0, 1.0)
            except DeliveryError as trouble:
                failures += 1
                wait = LOOK_SECONDS + _PACE.after_failure(failures)
                _LOG.info("%s: no receipts yet (%s). %s", self._name, trouble.answer, trouble)
            except Exception as fault:
                if is_of_journal(fault):
                    raise
                if is_cancelled():
                    raise asyncio.CancelledError from fault
                failures += 1
                wait = LOOK_SECONDS + _PACE.after_failure(failures)
                _LOG.exception("%s: a fault of our own while counting", self._name)
            await asyncio.sleep(wait)

    async def load(self) -> None:
        """Read how far receipts went; of another version's note nothing."""
        note = (await self._journal.notes(self._note)).get("")
        try:
            self._kept = msgspec.msgpack.decode(note, type=Kept) if note else Kept()
        except msgspec.MsgspecError:
            self._kept = Kept()

    def due(self) -> date | None:
        """The day of the branch, if its receipts are due; None also while nobody knows the time."""
        if (now := self._now()) is None:
            return None
        local = now.astimezone(self._zone)
        today, ran = local.date(), self._kept.ran
        # A day far ahead was noted by a wrong clock.
        if ran is not None and today <= ran <= today + timedelta(days=1):
            return None
        # A box that missed a night does not wait for the hour of the next one.
        late = ran is not None and ran < today - timedelta(days=1)
        begun = datetime.combine(today, time.min, self._zone) + self._offset
        return today if late or local >= begun else None

    async def _is_settled(self, today: date) -> bool:
        """Whether nothing of before today waits."""
        waiting = await self._journal.read(self._journal.position(self._name).cursor, 1)
        return not waiting or waiting[0].time.astimezone(self._zone).date() >= today

    async def run(self, today: date) -> None:
        """Compare all of before today that is settled. Raises DeliveryError and JournalFailed."""
        end = self._journal.position(self._name).cursor
        night = Night(self._tally, self._repeats, self._kept)
        taker = self._taker()
        try:
            await taker.start()
            for row in self._kept.unsettled:
                await self._count(night, taker, row.stretch, row.device)
            if self._kept.through < end:
                whole = (self._kept.through + 1, end)
                await self._count(night, taker, whole, until=today)
                night.through = self._tally.reached
            await night.compare(taker)
        except NoReceipts:
            await self._save(replace(self._kept, ran=today, shown=ReceiptStatus(refused=True)))
            return
        except BadBatch as trouble:
            _LOG.warning(
                "%s: the CRM does not understand receipts (%s)", self._name, trouble.answer
            )
            await self._save(replace(self._kept, ran=today))
            return
        finally:
            await taker.close()
        await self._save(night.result(today, self._now()))

    async def _count(
        self,
        night: Night,
        taker: ReceiptTaker,
        stretch: Stretch,
        device: str = "*",
        until: date | None = None,
    ) -> None:
        async with aclosing(self._tally.rows(stretch, self._zone, device, until)) as rows:
            async for row in rows:
                if night.is_full(row):
                    await night.compare(taker)
                night.rows.append(row)

    async def _save(self, kept: Kept) -> None:
        await self._journal.note(self._note, [("", msgspec.msgpack.encode(kept))])
        self._kept = kept
