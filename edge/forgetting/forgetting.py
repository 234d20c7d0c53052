"""Forgets one person, on a box that runs or in a data directory without one.

    devices whose memory has the number: paused ─▶ journal erased ─▶ devices anew, without it
    ─▶ what was on the wire: let go ─▶ all other files ─▶ what could not be reached

Events that are still to be delivered are erased too, at once: they go out without number and name.
To erase them later somebody would have to keep the number until then, for a CRM that may never come
back.
"""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

from drivers.commands import Command, Outcome, Report
from edge.forgetting.files import erase_files
from edge.forgetting.person import Person, TooShort
from edge.journal.journal import Journal
from edge.local.forgotten import Forgotten

_LOG = logging.getLogger(__name__)
_ALWAYS = (
    "the CRMs that have it",
    "other calls that showed the name and no number",
    "backups, exports and captures that were taken away",
    "what the telephone exchange itself stores, and may print again",
)


class Serving(Protocol):
    """The devices of a box that runs."""

    def remembering(self, is_in: Callable[[bytes], bool]) -> Sequence[str]:
        """The keys of those whose memory has it."""

    def paused(self, keys: Sequence[str]) -> AbstractAsyncContextManager[None]:
        """These do nothing in the context, and start anew from their memory after it."""

    def let_go(self, is_in: Callable[[bytes], bool]) -> int:
        """Forget what was on the wire of those that have it there; of how many."""


class NoDevices:
    """Of a box that does not run."""

    def remembering(self, is_in: Callable[[bytes], bool]) -> Sequence[str]:  # noqa: ARG002
        """See Serving."""
        return ()

    @asynccontextmanager
    async def paused(self, keys: Sequence[str]) -> AsyncIterator[None]:  # noqa: ARG002
        """See Serving."""
        yield

    def let_go(self, is_in: Callable[[bytes], bool]) -> int:  # noqa: ARG002
        """See Serving."""
        return 0


class Forgetting:
    """One at a time. Where it failed half-way, doing it again does the rest.

    told: called when it is done, for those who keep calls in memory.
    """

    def __init__(self, folder: Path, journal: Journal, devices: Serving) -> None:
        self.told: Callable[[], None] = lambda: None
        self._folder = folder
        self._journal = journal
        self._devices = devices
        self._turn = asyncio.Lock()

    async def forget(self, number: str) -> Forgotten:
        """Raises TooShort, sqlite3.Error, OSError and JournalFailed."""
        person = await asyncio.to_thread(Person.of, number)
        async with self._turn:
            keys = self._devices.remembering(person.is_in)
            async with self._devices.paused(keys):
                erased = await self._journal.erase(person)
            taps = self._devices.let_go(person.is_in)
            self.told()
            files, unreached = await asyncio.to_thread(erase_files, self._folder, person)
        if not erased.whole:
            unreached.append(f"the free space of the journal: {erased.why}")
        _LOG.info("a number is forgotten: %d events, %d files", erased.events, files)
        return Forgotten(
            shown=person.shown,
            events=erased.events,
            notes=erased.notes,
            devices=tuple(keys),
            taps=taps,
            files=files,
            unreached=(*unreached, *_ALWAYS),
        )

    async def execute(self, command: Command, report: Report) -> Outcome:  # noqa: ARG002
        """The command of a CRM, see drivers.contract.Executes. Raises JournalFailed."""
        try:
            return Outcome("done", (await self.forget(command.args.number)).words)
        except TooShort as error:
            return Outcome("failed", str(error))
        except (sqlite3.Error, OSError) as error:
            return Outcome("failed", f"not all is erased ({error}): order it again")
