"""Tells a call store of one event, one request at a time, each once as far as the store lets us.

    note "asked" ─▶ POST call ─▶ note its ids ─▶ POST channel ─▶ note its id ─▶ PUT … ─▶ note done

Changes may be repeated, creations may not: what was created and whose id never arrived (the line
broke, the box died) is there twice when it is sent again. So before a call is sent, the notebook
says so; when that note is found without an id, the store is asked whether it has the call
(`Store.find`) before it is sent again. For a channel no store can be asked that: it may be double
within its call.

An event that is not above the last one handled of its call is settled without a word. It was sent
ahead of its turn, or newer ones have overtaken it.
"""

from collections.abc import Callable
from typing import Protocol

import msgspec

from edge.delivery.call_store.picture import picture_of
from edge.delivery.call_store.records import Records
from edge.delivery.call_store.told import CreateCall, CrmId, Step, Told, after, next_step
from edge.delivery.destination import (
    BadBatch,
    Batch,
    Branch,
    Delivered,
    DeliveryError,
    NotAllowed,
    TryLater,
)
from edge.intake.peer_time import PeerTime
from edge.intake.seal import CallData
from edge.journal.records import Stored

LIVE_SECONDS = 30.0
"""What is older did not happen just now: nobody wants it to pop up."""

_CALLS = "call."
_decode = msgspec.json.Decoder(CallData).decode

Named = tuple[CrmId | None, CrmId | None]
"""What the store calls a call and a channel that a step made, None where it made none."""

NOTHING: Named = (None, None)


class Unclear(TryLater):
    """The store itself answers, but not so that one can go on: park the event after `tries`."""

    def __init__(self, answer: str, advice: str, reason: str, tries: int) -> None:
        super().__init__(answer, advice)
        self.reason = reason
        self.tries = tries


class Store(Protocol):
    """One CRM's form of the steps. All raise DeliveryError."""

    async def tell(self, event: Stored, call_id: str, step: Step, *, live: bool) -> Named:
        """Make one request."""

    async def find(self, event: Stored, told: Told, others: frozenset[object]) -> Named:
        """The call that was sent as `told` says, if the store has it and it is none of `others`."""


class Teller:
    """Settles events one by one. heard: the store's clock, as of its last good answer."""

    def __init__(
        self, branch: Branch, store: Store, heard: Callable[[], PeerTime | None] = lambda: None
    ) -> None:
        self._branch = branch
        self._store = store
        self._heard = heard
        self._records = Records(branch.notebook, branch.settled)
        self._tries = (0, 0)

    async def start(self) -> None:
        """Read what was told before."""
        await self._records.load()

    @staticmethod
    def pack(batch: Batch) -> bytes:
        """The data of the one event, as they are known when it leaves."""
        return batch.events[0].data

    async def deliver(self, batch: Batch, body: bytes) -> Delivered:
        """See Destination; for a batch of one."""
        event = batch.events[0]
        if not event.type.startswith(_CALLS):
            return Delivered(batch.last, (), "no call, nothing to tell")
        try:
            call = _decode(body)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise BadBatch("not sent", f"its data are not those of a call: {error}") from error
        if call.test:  # there it would stand among the real ones
            return Delivered(batch.last, (), "a test, not told")
        try:
            answer = await self._tell(event, call)
        except Unclear as unclear:
            raise self._patience(event, unclear) from unclear
        await self._records.tidy(batch)
        return Delivered(batch.last, (), answer, self._heard())

    async def _tell(self, event: Stored, call: CallData) -> str:
        told = self._records.of(call.call_id)
        if event.sequence <= told.sequence:
            return "told before"
        told = await self._found(event, call, told)
        picture = picture_of(event, call)
        live = self._is_live(event, call) and not picture.over
        step = next_step(told, picture)
        while step is not None:
            named = await self._one(event, call, told, step, live=live)
            told = after(told, step, named)
            step = next_step(told, picture)
            if named != NOTHING and step is not None:
                await self._records.keep(call.call_id, told)
        told = msgspec.structs.replace(
            told,
            sequence=event.sequence,
            at=None if event.timequality == "estimated" else event.time,
            over=picture.over,
        )
        await self._records.keep(call.call_id, told)
        return "HTTP 200"

    async def _one(
        self, event: Stored, call: CallData, told: Told, step: Step, *, live: bool
    ) -> Named:
        if not isinstance(step, CreateCall):
            return await self._store.tell(event, call.call_id, step, live=live)
        await self._records.keep(call.call_id, after(told, step, NOTHING))
        try:
            return await self._store.tell(event, call.call_id, step, live=live)
        except (BadBatch, NotAllowed):  # it was not taken; an earlier try of it may have been
            if told.asked:
                await self._records.keep(call.call_id, told)
            else:
                await self._records.forget(call.call_id)
            raise

    async def _found(self, event: Stored, call: CallData, told: Told) -> Told:
        """With the id of the call, if it was sent before and the store has it."""
        if told.id is not None or not told.asked:
            return told
        name, channel = await self._store.find(event, told, self._records.named())
        if name is None:
            return told
        first = msgspec.structs.replace(told.channels[0], id=channel)
        told = msgspec.structs.replace(told, id=name, channels=(first,))
        await self._records.keep(call.call_id, told)
        return told

    def _is_live(self, event: Stored, call: CallData) -> bool:
        """Times to the minute are printed ones, of a record that the exchange had kept."""
        return call.time_resolution == "second" and self._branch.age(event) <= LIVE_SECONDS

    def _patience(self, event: Stored, unclear: Unclear) -> DeliveryError:
        """The same, or after too many tries for one event a refusal of it."""
        sequence, tries = self._tries
        tries = tries + 1 if sequence == event.sequence else 1
        self._tries = (event.sequence, tries)
        if tries < unclear.tries:
            return unclear
        return BadBatch(unclear.answer, unclear.reason)
