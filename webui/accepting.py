"""Connections from their first packet to their last: TLS, requests, and how long each may take.

    listening socket ─▶ room ─▶ TLS, 20 s ─▶ header of a request, 20 s ─▶ answer ─▶ the next, 20 s …
                         └─ full: somebody hangs up, see webui.room

asyncio's and aiohttp's own servers would know a connection only after its TLS handshake, whose
buffers are what takes the memory. So they are accepted here and given to asyncio one by one.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import NoReturn

from aiohttp import web

from webui.answering import Answering
from webui.room import Guest, Room

_LOG = logging.getLogger(__name__)
HANDSHAKE_SECONDS = 20.0
GOODBYE_SECONDS = 2.0
"""How long the other end may take to agree that the connection ends."""
AGAIN_SECONDS = 1.0


class Entrance:
    """Accepts connections, as tasks of a group."""

    def __init__(self, tasks: asyncio.TaskGroup, room: Room) -> None:
        self._tasks = tasks
        self._room = room

    async def accept(
        self, listener: socket.socket, server: web.Server, context: ssl.SSLContext | None
    ) -> NoReturn:
        """Until cancelled; connections go on."""
        listener.settimeout(0)
        loop = asyncio.get_running_loop()
        while True:
            try:
                wire, peer = await loop.sock_accept(listener)
            except OSError as error:  # it left already, or there is no descriptor
                _LOG.warning("a connection cannot be accepted: %s", error)
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            self._tasks.create_task(self._attend(wire, peer[0], server, context))
            # Accepting may take no time at all; without a pause it would be nobody else's turn.
            await asyncio.sleep(0)

    async def _attend(
        self,
        wire: socket.socket,
        address: str,
        server: web.Server,
        context: ssl.SSLContext | None,
    ) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - it is one
        guest = Guest(address, monotonic(), task.cancel)
        if not self._room.enter(guest):
            wire.close()
            return
        try:
            await self._serve(wire, Answering(server, guest), context)
        except (OSError, asyncio.CancelledError) as ended:
            # It had no TLS, or gave way. Frames in its traceback, asyncio's, refer to the error
            # itself: until such rings are found, each would keep the buffers of a connection.
            ended.__traceback__ = None
        except Exception:  # noqa: BLE001 - one connection ends no other
            _LOG.exception("a connection failed")
        finally:
            self._room.leave(guest)

    @staticmethod
    async def _serve(
        wire: socket.socket, answering: Answering, context: ssl.SSLContext | None
    ) -> None:
        transport, _ = await asyncio.get_running_loop().connect_accepted_socket(
            lambda: answering,
            wire,
            ssl=context,
            ssl_handshake_timeout=HANDSHAKE_SECONDS if context else None,
            ssl_shutdown_timeout=GOODBYE_SECONDS if context else None,
        )
        try:
            await answering.over.wait()
        finally:
            transport.abort()


@asynccontextmanager
async def entrance() -> AsyncIterator[Entrance]:
    """With the context all connections end."""
    room = Room()
    async with asyncio.TaskGroup() as tasks:
        try:
            yield Entrance(tasks, room)
        finally:
            room.close()
