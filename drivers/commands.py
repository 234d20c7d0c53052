"""The nouns of a command: what a device is told to do, and what came of it.

    Command ──▶ driver.execute(command, report) ──▶ Outcome
                               └─▶ "page 2 of 5 is sent"

A command is begun once at most, and never after its deadline. Where nobody can know whether the
device acted, the outcome is `unknown`: only after `failed` may somebody order the same again.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Literal

from msgspec import Struct


class Command(Struct, frozen=True):
    """One order to a device.

    id: the CRM's name for it. args: of the type that the driver's table line names for `type`.
    deadline: the monotonic time in seconds after which nothing may be begun.
    """

    id: str
    type: str
    args: Any
    deadline: float


class Outcome(Struct, frozen=True):
    """What came of a command. detail: for a person, in one sentence, or empty."""

    state: Literal["done", "failed", "unknown"]
    detail: str = ""


Report = Callable[[str], Awaitable[None]]
"""Tells how far a long command is, in a few words; returns when that is on disk."""
