"""Where commands come from: what the house asks of a destination whose CRM gives orders."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from msgspec import Raw


@dataclass(frozen=True, slots=True)
class Asked:
    """A CRM's answer to the question for commands, as it came: nothing in it is believed yet.

    signed_time: what the CRM says of the time, empty where it says nothing. sent, received: between
    which monotonic times it answered.
    """

    items: Sequence[Raw]
    signed_time: str
    sent: float
    received: float


class CommandKeys(Protocol):
    """The keys that a CRM signs commands with, as this box has pinned them."""

    def key(self, keyid: str) -> bytes | None:
        """The 32 bytes of the public Ed25519 key of this name; None for one that is not pinned."""


class CommandSource(Protocol):
    """One CRM that gives commands, over a connection of its own."""

    @property
    def keys(self) -> CommandKeys:
        """What the signatures of the last answer are checked with."""

    async def start(self) -> None:
        """Import and open what asking needs; connects to nobody."""

    async def ask(self, after: int, nonce: str) -> Asked:
        """Acknowledge all up to `after`, and wait a minute at most for what comes behind it.

        Before that, wait for as long as it takes until it is known by which keys to believe it.
        nonce: what the signed time must hold, or it is an old one. Raises DeliveryError.
        """

    async def close(self) -> None:
        """Give back what `start` opened; harmless twice."""
