"""`payvand run` with the echo in its table, that kills itself at one step of a command.

    python -m tests.edge.commands.box DATA [STEP WHEN]

STEP is `before:` or `after:` one of the names below; WHEN counts how often it has come there.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import drivers.catalog
from drivers.wire.stream import Stream
from edge.commands.dispatcher import Dispatcher
from edge.commands.inbox import Inbox
from edge.commands.target import Target
from edge.delivery.destinations.link.commands import LinkCommands
from edge.delivery.destinations.link.destination import LinkDestination
from edge.service import service
from tests.edge.commands.echo import EchoDriver

P = ParamSpec("P")
R = TypeVar("R")

STEPS: dict[str, tuple[type, str]] = {
    "asked": (LinkCommands, "ask"),
    "accepted": (Inbox, "accept"),
    "in-time": (Dispatcher, "_in_time"),
    "started": (Inbox, "start"),
    "executed": (Target, "execute"),
    "acted": (EchoDriver, "_do"),
    "written": (Stream, "write"),
    "ended": (Inbox, "end"),
    "unknown": (Dispatcher, "settle_begun"),
    "told": (LinkDestination, "deliver"),
}
"""The steps of a command in their order, by what does each."""


def kill_at(step: str, when: int) -> None:
    """Let this process die at that step, as if the power went."""
    side, _, name = step.partition(":")
    owner, method = STEPS[name]
    setattr(owner, method, _dying(getattr(owner, method), side, when))


def _dying(work: Callable[P, Awaitable[R]], side: str, when: int) -> Callable[P, Awaitable[R]]:
    left = when

    def count(here: str) -> None:
        nonlocal left
        if here == side:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    async def counted(*args: P.args, **named: P.kwargs) -> R:
        count("before")
        result = await work(*args, **named)
        count("after")
        return result

    return counted


def main() -> None:
    drivers.catalog.MODULES["echo"] = "tests.edge.commands.echo"
    drivers.catalog.NAMES = tuple(drivers.catalog.MODULES)
    if len(sys.argv) > 2:
        kill_at(sys.argv[2], int(sys.argv[3]))
    asyncio.run(service.run(Path(sys.argv[1])))


if __name__ == "__main__":
    main()
