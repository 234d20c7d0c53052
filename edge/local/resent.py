"""What is sent once more on request, as it crosses the control socket."""

from msgspec import Struct


class ResentTo(Struct, frozen=True, kw_only=True):
    """What of the asked events goes to one destination.

    events: how many go once more. refused: why none does there, and what it would do; empty where
    ids make it harmless. waiting: still undelivered, and go anyway. unwanted: kept back by its
    settings.
    """

    destination: str
    events: int = 0
    refused: str = ""
    waiting: int = 0
    unwanted: int = 0


class Resent(Struct, frozen=True, kw_only=True):
    """The answer to a request. gone: how many of the asked sequences the box no longer holds."""

    gone: int = 0
    destinations: tuple[ResentTo, ...] = ()
