"""A form as it was typed, and what is wrong with it.

All mistakes stand beside their fields at once; what was typed stays, but for secrets, which a page
never shows again. The edge judges; a field's name is the path that it names in a mistake.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiohttp import web
from multidict import MultiDict

from edge.access.refusals import Mistakes
from edge.local.settings_records import Field
from webui.digits import typed
from webui.language import Language

READ_SECONDS = 30.0
"""In which a form must be here whole."""
CHARSET = "utf-8"


@dataclass(slots=True)
class Form:
    """values: by field, as they stand in it. mistakes: by field; "" is the whole form."""

    values: Mapping[str, str] = field(default_factory=dict)
    mistakes: dict[str, list[str]] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        """What was typed, in one form: see webui.digits.typed."""
        return typed(self.values.get(name, ""))

    def exact(self, name: str) -> str:
        """What was typed, to the letter: for passwords."""
        return self.values.get(name, "")

    def wrong(self, name: str, text: str) -> None:
        self.mistakes.setdefault(name, []).append(text)

    def refused(self, refusal: Mistakes, language: Language, known: set[str] | None = None) -> None:
        """Take over what the edge says; what no field of this form is named by concerns it all."""
        for mistake in refusal.failure.mistakes:
            name = mistake.field if known is None or mistake.field in known else ""
            said = language.of(mistake.text)
            self.wrong(name, said if name or not mistake.field else f"{mistake.field}: {said}")

    def any_of(self, prefix: str, fields: Iterable[Field]) -> bool:
        """Whether one of these has a mistake, and so must be seen."""
        return any(prefix + field.name in self.mistakes for field in fields)

    @property
    def first(self) -> str | None:
        """The field to begin with: the first that is wrong, in the order of the form's fields."""
        order = list(self.values)
        wrong = [name for name in self.mistakes if name]
        return min(wrong, key=lambda n: order.index(n) if n in order else len(order), default=None)


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
