"""Appends events to PATH one by one, each with the device's memory, and prints what is on disk.

    python appending.py PATH COUNT

One acknowledged sequence a line; at the end "watched" with what ended it, if the journal failed.
"""

import asyncio
import sys
from pathlib import Path

from msgspec.structs import replace

from edge.journal.journal import Journal, JournalFailed, Sealed
from tests.edge.plain_event import PLAIN


def _event(number: int) -> Sealed:
    return replace(PLAIN, data=b"%d" % number)


async def _run(path: Path, count: int) -> None:
    journal = await Journal.open(path)
    try:
        for _ in range(count):
            number = journal.last + 1
            twins = [_event(number), _event(number + 1)]
            _tell(await journal.append(twins, ("pbx1", b"%d" % (number + 1))))
    except JournalFailed:
        try:
            await journal.append([_event(0)])
        except JournalFailed:
            async with asyncio.timeout(60):
                await _watched(journal)
    await journal.close()


async def _watched(journal: Journal) -> None:
    try:
        await journal.watch()
    except JournalFailed as error:
        _tell(f"watched {error}")


def _tell(what: object) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


asyncio.run(_run(Path(sys.argv[1]), int(sys.argv[2])))
