"""A connection to a running edge, as edge.local.client and its parts use it.

What the edge refuses comes as the error of edge.access.refusals that it was there.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

import msgspec
from msgspec import Struct

from edge.access.refusals import Failure, again
from edge.errors import CommandFailed
from edge.local.doors import ADDRESS_HEADER, TOKEN_HEADER, UNATTENDED_HEADER
from edge.local.lock import SOCKET, WEB_SOCKET

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

T = TypeVar("T")

BASE = "http://edge"
ANSWER_SECONDS = 10.0
_LEAST_ERROR = 400


class NotRunning(CommandFailed):
    """No edge listens in the data directory."""


class NotAnswering(CommandFailed):
    """An edge is there, but it gives no answer, a wrong one, or stopped while it answered."""


class Asking:
    """A connection to the edge that runs with `folder` as its data directory.

    Without a `token` it is the console's, over the control socket, and may do everything. With one,
    "" before there is a session, it goes over the web socket (DATA/web.sock, or `web_socket`) and
    may do what the session may. address: of the browser, for the delays and the audit log.

    Every method raises NotRunning or NotAnswering, what edge.access.refusals has, and CommandFailed
    where this user may not ask. An answer that does not begin within `answer_seconds` is none.
    """

    def __init__(
        self,
        folder: Path,
        answer_seconds: float = ANSWER_SECONDS,
        *,
        token: str | None = None,
        address: str = "",
        web_socket: Path | None = None,
    ) -> None:
        self._folder = folder
        self._answer_seconds = answer_seconds
        by_web = web_socket or folder / WEB_SOCKET
        self._socket = folder / SOCKET if token is None else by_web
        self._headers = _headers(token, address)
        self._session: ClientSession

    async def __aenter__(self) -> Self:
        from aiohttp import ClientSession, ClientTimeout, UnixConnector

        self._session = ClientSession(
            connector=UnixConnector(str(self._socket)), timeout=ClientTimeout(total=None)
        )
        return self

    async def __aexit__(self, *_reason: object) -> None:
        await self._session.close()

    def for_session(self, token: str, address: str, *, attended: bool = True) -> Self:
        """The same connection for another session, while this one's context lasts.

        attended: as in edge.access.access.Access.caller.
        """
        other = type(self).__new__(type(self))
        headers = _headers(token, address) | ({} if attended else {UNATTENDED_HEADER: "1"})
        other.__dict__.update(self.__dict__, _headers=headers)
        return other

    async def _get(self, path: str, kind: type[T], query: Mapping[str, str] | None = None) -> T:
        return await self._one("GET", path, msgspec.json.Decoder(kind).decode, query=query)

    async def _send(self, method: str, path: str, kind: type[T], body: Struct | None = None) -> T:
        return await self._one(method, path, msgspec.json.Decoder(kind).decode, body)

    async def _do(self, method: str, path: str, body: Struct | None = None) -> None:
        await self._one(method, path, lambda _: None, body)

    async def _one(  # noqa: PLR0913 - a request
        self,
        method: str,
        path: str,
        read: Callable[[bytes], T],
        body: Struct | None = None,
        query: Mapping[str, str] | None = None,
        seconds: float = 0.0,
    ) -> T:
        data = None if body is None else msgspec.json.encode(body)
        with self._explained():
            async with (
                asyncio.timeout(seconds or self._answer_seconds),
                self._session.request(
                    method, f"{BASE}{path}", data=data, params=query, headers=self._headers
                ) as response,
            ):
                await _check(response)
                return read(await response.read())

    async def _lines(
        self, query: Mapping[str, str], path: str = "/events"
    ) -> AsyncGenerator[bytes, None]:
        rest = b""
        async for data in self._pieces(path, query):
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                yield line

    async def _pieces(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Struct | None = None,
        begins: float = 0.0,
    ) -> AsyncGenerator[bytes, None]:
        """An answer as it comes, which begins within so many seconds; with a body it is a POST."""
        data = None if body is None else msgspec.json.encode(body)
        method = "GET" if body is None else "POST"
        with self._explained():
            async with asyncio.timeout(begins or self._answer_seconds) as limit:
                async with self._session.request(
                    method, f"{BASE}{path}", data=data, params=query, headers=self._headers
                ) as response:
                    await _check(response)
                    limit.reschedule(None)
                    async for piece in response.content.iter_any():
                        yield piece

    async def _stream(
        self,
        method: str,
        path: str,
        body: AsyncIterable[bytes],
        headers: Mapping[str, str],
        read: Callable[[bytes], T],
    ) -> T:
        """Send a body piece by piece, however long that takes."""
        whole = {**self._headers, **headers}
        with self._explained():
            async with self._session.request(
                method, f"{BASE}{path}", data=body, headers=whole
            ) as response:
                await _check(response)
                return read(await response.read())

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


def _headers(token: str | None, address: str) -> dict[str, str]:
    found = {TOKEN_HEADER: token or "", ADDRESS_HEADER: address}
    return {name: text for name, text in found.items() if text}


async def _check(response: "ClientResponse") -> None:
    """Raises the refusal, or ClientResponseError where it is none."""
    if response.status < _LEAST_ERROR:
        return
    try:
        failure = msgspec.json.decode(await response.read(), type=Failure)
    except msgspec.MsgspecError:
        failure = None
    if failure is None:
        response.raise_for_status()
    else:
        raise again(failure)
