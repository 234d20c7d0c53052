"""Tasks of one group, each under a name, that start and end one by one while the others go on."""

import asyncio
from collections.abc import Coroutine
from typing import Any


class Tasks:
    """What runs in one TaskGroup. A fault of any of them still ends the group."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self._group = group
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Run it under a name that is free."""
        self._tasks[name] = self._group.create_task(work)

    async def end(self, *names: str) -> None:
        """Cancel those that there are; returns when they have ended."""
        ending = [task for name in names if (task := self._tasks.pop(name, None))]
        for task in ending:
            task.cancel()
        if ending:
            await asyncio.wait(ending)
