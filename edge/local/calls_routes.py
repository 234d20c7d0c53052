"""Calls and their stories, the queue of each CRM, and the commands that came.

    look     GET /calls?text=…  GET /calls/{id}  GET /queue  GET /queue/{name}/parked
             GET /commands
    operate  POST /queue/{name}/parked/send  POST /queue/{name}/parked/drop

Without the right `numbers` those of people are masked, and names absent.
"""

from edge.access.access import Access
from edge.access.refusals import Unknown
from edge.calls.history import Calls
from edge.commands.shown import Commands
from edge.local.calls_records import (
    CallPage,
    CallQuery,
    CallStory,
    CommandShown,
    ParkedPage,
    ParkedQuery,
    QueueShown,
    Sent,
    Sequences,
)
from edge.local.issue import Words
from edge.local.route import Ask, Route, route, taking
from edge.service.queues import Queues

MOST_COMMANDS = 200


def routes(access: Access, calls: Calls, queues: Queues, commands: Commands) -> list[Route]:
    """All of them."""

    async def page(ask: Ask) -> CallPage:
        return await calls.page(ask.query(CallQuery), in_full=ask.caller.may("numbers"))

    async def story(ask: Ask) -> CallStory:
        found = await calls.story(ask.part("id"), in_full=ask.caller.may("numbers"))
        if found is None:
            raise Unknown(Words("It is none of the last calls.", "از آخرین تماس‌ها نیست."))
        return found

    async def given(ask: Ask) -> tuple[CommandShown, ...]:
        return await commands.last(MOST_COMMANDS, in_full=ask.caller.may("numbers"))

    return [
        route("GET", "/calls", "look", page),
        route("GET", "/calls/{id}", "look", story),
        route("GET", "/commands", "look", given),
        *_queue(access, queues),
    ]


def _queue(access: Access, queues: Queues) -> list[Route]:
    async def all_queues(_ask: Ask) -> tuple[QueueShown, ...]:
        return await queues.all()

    async def parked(ask: Ask) -> ParkedPage:
        query, in_full = ask.query(ParkedQuery), ask.caller.may("numbers")
        return await queues.parked(ask.part("name"), query, in_full=in_full)

    async def send(ask: Ask, given: Sequences) -> tuple[Sent, ...]:
        sent = await queues.send(ask.part("name"), given.sequences)
        await access.note(ask.caller, "parked.sent", ask.part("name"), _listed(given))
        return sent

    async def drop(ask: Ask, given: Sequences) -> None:
        await queues.drop(ask.part("name"), given.sequences)
        await access.note(ask.caller, "parked.dropped", ask.part("name"), _listed(given))

    return [
        route("GET", "/queue", "look", all_queues),
        route("GET", "/queue/{name}/parked", "look", parked),
        taking("POST", "/queue/{name}/parked/send", "operate", Sequences, send),
        taking("POST", "/queue/{name}/parked/drop", "operate", Sequences, drop),
    ]


def _listed(given: Sequences) -> tuple[str, ...]:
    """How many, from which to which."""
    if not given.sequences:
        return ()
    return (f"{len(given.sequences)}: {min(given.sequences)}..{max(given.sequences)}",)
