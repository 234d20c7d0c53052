"""What a call store was told, kept in the destination's notebook: one line for each call.

A line may go when its call is over and nothing more can come of it: all events up to it are settled
and two days of the box's own events lie behind it. Until then a late correction finds its call.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from edge.delivery.call_store.told import Told
from edge.delivery.destination import Batch, Notebook

KEPT = timedelta(days=2)
_LOOK = timedelta(hours=1)

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Told).decode


class Records:
    """settled: all events up to that sequence have been handled."""

    def __init__(self, notebook: Notebook, settled: Callable[[], int]) -> None:
        self._notebook = notebook
        self._settled = settled
        self._told: dict[str, Told] = {}
        self._next_look: datetime | None = None

    async def load(self) -> None:
        """Read the notebook; a line of another form counts as none."""
        self._told = {}
        for key, line in (await self._notebook.read()).items():
            try:
                self._told[key] = _decode(line)
            except msgspec.MsgspecError:
                continue

    def of(self, call: str) -> Told:
        """What was told of a call, or a blank."""
        return self._told.get(call, Told())

    def named(self) -> frozenset[object]:
        """The CRM's names of all calls that are known here."""
        return frozenset(told.id for told in self._told.values() if told.id is not None)

    async def keep(self, call: str, told: Told) -> None:
        """Returns when it is on disk."""
        await self._notebook.write((call, _encode(told)))
        self._told[call] = told

    async def forget(self, call: str) -> None:
        """The CRM never took it."""
        await self._notebook.write((call, None))
        self._told.pop(call, None)

    async def tidy(self, batch: Batch) -> None:
        """Let old lines go, and date those that were written while nobody knew the time."""
        newest = batch.events[-1]
        if batch.after > self._settled() or newest.timequality == "estimated":
            return
        if self._next_look is not None and newest.time < self._next_look:
            return
        self._next_look = newest.time + _LOOK
        changed: dict[str, Told | None] = {}
        for call, told in self._told.items():
            if not told.over or told.sequence > batch.after:
                continue
            if told.at is None:
                changed[call] = msgspec.structs.replace(told, at=newest.time)
            elif newest.time - told.at > KEPT:
                changed[call] = None
        if not changed:
            return
        lines = [(call, _encode(told) if told else None) for call, told in changed.items()]
        await self._notebook.write(*lines)
        for call, kept in changed.items():
            if kept is None:
                del self._told[call]
            else:
                self._told[call] = kept
