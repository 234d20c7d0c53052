"""How a request ends: with JSON, with a refusal and what to do about it, or by hanging up."""

import sqlite3
from collections.abc import Mapping
from typing import TypeVar

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler
from msgspec import Struct

from edge.crm.keys import Signed

T = TypeVar("T")
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class Problem(Struct, frozen=True, omit_defaults=True):
    """Body of a refusal: a code for programs, advice for people; the time with `clock-skew`."""

    code: str
    advice: str
    time: Signed | None = None


class Refused(Exception):
    """An answer that is no success, raised where it is found and sent by `tell`."""

    def __init__(
        self, status: int, code: str, advice: str, time: Signed | None = None, **headers: str
    ) -> None:
        super().__init__(advice)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answer = answer(Problem(code, advice, time), status, named)


class BadRequest(Refused):
    def __init__(self, advice: object) -> None:
        super().__init__(400, "bad-request", str(advice))


class TooLarge(Refused):
    def __init__(self, advice: str) -> None:
        super().__init__(413, "too-large", advice)


class NotStored(Refused):
    def __init__(self, error: Exception) -> None:
        super().__init__(503, "not-stored", f"the CRM cannot write: {error}", Retry_After="10")


def answer(
    body: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A record, or JSON that is bytes already."""
    text = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return web.Response(body=text, status=status, headers=headers, content_type="application/json")


def hang_up(request: web.Request) -> web.Response:
    """Reset the connection. The response returned is only there for aiohttp: nobody gets it."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def read(request: web.Request, kind: type[T]) -> T:
    """The body as a record. Raises BadRequest."""
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except UNREADABLE as error:
        raise BadRequest(error) from error


@web.middleware
async def tell(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Put into words what went wrong."""
    try:
        return await handler(request)
    except Refused as refused:
        return refused.answer
    except web.HTTPRequestEntityTooLarge:
        return TooLarge("the body is too long: send 1 MiB at most").answer
    except sqlite3.Error as error:
        return NotStored(error).answer
    except TimeoutError:
        return hang_up(request)
