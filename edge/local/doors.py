"""The edge's two doors: unix sockets, and who may come in by which.

    DATA/control.sock   0600   root and the edge's own user: the console, may do everything
    web.sock            0660   the web process: only what its session's role may, and without a
                               session log-in, setup and the setup's state

The web socket belongs to the group of the folder that it lies in, so that the web process, another
user, can open it there; the data directory itself is closed to that user. The browser's token comes
with each request, and the right is checked here: a web process that is broken is nobody by itself.
"""

import logging
import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from edge.access.caller import Caller, console
from edge.access.refusals import NoSession, Refusal
from edge.errors import CommandFailed
from edge.local.route import Ask, Route, answered

if TYPE_CHECKING:
    from aiohttp import web

_LOG = logging.getLogger(__name__)
TOKEN_HEADER, ADDRESS_HEADER = "Payvand-Session", "Payvand-Address"
UNATTENDED_HEADER = "Payvand-Unattended"
"""With what a page asks by itself, for its live parts."""
_LONGEST_ADDRESS = 64

Door = Literal["console", "web"]


class Who(Protocol):
    """Of edge.access.access.Access: who asks, and the streams that end with him."""

    def caller(self, token: str, address: str, *, attended: bool = True) -> Caller: ...

    def serving(self, caller: Caller) -> AbstractContextManager[None]: ...


def handler(
    route: Route, door: Door, who: Who | None
) -> "Callable[[web.Request], Awaitable[web.StreamResponse]]":
    """What aiohttp calls for a route behind a door."""

    async def handle(request: "web.Request") -> "web.StreamResponse":
        try:
            ask = Ask(_caller(request, door, who, route), request)
            ask.caller.demand(route.right)
            if route.fresh:
                if route.check and not ask.caller.fresh:
                    await route.check(ask)
                ask.caller.demand_password()
            # What is shown to a session ends with it; what changes something is done to its end.
            shown = request.method == "GET"
            with who.serving(ask.caller) if who and shown else nullcontext():
                return await route.answer(ask)
        except Refusal as refusal:
            response = answered(refusal.failure)
            response.set_status(refusal.status)
            return response

    return handle


def _caller(request: "web.Request", door: Door, who: Who | None, route: Route) -> Caller:
    token = request.headers.get(TOKEN_HEADER, "")
    if door == "console" and not token:
        return console()
    address = request.headers.get(ADDRESS_HEADER, "unknown")[:_LONGEST_ADDRESS]
    attended = UNATTENDED_HEADER not in request.headers
    with suppress(NoSession):
        if who is not None:
            return who.caller(token, address, attended=attended)
    if route.right != "open":
        raise NoSession
    return Caller("", "viewer", address)


def listen(path: Path, mode: int) -> socket.socket:
    """A socket there, in place of what a dead process left. Raises CommandFailed.

    A mode with rights for a group gives the socket to the group of its folder.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.unlink(missing_ok=True)
        # Before bind, so that others cannot open the socket at any moment.
        os.fchmod(listener.fileno(), 0o600)
        listener.bind(str(path))
        if mode & 0o070:
            _give(path)
        path.chmod(mode)  # bind takes the umask off
    except OSError as error:
        listener.close()
        raise CommandFailed(
            f"cannot make the control socket {path} ({error}): "
            "give a data directory that is writable, and move away what is there"
        ) from error
    return listener


def _give(path: Path) -> None:
    group = path.parent.stat().st_gid
    try:
        os.chown(path, -1, group)
    except PermissionError:
        words = "the web process cannot open %s: add this user to the group %d of its folder"
        _LOG.warning(words, path, group)
