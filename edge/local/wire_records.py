"""What crosses the control socket about the bytes of a device."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Flag = Literal[0, 1]


class WireQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """follow: go on with each new chunk. test: calls made meanwhile are marked as a test."""

    follow: Flag = 0
    test: Flag = 0


class WireChunk(Struct, frozen=True):
    """Bytes as they passed: `<` from the device, `>` to it.

    at: monotonic seconds of this machine. Bytes are base64 in JSON.
    """

    at: float
    way: Literal["<", ">"]
    data: bytes


class Replay(Struct, frozen=True, forbid_unknown_fields=True):
    """A capture's text, to be played at so many times the speed at which it was recorded."""

    capture: str
    speed: Annotated[float, Meta(gt=0, le=1000)] = 1.0


class Played(Struct, frozen=True):
    """How many events a capture made that was played into a device."""

    events: int
