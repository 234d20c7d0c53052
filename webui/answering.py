"""A connection's requests, read and answered by aiohttp, but for what is no request.

    bytes ─▶ aiohttp's parser ─▶ request ─▶ the application
                    └─ malformed ─▶ 400 with our headers, no body, nothing in the log

aiohttp answers what it cannot parse past the application: with its version and Python's, the
parser's words and none of our headers, and logs a traceback. What is used of it here is public:
`handle_error`, by which its protocol makes such an answer, and the ConnectionError by which that
says itself that something was sent already. The bytes are written to the transport, since every
Response names the server that made it unless an application's signal takes that out.
"""

import asyncio
import logging
from http import HTTPStatus
from time import monotonic
from typing import NoReturn

from aiohttp import web
from aiohttp.typedefs import Handler

from webui.guard import headers
from webui.room import Guest

_LOG = logging.getLogger(__name__)
HEADER_SECONDS = 20.0
"""How long the header of a request may take, from the beginning of the connection or the end of the
last answer; aiohttp counts the rest between two requests and the time for a header as one."""


class Answering(web.RequestHandler):
    """One connection of a server. over: it has ended."""

    def __init__(self, server: web.Server, guest: Guest) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=HEADER_SECONDS,
            access_log=None,  # type: ignore[arg-type] # as the runner passes it on: no log
            auto_decompress=False,  # no browser packs what it sends
        )

        self.guest = guest
        self.over = asyncio.Event()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Told by asyncio, once."""
        super().connection_lost(exc)
        self.over.set()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - the parser's words
    ) -> NoReturn:
        """Answer what came to no page, or failed outside of them, and hang up."""
        transport = self.transport
        if transport is not None and not transport.is_closing():
            if "Expect" in request.headers:  # aiohttp judges it, and stumbles over what is no text
                status = HTTPStatus.BAD_REQUEST
            if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                _LOG.error("an answer failed outside of the pages", exc_info=exc)
            if not request.writer.output_size:
                secure = self.ssl_context is not None
                transport.write(_bare(HTTPStatus(status), secure=secure))
        self.force_close()
        raise ConnectionResetError


@web.middleware
async def attended(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The outermost: the connection waits for nothing now."""
    guest = _guest(request)
    guest.begin(monotonic())
    try:
        return await handler(request)
    finally:
        guest.end(monotonic())


def let_stay(request: web.Request) -> None:
    """Until this request is answered, its connection gives way to nobody: it has a session."""
    _guest(request).stays = True


def _guest(request: web.Request) -> Guest:
    protocol = request.protocol
    assert isinstance(protocol, Answering)  # noqa: S101 - see webui.accepting
    return protocol.guest


def _bare(status: HTTPStatus, *, secure: bool) -> bytes:
    lines = [f"HTTP/1.1 {status.value} {status.phrase}"]
    lines += [f"{name}: {text}" for name, text in headers(secure=secure).items()]
    lines += ["Content-Length: 0", "Connection: close", "", ""]
    return "\r\n".join(lines).encode()
