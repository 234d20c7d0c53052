"""What all pages share, and what one request is told of its visitor.

__Host-payvand            the session's token; the edge knows what it may
__Host-payvand-language   fa or en
"""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo

from aiohttp import web
from jinja2 import Environment

from edge.access.records import Whoami
from edge.access.roles import Right, may
from edge.local.client import Client
from webui.language import Code, Language, preferred
from webui.live import Message, Streams
from webui.menu import MENU, Entry
from webui.page import TEHRAN, Writer, html, written
from webui.static_files import StaticFiles
from webui.zone import Zone

LANGUAGE_COOKIE = "__Host-payvand-language"
SESSION_COOKIE = "__Host-payvand"
_TOKEN = re.compile("[A-Za-z0-9_-]{1,128}")


@dataclass(frozen=True, slots=True)
class House:
    """The parts of the process, for all requests. fingerprint: of its TLS key."""

    edge: Client
    languages: Mapping[Code, Language]
    templates: Environment
    files: StaticFiles
    streams: Streams
    fingerprint: str
    zone: Zone


HOUSE = web.AppKey("house", House)
WHO = web.RequestKey("who", Whoami)
ZONE = web.RequestKey("zone", tzinfo)


def token(request: web.Request, cookie: str) -> str:
    """The token in that cookie; empty where there is none, or what the edge never gave."""
    found = request.cookies.get(cookie, "")
    return found if _TOKEN.fullmatch(found) else ""


class Visit:
    """One request: who asks, in which language, and the ways to answer.

    who: None where no session is needed. edge: asks with the visitor's own rights.
    """

    def __init__(self, request: web.Request) -> None:
        self.request = request
        self.house = request.app[HOUSE]
        self.token = token(request, SESSION_COOKIE)
        # What a page asks by itself keeps nobody logged in who has gone home.
        attended = "text/event-stream" not in request.headers.get("Accept", "")
        self.edge = self.house.edge.for_session(self.token, request.remote or "", attended=attended)
        code = preferred(
            request.cookies.get(LANGUAGE_COOKIE), request.headers.get("Accept-Language", "")
        )
        self.language = self.house.languages[code]
        self.writer = Writer(self.language, request.get(ZONE, TEHRAN))
        self.who = request.get(WHO)

    def may(self, right: Right) -> bool:
        """Whether the visitor's role has the right; the edge decides, this only shows."""
        return self.who is not None and may(self.who.role, right)

    def menu(self) -> list[Entry]:
        return [entry for entry in MENU if self.may(entry.right)]

    def piece(self, template: str, **context: object) -> str:
        """A part of a page, for a live stream or a partial answer."""
        return written(
            self.house.templates, self.house.files, self.writer, template, v=self, **context
        )

    def page(self, template: str, status: int = 200, **context: object) -> web.Response:
        """A whole page, with the menu."""
        return html(self.piece(template, here=self.request.path, **context), status=status)

    async def serve(self, messages: AsyncIterator[Message]) -> web.StreamResponse:
        """A live part of a page."""
        return await self.house.streams.serve(self.request, self.token, messages)
