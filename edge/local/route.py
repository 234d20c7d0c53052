"""One route of the edge's API: what it is asked by, the right that it takes, and what it does.

    route    GET /users      right `govern`    work(ask)        ─▶ Struct ─▶ JSON
    taking   POST /users     right `govern`    work(ask, body)  ◀─ JSON checked against the type

doors.py checks the right before the work begins; nothing else does.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import msgspec

from edge.access.caller import Caller
from edge.access.refusals import Mistake, Mistakes
from edge.access.roles import Right
from edge.local.issue import Words

if TYPE_CHECKING:
    from aiohttp import web

T = TypeVar("T")
MOST_BODY = 1 << 20

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. caller: who asks, with the right of the route."""

    caller: Caller
    request: "web.Request"

    def part(self, name: str) -> str:
        """A part of the path."""
        return self.request.match_info[name]

    def query(self, kind: type[T]) -> T:
        """The query as a Struct, all of its texts converted. Raises Mistakes."""
        given = dict(self.request.query)
        try:
            return msgspec.convert(given, kind, strict=False)
        except msgspec.ValidationError as error:
            raise _unreadable(error) from error


Work = Callable[[Ask], Awaitable[object]]
Answer = Callable[[Ask], "Awaitable[web.StreamResponse]"]


@dataclass(frozen=True, slots=True)
class Route:
    """fresh: only where the password was given lately.

    check: tells who did not give it lately of all other mistakes; it changes nothing.
    """

    method: str
    path: str
    right: Right
    answer: Answer
    fresh: bool = False
    check: Callable[[Ask], Awaitable[object]] | None = None


def route(method: str, path: str, right: Right, work: Work, *, fresh: bool = False) -> Route:
    """One that takes no body; what the work returns is the answer, None an empty one."""

    async def answer(ask: Ask) -> "web.StreamResponse":
        return answered(await work(ask))

    return Route(method, path, right, answer, fresh)


def taking(  # noqa: PLR0913 - what one route is made of
    method: str,
    path: str,
    right: Right,
    kind: type[T],
    work: Callable[[Ask, T], Awaitable[object]],
    *,
    fresh: bool = False,
    check: Callable[[Ask, T], Awaitable[object]] | None = None,
) -> Route:
    """One with a body of that type."""
    decoder = msgspec.json.Decoder(kind)

    async def given(ask: Ask) -> T:
        body = await ask.request.read()
        try:
            return decoder.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise _unreadable(error) from error

    async def answer(ask: Ask) -> "web.StreamResponse":
        return answered(await work(ask, await given(ask)))

    async def checked(ask: Ask) -> None:
        if check:
            await check(ask, await given(ask))

    return Route(method, path, right, answer, fresh, checked)


def answered(found: object) -> "web.StreamResponse":
    """JSON of it; what is an answer already stays."""
    from aiohttp import web

    if isinstance(found, web.StreamResponse):
        return found
    if found is None:
        return web.Response(status=204)
    return web.Response(body=_encode(found), content_type="application/json")


def _unreadable(error: Exception) -> Mistakes:
    """In the decoder's words, which repeat no value."""
    text = Words(f"cannot be read: {error}", "خوانده نمی‌شود.")
    return Mistakes((Mistake("", text),))
