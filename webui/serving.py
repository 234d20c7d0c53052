"""The process: sockets, TLS, the application, and its end.

socket ─▶ TLS ─▶ gate (Host, Origin) ─▶ page ─▶ edge.local.client ─▶ the edge
"""

import asyncio
import signal
import socket
import ssl
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from edge.local.client import Client
from webui import certificate, plain
from webui.accepting import entrance
from webui.addresses import addresses, names
from webui.app import application, house
from webui.certificate import Keys
from webui.idle import Idle
from webui.sockets import Place, listeners

LAST_WORDS_SECONDS = 1.0
CHANGED_SECONDS = 60.0
"""How often it is looked whether the box has other addresses now."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the command line asks for. names: further ones by which browsers may call this box."""

    data: Path
    socket: Path | None
    keys: Path
    listen: Place | None
    plain: Place | None
    names: tuple[str, ...]
    idle_seconds: float


async def serve(plan: Plan) -> None:
    """Serve until a signal, or until idle on sockets of systemd's. Raises CommandFailed."""
    stop = _stop_on_signal()
    sockets = listeners(plan.listen, plan.plain)
    keys = await certificate.ready(plan.keys, _called(plan))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    keys.into(context)
    idle = Idle()
    async with AsyncExitStack() as stack:
        edge = await stack.enter_async_context(Client(plan.data, token="", web_socket=plan.socket))
        door = await stack.enter_async_context(entrance())
        called = [*names(), *plan.names]
        shared = house(edge, keys.fingerprint)
        pages = await _server(stack, application(shared, called, idle))
        port = sockets.secure[0].getsockname()[1]
        explained = plain.application(shared, called, idle, port)
        way = await _server(stack, explained)
        tasks: list[asyncio.Future[object]] = [asyncio.ensure_future(stop.wait())]
        for each in sockets.secure:
            tasks.append(asyncio.ensure_future(door.accept(each, pages, context)))
            _tell(each, "https")
        for each in sockets.plain:
            tasks.append(asyncio.ensure_future(door.accept(each, way, None)))
            _tell(each, "http")
        if sockets.passed:
            tasks.append(asyncio.ensure_future(idle.lasts(plan.idle_seconds)))
        tasks.append(asyncio.ensure_future(_follow_addresses(plan, context)))
        done, rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in rest:
            task.cancel()
        for task in done:
            task.result()


async def _server(stack: AsyncExitStack, app: web.Application) -> web.Server:
    """What answers for the application, with its last words when the stack ends."""
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=LAST_WORDS_SECONDS)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    assert runner.server is not None  # noqa: S101 - after setup
    return runner.server


def _tell(listener: socket.socket, scheme: str) -> None:
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    sys.stdout.write(f"payvand-web listens on {scheme}://{shown}:{port}\n")
    sys.stdout.flush()


def _called(plan: Plan) -> list[str]:
    return [*names(), *plan.names, *addresses(), certificate.ROUTER]


async def _follow_addresses(plan: Plan, context: ssl.SSLContext) -> None:
    """A box that was given another address gets a certificate for it; the key stays."""
    called = _called(plan)
    while True:
        await asyncio.sleep(CHANGED_SECONDS)
        if (now := _called(plan)) != called:
            keys: Keys = await certificate.ready(plan.keys, now)
            keys.into(context)
            called = now


def _stop_on_signal() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop
