"""What the driver wants back after a restart, and its bytes.

    [2, clock, utc, [prefix, count, trusted, …, {key: call}, {key: call}]]      version 2
    {"calls": {…}, "order": …}                                          version 1, still read

The clock stands apart: while nothing else changes, the bytes stay what they were, and the journal
does not write them again. Steps and ages are then counted from that earlier time.
"""

import struct
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Raw, Struct, structs

from drivers.panasonic.calls_memory import CallsMemory
from drivers.panasonic.first_memory import FirstMemory
from drivers.panasonic.kept_call import Count, KeptCall, unpack
from drivers.panasonic.models import LayoutName, Order


@dataclass(slots=True)
class Memory:
    """What the decoder works with. window: digests of the last lines (`replay.py`)."""

    calls: CallsMemory
    order: Order
    layout: LayoutName
    window: list[int] = field(default_factory=list)
    skewed: bool = False


class _Rest(Struct, frozen=True, array_like=True):
    """All but the clock. window: four bytes, the highest first, for each line."""

    prefix: str
    count: Count
    trusted: bool
    boot: str
    order: Order
    layout: LayoutName
    skewed: bool
    window: bytes
    groups: list[str]
    open: dict[str, KeptCall]
    ended: dict[str, KeptCall]


class _Whole(Struct, frozen=True, array_like=True):
    version: Literal[2]
    clock: Annotated[float, Meta(ge=-1e12, le=1e12)]
    utc: datetime | None
    rest: Raw


class MemoryBytes:
    """Encodes one decoder's memory."""

    def __init__(self) -> None:
        self._rest = b""
        self._whole = b""
        self._encoder = msgspec.msgpack.Encoder()

    def encode(self, memory: Memory) -> bytes:
        """The same bytes as before, if nothing but the clock went on."""
        calls = memory.calls
        opened, ended = calls.packed()
        rest = _Rest(
            calls.prefix,
            calls.count,
            calls.trusted,
            calls.boot,
            memory.order,
            memory.layout,
            memory.skewed,
            struct.pack(f">{len(memory.window)}I", *memory.window),
            calls.groups,
            opened,
            ended,
        )
        encoded = self._encoder.encode(rest)
        if encoded != self._rest:
            self._rest = encoded
            whole = _Whole(2, calls.clock, calls.utc, Raw(encoded))
            self._whole = self._encoder.encode(whole)
        return self._whole


def recall(memory: bytes) -> Memory | None:
    """The memory as it was left; None if no rule of this version, or of the first, reads it."""
    for version in (_second, _first):
        with suppress(msgspec.DecodeError, struct.error, ValueError, OverflowError):
            return version(memory)
    return None


def _second(memory: bytes) -> Memory:
    whole = msgspec.msgpack.decode(memory, type=_Whole)
    rest = msgspec.msgpack.decode(whole.rest, type=_Rest)
    calls = CallsMemory(
        prefix=rest.prefix,
        count=rest.count,
        clock=whole.clock,
        utc=whole.utc,
        trusted=rest.trusted,
        boot=rest.boot,
        open={key: unpack(kept, key, rest.prefix) for key, kept in rest.open.items()},
        ended={key: unpack(kept, key, rest.prefix) for key, kept in rest.ended.items()},
        groups=rest.groups,
    )
    window = [digest for (digest,) in struct.iter_unpack(">I", rest.window)]
    return Memory(calls, rest.order, rest.layout, window, rest.skewed)


def _first(memory: bytes) -> Memory:
    old = msgspec.msgpack.decode(memory, type=FirstMemory)
    calls = CallsMemory(**structs.asdict(old.calls))
    left = Memory(calls, old.order, old.layout, old.window, old.skewed)
    return _second(MemoryBytes().encode(left))
