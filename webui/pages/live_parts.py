"""A live part of a page: drawn whole when something changed, sent when it looks different.

    edge's feed ─▶ changes of a quarter of a second together ─▶ draw ─▶ message, id = sequence

A browser that comes back with an id is told what changed since, and nothing where nothing did. The
feed's sign of life, every 15 s, draws anew too: what stands there as *5 minutes ago* grows old.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress

from edge.access.refusals import TooOften
from edge.local.client import Client, NotAnswering, NotRunning
from webui.digits import whole
from webui.live import Message
from webui.visit import Visit

TOGETHER_SECONDS = 0.25
AWAY_SECONDS = 1.0

Draw = Callable[[], Awaitable[str]]


async def drawn(visit: Visit, draw: Draw) -> AsyncGenerator[Message, None]:
    """The part, as long as the session lasts; while the edge is away, that."""
    known = _known(visit)
    sent = ""
    while True:
        try:
            if known is None:
                known = (await visit.edge.status()).last_sequence
                sent = await draw()
                yield Message(sent, str(known))
            async with aclosing(_steps(visit.edge, known)) as steps:
                async for known in steps:
                    html = await draw()
                    if html != sent:
                        sent = html
                        yield Message(html, str(known))
        except (NotRunning, NotAnswering):
            yield Message(visit.piece("edge_away.html"))
            await asyncio.sleep(AWAY_SECONDS)
        except TooOften:
            await asyncio.sleep(AWAY_SECONDS)
        else:
            return
        known = None


async def _steps(edge: Client, after: int) -> AsyncGenerator[int, None]:
    """The sequence up to which all is known, after each change and those right behind it."""
    async with aclosing(edge.changes(after)) as changes:
        coming = asyncio.ensure_future(anext(changes))
        try:
            while True:
                last = (await coming).sequence
                coming = asyncio.ensure_future(anext(changes))
                until = asyncio.get_running_loop().time() + TOGETHER_SECONDS
                while (left := until - asyncio.get_running_loop().time()) > 0:
                    done, _ = await asyncio.wait({coming}, timeout=left)
                    if not done or coming.exception():
                        break
                    last = coming.result().sequence
                    coming = asyncio.ensure_future(anext(changes))
                yield last
        except StopAsyncIteration:
            return
        finally:
            coming.cancel()
            with suppress(asyncio.CancelledError, StopAsyncIteration, NotAnswering):
                await coming


def _known(visit: Visit) -> int | None:
    return whole(visit.request.headers.get("Last-Event-ID", ""))
