"""What Bitrix24 calls our calls, kept in the destination's notebook: one line for each call.

A line may go when its call is finished, all events up to it are settled, and two days of the box's
own events lie behind it: until then a late correction or a repeat finds that all is done.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct

from edge.delivery.destination import Batch, Notebook

KEPT = timedelta(days=2)
_LOOK = timedelta(hours=1)


class Line(Struct, frozen=True):
    """sequence, at: of the event that was told last; at None while nobody knew the time."""

    named: str
    finished: bool
    sequence: int
    at: datetime | None


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Line).decode


class RegisteredCalls:
    """settled: all events up to that sequence have been handled."""

    def __init__(self, notebook: Notebook, settled: Callable[[], int]) -> None:
        self._notebook = notebook
        self._settled = settled
        self._lines: dict[str, Line] = {}
        self._next_look: datetime | None = None

    async def load(self) -> None:
        """Read the notebook; a line of another form counts as none."""
        self._lines = {}
        for call_id, line in (await self._notebook.read()).items():
            try:
                self._lines[call_id] = _decode(line)
            except msgspec.MsgspecError:
                continue

    def of(self, call_id: str) -> Line | None:
        return self._lines.get(call_id)

    async def keep(self, call_id: str, named: str, batch: Batch, *, finished: bool) -> None:
        """Returns when it is on disk."""
        event = batch.events[0]
        known = None if event.timequality == "estimated" else event.time
        line = Line(named, finished, event.sequence, known)
        await self._notebook.write((call_id, _encode(line)))
        self._lines[call_id] = line

    async def tidy(self, batch: Batch) -> None:
        """Let old lines go, and date those that were written while nobody knew the time."""
        newest = batch.events[0]
        if batch.after > self._settled() or newest.timequality == "estimated":
            return
        if self._next_look is not None and newest.time < self._next_look:
            return
        self._next_look = newest.time + _LOOK
        undated = [key for key, line in self._lines.items() if line.finished and line.at is None]
        old = [key for key, line in self._lines.items() if self._is_old(line, batch)]
        dated = {key: msgspec.structs.replace(self._lines[key], at=newest.time) for key in undated}
        if not dated and not old:
            return
        forgotten = [(key, None) for key in old]
        await self._notebook.write(
            *((key, _encode(line)) for key, line in dated.items()), *forgotten
        )
        self._lines |= dated
        for key in old:
            del self._lines[key]

    def _is_old(self, line: Line, batch: Batch) -> bool:
        if not line.finished or line.at is None or line.sequence > batch.after:
            return False
        return batch.events[0].time - line.at > KEPT
