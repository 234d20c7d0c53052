"""When a live part of a page has something to look at again."""

import asyncio
from collections.abc import AsyncGenerator

from edge.local.status import Status
from webui.visit import Visit

LOOK_SECONDS = 0.4


async def when_changed(visit: Visit) -> AsyncGenerator[Status, None]:
    """The status now, and whenever events were stored or a device's or CRM's state changed."""
    known: object = None
    while True:
        status = await visit.edge.status()
        now = (
            status.last_sequence,
            tuple((each.key, each.state) for each in status.devices),
            tuple((each.name, each.state, each.advice) for each in status.destinations),
        )
        if now != known:
            known = now
            yield status
        await asyncio.sleep(LOOK_SECONDS)
