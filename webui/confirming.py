"""What takes the user's password once more: given along in the form, judged with the rest of it.

    form ─▶ password, if one was typed ─▶ the work ─▶ done, or every mistake of the form at once

The edge tells who gave his password too long ago of all other mistakes, and then refuses.
"""

from collections.abc import Awaitable, Callable

from aiohttp import web

from edge.access.refusals import (
    ConfirmFirst,
    Conflict,
    Mistakes,
    TooOften,
    Unable,
    WrongLogin,
)
from webui.form import Form
from webui.visit import Visit

FIELD = "confirm"


async def confirmed(
    visit: Visit, form: Form, work: Callable[[], Awaitable[web.StreamResponse]], *known: str
) -> web.StreamResponse | None:
    """The answer of the work; None where the form has mistakes now.

    known: fields that the edge may name beside those that were sent.
    """
    stale = visit.who is None or visit.who.confirm_seconds <= 0
    if typed := form.exact(FIELD):
        try:
            await visit.edge.confirm(typed)
            visit.who, stale = await visit.edge.whoami(), False
        except (WrongLogin, TooOften) as refusal:
            form.wrong(FIELD, visit.language.of(refusal.failure.text))
            if not stale:  # the edge would do it
                return None
    try:
        return await work()
    except Mistakes as refusal:
        form.refused(refusal, visit.language, known)
    except (Conflict, Unable) as refusal:
        form.wrong("", visit.language.of(refusal.failure.text))
    except ConfirmFirst:
        stale = True
    if stale and FIELD not in form.mistakes:
        form.wrong(FIELD, visit.language.of(ConfirmFirst().failure.text))
    return None
