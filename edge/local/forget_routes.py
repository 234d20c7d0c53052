"""Erasing a person: POST /forget {"number": "+98…"}, for administrators who give their password."""

import sqlite3
from collections.abc import Awaitable, Callable

from edge.access.access import Access
from edge.access.refusals import Mistake, Mistakes, Unable
from edge.forgetting.person import TooShort
from edge.local.forgotten import Forget, Forgotten
from edge.local.issue import Words
from edge.local.route import Ask, Route, taking


def routes(access: Access, forget: Callable[[str], Awaitable[Forgotten]]) -> list[Route]:
    """The one."""

    async def forgotten(ask: Ask, given: Forget) -> Forgotten:
        try:
            found = await forget(given.number)
        except TooShort as error:
            text = Words(str(error), "شماره را کامل بنویسید، مانند +989120001122.")
            raise Mistakes((Mistake("number", text),)) from error
        except (sqlite3.Error, OSError) as error:
            told = f"Not all is erased ({error}): do it once more."
            raise Unable(Words(told, "همه پاک نشد؛ دوباره انجام دهید.")) from error
        await access.note(ask.caller, "person.forgotten", found.shown)
        return found

    return [taking("POST", "/forget", "govern", Forget, forgotten, fresh=True)]
