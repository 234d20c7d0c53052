"""A form as it was typed, and what is wrong with it.

All mistakes stand beside their fields at once; what was typed stays, but for secrets, which a page
never shows again. The edge judges; a field's name is the path that it names in a mistake.
"""

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiohttp import web
from multidict import MultiDict

from edge.access.refusals import Mistakes
from edge.local.persian import persian
from edge.local.settings_records import Field
from webui.digits import typed, written
from webui.language import Language

_ENTRY = re.compile(r"\[(\d+)\]|\.(.+)", re.DOTALL)
"""What stands behind the field's own name in a mistake: of a list, or of a table."""
READ_SECONDS = 30.0
"""In which a form must be here whole."""
CHARSET = "utf-8"


@dataclass(slots=True)
class Form:
    """values: by field, as they stand in it. mistakes: by field; "" is the whole form.

    unread: by field, the row of a table that is none; the edge then gets the text and refuses it.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    mistakes: dict[str, list[str]] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        """What was typed, in one form: see webui.digits.typed."""
        return typed(self.values.get(name, ""))

    def written(self, name: str) -> str:
        """What was typed as a name for people, whose digits and letters stay as they are."""
        return written(self.values.get(name, ""))

    def exact(self, name: str) -> str:
        """What was typed, to the letter: for passwords."""
        return self.values.get(name, "")

    def wrong(self, name: str, text: str) -> None:
        self.mistakes.setdefault(name, []).append(text)

    def is_gone(self, name: str) -> bool:
        """Whether something was typed here that must be typed again: a secret, once more asked."""
        return bool(self.mistakes and self.values.get(name))

    def refused(self, refusal: Mistakes, language: Language, known: Iterable[str] = ()) -> None:
        """Take over what the edge says; what no field of this form is named by concerns it all.

        known: fields that the edge may name beside those that were sent.
        """
        names = {*self.values, *known}
        for mistake in refusal.failure.mistakes:
            name = _field_of(mistake.field, names)
            if name in self.unread:
                self.wrong(name, language("form.row", row=self.unread[name]))
            else:
                said = language.of(mistake.text)
                self.wrong(name, _said(mistake.field[len(name) :], said, language))

    def any_of(self, prefix: str, fields: Iterable[Field]) -> bool:
        """Whether one of these has a mistake, and so must be seen."""
        return any(prefix + field.name in self.mistakes for field in fields)

    @property
    def first(self) -> str | None:
        """The field to begin with: the first that is wrong, in the order of the form's fields."""
        order = list(self.values)
        wrong = [name for name in self.mistakes if name]
        return min(wrong, key=lambda n: order.index(n) if n in order else len(order), default=None)


def _field_of(path: str, names: Iterable[str]) -> str:
    """The longest of the names with which a path begins: `link.hold` of `link.hold[0]`."""
    fits = (
        name for name in names if name and path.startswith(name) and path[len(name) :][:1] in "[."
    )
    return max(fits, key=len, default="")


def _said(rest: str, text: str, language: Language) -> str:
    """The mistake, with the entry of a list or table that it is about."""
    entry = _ENTRY.match(rest)
    if entry and entry[1]:
        number = str(int(entry[1]) + 1)
        shown = persian(number) if language.code == "fa" else number
        return language("form.entry", number=shown, said=text)
    return f"{entry[2] if entry else rest}: {text}" if rest else text


async def read(request: web.Request) -> Form:
    """The fields that were sent; of several with one name the last. Raises as `texts` does."""
    return Form(dict((await texts(request)).items()))


async def texts(request: web.Request) -> MultiDict[str]:
    """The fields that were sent; a file is none.

    Raises HTTPBadRequest for what is no form, and HTTPRequestTimeout.
    """
    if (request.charset or CHARSET).lower() != CHARSET or "Content-Encoding" in request.headers:
        raise web.HTTPBadRequest
    with readable():
        try:
            async with asyncio.timeout(READ_SECONDS):
                sent = await request.post()
        except TimeoutError:
            raise web.HTTPRequestTimeout from None
    return MultiDict((name, text) for name, text in sent.items() if isinstance(text, str))


@contextmanager
def readable() -> Iterator[None]:
    """Whatever the parser says of the bytes that came is the visitor's: HTTPBadRequest.

    It raises a dozen errors of many kinds, documented nowhere.
    """
    try:
        yield
    except (web.HTTPException, OSError):
        raise
    except Exception as error:
        raise web.HTTPBadRequest from error
