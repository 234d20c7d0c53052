"""What all pages share, and what one request is told of its visitor."""

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web
from jinja2 import Environment

from edge.local.client import Client
from webui.language import Code, Language, preferred
from webui.live import Streams
from webui.menu import MENU
from webui.page import Writer, html, written
from webui.static_files import StaticFiles

LANGUAGE_COOKIE = "__Host-payvand-language"


@dataclass(frozen=True, slots=True)
class House:
    """The parts of the process, for all requests. fingerprint: of its TLS key."""

    edge: Client
    languages: Mapping[Code, Language]
    templates: Environment
    files: StaticFiles
    streams: Streams
    fingerprint: str


HOUSE = web.AppKey("house", House)


class Visit:
    """One request: who asks, in which language, and the ways to answer."""

    def __init__(self, request: web.Request) -> None:
        self.request = request
        self.house = request.app[HOUSE]
        self.edge = self.house.edge
        code = preferred(
            request.cookies.get(LANGUAGE_COOKIE), request.headers.get("Accept-Language", "")
        )
        self.language = self.house.languages[code]
        self.writer = Writer(self.language)

    def piece(self, template: str, **context: object) -> str:
        """A part of a page, for a live stream or a partial answer."""
        return written(self.house.templates, self.house.files, self.writer, template, **context)

    def page(self, template: str, status: int = 200, **context: object) -> web.Response:
        """A whole page, with the menu."""
        return html(
            self.piece(template, here=self.request.path, menu=MENU, **context), status=status
        )
