"""Asks a running edge over its sockets.

    async with Client(Path("/var/lib/payvand")) as edge:                     # the console
        print((await edge.status()).trouble)
    async with Client(folder, token="", web_socket=socket) as edge:          # the web process
        session = await edge.for_session("", browser).log_in(name, password)
        await edge.for_session(session.token, browser).status()

The command line and the web page use it, so that neither knows the sockets or the requests.
"""

from collections.abc import AsyncGenerator

from edge.local.ask_access import AccessCalls
from edge.local.ask_calls import CallsCalls
from edge.local.ask_delivery import DeliveryCalls
from edge.local.ask_detect import DetectCalls
from edge.local.ask_live import LiveCalls
from edge.local.ask_settings import SettingsCalls
from edge.local.ask_upkeep import UpkeepCalls
from edge.local.ask_wire import WireCalls
from edge.local.asking import ANSWER_SECONDS, BASE, NotAnswering, NotRunning
from edge.local.issue import Report
from edge.local.status import Status

__all__ = ["ANSWER_SECONDS", "BASE", "Client", "NotAnswering", "NotRunning"]


class Client(
    AccessCalls,
    SettingsCalls,
    CallsCalls,
    DeliveryCalls,
    LiveCalls,
    UpkeepCalls,
    WireCalls,
    DetectCalls,
):
    """All that can be asked. See edge.local.asking.Asking for its arguments and errors."""

    async def status(self) -> Status:
        """How the edge is now."""
        return await self._get("/status", Status)

    async def checks(self) -> Report:
        """Run every health check now."""
        return await self._get("/checks", Report)

    async def metrics(self) -> str:
        """Its figures as Prometheus text."""
        return await self._one("GET", "/metrics", bytes.decode)

    async def events(self, after: int = 0) -> AsyncGenerator[bytes, None]:
        """Each stored event above the sequence `after`: one line of JSON without its line end."""
        async for line in self._lines({"after": str(after)}):
            yield line

    async def follow(self, after: int = 0) -> AsyncGenerator[bytes, None]:
        """Like `events`, and then each new event as it is stored; ends only by NotAnswering."""
        async for line in self._lines({"after": str(after), "follow": "1"}):
            yield line
        raise NotAnswering(self._stopped())
