"""Reading a link until bytes come or the decoder's own time has come, whichever is first."""

import asyncio

from drivers.contract import Clock, Link

LONGEST_WAIT = 3600.0


async def read_until(link: Link, due: float | None, clock: Clock) -> bytes:
    """Bytes, or nothing when monotonic time `due` has come first. Raises LinkLost."""
    wait = LONGEST_WAIT if due is None else max(0.0, due - clock().monotonic)
    try:
        async with asyncio.timeout(min(wait, LONGEST_WAIT)):
            return await link.read()
    except TimeoutError:
        return b""
