"""What the driver wants back after a restart: the open calls, and the last one of each line.

    [1, clock, utc, trusted, boot, prefix, count, {line: [call, last, waiting, heard, lost]}]

Times of calls are monotonic. Within a boot they stand; from another boot they are shifted by what
both clocks show, if both were right, else the calls keep none.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from drivers.callerid.call import KnownCall, Seconds
from drivers.callerid.line_steps import Heard, KeptLine
from drivers.contract import Moment

VERSION: Literal[1] = 1


@dataclass(slots=True)
class Memory:
    """The lines of one unit, by name, and what numbers their calls."""

    prefix: str
    count: int = 0
    lines: dict[str, KeptLine] = field(default_factory=dict)


class _Kept(Struct, frozen=True, array_like=True):
    version: Literal[1]
    clock: Seconds
    utc: datetime
    trusted: bool
    boot: str
    prefix: str
    count: Annotated[int, Meta(ge=0, le=1 << 53)]
    lines: dict[str, KeptLine]


_encode = msgspec.msgpack.Encoder().encode


def keep(memory: Memory, now: Moment, boot: str) -> bytes:
    """The memory as of this moment."""
    lines = {name: line for name, line in memory.lines.items() if _matters(line)}
    kept = _Kept(
        VERSION, now.monotonic, now.utc, now.trusted, boot, memory.prefix, memory.count, lines
    )
    return _encode(kept)


def recall(data: bytes, now: Moment, boot: str) -> Memory | None:
    """The memory as it was left, its times made to fit this boot; None if nothing reads it."""
    with suppress(msgspec.DecodeError, ValueError, OverflowError):
        kept = msgspec.msgpack.decode(data, type=_Kept)
        memory = Memory(kept.prefix, kept.count, kept.lines)
        if not boot or boot != kept.boot:
            _move(memory, kept, now)
        return memory
    return None


def _move(memory: Memory, kept: _Kept, now: Moment) -> None:
    told = kept.trusted and now.trusted
    passed = max(0.0, (now.utc - kept.utc).total_seconds()) if told else 0.0
    step = now.monotonic - passed - kept.clock
    for line in memory.lines.values():
        for call in (line.call, line.last, line.waiting):
            if call is not None:
                _shift(call, step)
                call.timeless = call.timeless or not told
        if line.heard is not None:
            line.heard = Heard(line.heard.caller, line.heard.at + step, line.heard.printed)


def _shift(call: KnownCall, step: float) -> None:
    call.began += step
    call.last_ring += step
    call.touched += step
    call.answered = None if call.answered is None else call.answered + step
    call.ended = None if call.ended is None else call.ended + step
    call.keyed = None if call.keyed is None else call.keyed + step


def _matters(line: KeptLine) -> bool:
    return bool(line.call or line.last or line.waiting or line.heard or line.lost)
