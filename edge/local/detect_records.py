"""What listening to unknown ports finds, as it crosses the socket."""

from typing import Any, Literal

from msgspec import Struct

from edge.local.issue import Words

SensedWord = Literal["silent", "garbled", "text", "known"]


class Proposed(Struct, frozen=True, kw_only=True):
    """A device as it could be added. title: what its driver calls itself.

    settings: what bytes tell; records: whole ones read so far.
    """

    driver: str
    title: Words
    settings: dict[str, Any]
    confidence: Literal["certain", "likely", "possible"]
    records: int
    sample: tuple[str, ...] = ()


class Sensed(Struct, frozen=True, kw_only=True):
    """How far listening to a port has come; the last one of a name counts.

    name: what it is called, for people. link: as in a device, with the speed that was found.
    device: the one of the settings that it is, if any. trouble: why it cannot be heard, what to do.
    """

    name: str
    state: SensedWord
    link: dict[str, Any]
    device: str | None = None
    proposals: tuple[Proposed, ...] = ()
    trouble: Words | None = None
