"""One life of a box that forwards to a call store: a real process, to be killed.

    python -m tests.edge.delivery.call_store.life KIND DATA URL CALLS SEED

It takes up where the life before was killed: appends what the journal in DATA lacks of the day, and
delivers. It ends by itself, with 0, when all is settled.
"""

import asyncio
import sys
from pathlib import Path

from edge.delivery.backoff import Pace
from edge.delivery.destination import Branch, Destination
from edge.delivery.destinations.opencrm.destination import OpenCrm
from edge.delivery.destinations.opencrm.settings import OpenCrmSettings
from edge.delivery.destinations.payamgostar.destination import PayamGostar
from edge.delivery.destinations.payamgostar.settings import PayamGostarSettings
from edge.delivery.destinations.payamgostar.stand_in import PayamGostarStandIn
from edge.delivery.forwarder import Forwarder
from edge.delivery.notebook import JournalNotebook
from edge.delivery.terms import Terms
from edge.journal.journal import Journal
from tests.edge.delivery.call_store.day import day
from tests.edge.delivery.call_store.office import NOW, TEHRAN, age


def _destination(kind: str, url: str, branch: Branch) -> Destination:
    if kind == "opencrm":
        return OpenCrm(OpenCrmSettings(url=url), branch)
    crm = PayamGostarStandIn()
    return PayamGostar(
        PayamGostarSettings(url=url, username=crm.user, password=crm.password), branch
    )


async def live(kind: str, data: Path, url: str, calls: int, seed: int) -> None:
    journal = await Journal.open(data / "journal.sqlite")
    notebook = JournalNotebook(journal, "crm")
    branch = Branch(
        journal.box, TEHRAN, notebook, age, lambda: NOW, lambda: journal.position("crm").cursor
    )
    terms = Terms(Pace(base=0.01, cap=0.05, refused=0.05), most_events=1)
    forwarder = Forwarder("crm", journal, _destination(kind, url, branch), terms)
    events = day(calls, seed)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(forwarder.run())
        for event in events[journal.last :]:
            await journal.append([event])
        while journal.pending("crm"):  # noqa: ASYNC110 - a position raises no event
            await asyncio.sleep(0.005)
        task.cancel()
    await journal.close()


if __name__ == "__main__":
    _, kind, data, url, calls, seed = sys.argv
    asyncio.run(live(kind, Path(data), url, int(calls), int(seed)))
