"""Asks a running edge over its control socket.

    async with Client(Path("/var/lib/payvand")) as edge:
        print((await edge.status()).trouble)

The command line and the web page use it, so that neither knows the socket or the requests.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

import msgspec

from edge.errors import CommandFailed
from edge.local.issue import Report
from edge.local.lock import SOCKET
from edge.local.resent import Resent
from edge.local.status import Status

if TYPE_CHECKING:
    from aiohttp import ClientSession

T = TypeVar("T")

BASE = "http://edge"
ANSWER_SECONDS = 10.0
LONG_SECONDS = 300.0
"""For what looks at many events."""


class NotRunning(CommandFailed):
    """No edge listens in the data directory."""


class NotAnswering(CommandFailed):
    """An edge is there, but it gives no answer, a wrong one, or stopped while it answered."""


class Client:
    """A connection to the edge that runs with `folder` as its data directory.

    Every method raises NotRunning or NotAnswering, and CommandFailed where this user may not ask.
    An answer that does not begin within `answer_seconds` is none.
    """

    def __init__(self, folder: Path, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._folder = folder
        self._answer_seconds = answer_seconds
        self._session: ClientSession

    async def __aenter__(self) -> Self:
        from aiohttp import ClientSession, ClientTimeout, UnixConnector

        self._session = ClientSession(
            connector=UnixConnector(str(self._folder / SOCKET)),
            timeout=ClientTimeout(total=None),
            raise_for_status=True,
        )
        return self

    async def __aexit__(self, *_reason: object) -> None:
        await self._session.close()

    async def status(self) -> Status:
        """How the edge is now."""
        return await self._one("/status", msgspec.json.Decoder(Status).decode)

    async def checks(self) -> Report:
        """Run every health check now."""
        return await self._one("/checks", msgspec.json.Decoder(Report).decode)

    async def metrics(self) -> str:
        """Its figures as Prometheus text."""
        return await self._one("/metrics", bytes.decode)

    async def events(self, after: int = 0) -> AsyncGenerator[bytes, None]:
        """Each stored event above the sequence `after`: one line of JSON without its line end."""
        async for line in self._lines({"after": str(after)}):
            yield line

    async def follow(self, after: int = 0) -> AsyncGenerator[bytes, None]:
        """Like `events`, and then each new event as it is stored; ends only by NotAnswering."""
        async for line in self._lines({"after": str(after), "follow": "1"}):
            yield line
        raise NotAnswering(self._stopped())

    async def resend(self, first: int, last: int, to: str | None = None) -> Resent:
        """Let stored events go once more, to one destination or to all. Looks at each of them."""
        query = {"first": str(first), "last": str(last)} | ({"to": to} if to else {})
        decode = msgspec.json.Decoder(Resent).decode
        return await self._one("/resend", decode, "POST", query, seconds=LONG_SECONDS)

    async def undelivered(self, to: str | None = None) -> AsyncGenerator[bytes, None]:
        """The lines of an export, see edge.delivery.export.

        Raises CommandFailed also where the destination is not clear.
        """
        async for line in self._lines({"to": to} if to else {}, "/undelivered"):
            yield line

    async def _one(
        self,
        path: str,
        read: Callable[[bytes], T],
        method: str = "GET",
        query: dict[str, str] | None = None,
        *,
        seconds: float | None = None,
    ) -> T:
        with self._explained():
            async with (
                asyncio.timeout(seconds or self._answer_seconds),
                self._session.request(method, f"{BASE}{path}", params=query) as response,
            ):
                return read(await response.read())

    async def _lines(
        self, query: dict[str, str], path: str = "/events"
    ) -> AsyncGenerator[bytes, None]:
        with self._explained():
            async with asyncio.timeout(self._answer_seconds) as limit:
                async with self._session.get(f"{BASE}{path}", params=query) as response:
                    limit.reschedule(None)
                    if response.status == HTTPStatus.ACCEPTED:  # no lines, but what is wrong
                        raise CommandFailed(await response.text())
                    rest = b""
                    async for data in response.content.iter_any():
                        *lines, rest = (rest + data).split(b"\n")
                        for line in lines:
                            yield line

    @contextmanager
    def _explained(self) -> Iterator[None]:
        import aiohttp

        try:
            yield
        except aiohttp.ClientConnectorError as error:
            raise self._unreachable(error.os_error) from error
        except (
            aiohttp.ServerDisconnectedError,
            aiohttp.ClientPayloadError,
            ConnectionError,
        ) as error:
            raise NotAnswering(self._stopped()) from error
        except (TimeoutError, aiohttp.ClientError, msgspec.MsgspecError) as error:
            reason = str(error) or f"none in {self._answer_seconds:g} s"
            raise NotAnswering(
                f"payvand with data directory {self._folder} gives no right answer ({reason}): "
                "see its log, then restart it"
            ) from error

    def _unreachable(self, error: OSError) -> CommandFailed:
        if isinstance(error, PermissionError):
            return CommandFailed(
                f"this user may not ask payvand with data directory {self._folder}: "
                "run the command as root or as the user that payvand runs as"
            )
        return NotRunning(
            f"payvand is not running with data directory {self._folder}: "
            f"start it with `payvand run --data {self._folder}`"
        )

    def _stopped(self) -> str:
        return f"payvand with data directory {self._folder} stopped while it answered"
