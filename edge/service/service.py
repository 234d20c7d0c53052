"""The edge process: opens what is in the data directory, and serves until it is told to stop.

site.toml ─▶ lock ─▶ journal ─▶ parts.py
"""

import asyncio
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from edge import box_alarm
from edge.errors import CommandFailed
from edge.intake.heritage import hand_down
from edge.journal.disk import give_way
from edge.journal.journal import Journal, JournalFailed, JournalUnusable
from edge.local.lock import DATABASE, hold
from edge.service.parts import Edge
from edge.site.file import load
from edge.site.site import FILE
from edge.upkeep.renewal import finish, is_unfinished

__all__ = ["DATABASE", "run"]


async def run(data: Path, web_socket: Path | None = None) -> None:
    """Serve until SIGTERM or SIGINT. web_socket: where the web process asks, by default in `data`.

    Raises SiteProblems for bad settings, CommandFailed when the journal cannot be used or fails.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if not is_unfinished(data):
        load(data / FILE)  # a mistake there is told before anything of the directory is touched
    with hold(data) as lock:
        while True:
            await asyncio.to_thread(finish, data)
            site = load(data / FILE)
            async with _journal(data / DATABASE) as journal:
                await hand_down(journal, site.device)
                edge = Edge(site, journal, lock, web_socket)
                await edge.serve(stop)
            if edge.renewal is None:
                return
            await asyncio.to_thread(edge.renewal)
            if stop.is_set():
                return


@asynccontextmanager
async def _journal(path: Path) -> AsyncGenerator[Journal, None]:
    with suppress(OSError):  # whatever it is, opening the journal tells it better
        await asyncio.to_thread(give_way, path.parent)
    try:
        journal = await Journal.open(path, box_alarm.recovered)
    except JournalUnusable as error:
        raise CommandFailed(error.advice) from error
    try:
        yield journal
    except ExceptionGroup as group:
        raise _first_known(group) from group
    finally:
        await journal.close()


def _first_known(group: ExceptionGroup) -> Exception:
    """What ended the parts, as one line for the person who started them."""
    if failed := _leaf(group, CommandFailed):
        return failed
    if failed := _leaf(group, JournalFailed):
        return CommandFailed(f"{failed} What was stored is safe: check the disk, then start again.")
    return group


def _leaf(group: BaseExceptionGroup, kind: type[Exception]) -> Exception | None:
    """The first exception of a kind, however deep in the group."""
    found: BaseException | None = group.subgroup(kind)
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found if isinstance(found, kind) else None
