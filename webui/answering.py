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
from typing import NoReturn

from aiohttp import web

from webui.guard import headers

_LOG = logging.getLogger(__name__)


class Answering(web.RequestHandler):
    """One connection of a server."""

    def __init__(self, server: web.Server) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type] # as the runner passes it on: no log
            auto_decompress=False,  # no browser packs what it sends
        )

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


def _bare(status: HTTPStatus, *, secure: bool) -> bytes:
    lines = [f"HTTP/1.1 {status.value} {status.phrase}"]
    lines += [f"{name}: {text}" for name, text in headers(secure=secure).items()]
    lines += ["Content-Length: 0", "Connection: close", "", ""]
    return "\r\n".join(lines).encode()
