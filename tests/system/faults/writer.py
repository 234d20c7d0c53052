"""Three devices append to the real journal, and a destination takes from it, until all is done.

    python -m tests.system.faults.writer JOURNAL NOTES COUNT [options]

NOTES lies where the fault does not reach. What is acknowledged is noted there after `append` has
returned (`ack ID DEVICE NUMBER DIGEST SUBJECT`), what the destination took before the cursor moves
(`got …`). A device goes on where its memory says, with three events to a call; every 40th event is
parked. Exit code 0; 3 when the journal failed, 4 when it is unusable, with one line on standard
error.
"""

import argparse
import asyncio
import json
import os
import resource
import sys
from datetime import UTC, datetime
from pathlib import Path
from zlib import crc32

from edge.journal import connecting
from edge.journal.journal import (
    History,
    Journal,
    JournalFailed,
    JournalUnusable,
    Position,
    Sealed,
)

DEVICES = ("pbx1", "pbx2", "pbx3")
DESTINATION = "crm"
FAILED, UNUSABLE = 3, 4
REFUSED_EVERY = 40
LATER = datetime(2027, 3, 21, tzinfo=UTC)
"""Long after all that the devices say."""


def sealed(device: str, number: int) -> Sealed:
    """What a device says: of changing size, and different each time."""
    return Sealed(
        device=device,
        type="call.ended",
        subject=f"call/{device}-{number // 3}",
        time=datetime(2026, 3, 21, tzinfo=UTC),
        timequality="estimated",
        boot="5f1e0c6a",
        monotonic=number / 8,
        data=b'{"number": %d, "name": "%s"}' % (number, b"Payvand" * (number * 37 % 200)),
    )


def told(journal: str, sequence: int, event: Sealed) -> str:
    """`ID DEVICE NUMBER DIGEST SUBJECT` of an event."""
    what = f"{event.device} {number_of(event)} {crc32(event.data)} {event.subject or '-'}"
    return f"{journal}-{sequence} {what}"


def number_of(event: Sealed) -> int:
    """How manieth of its device it is."""
    number: int = json.loads(event.data)["number"]
    return number


class Notes:
    """Each line is one write, so that a kill leaves whole lines."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def add(self, *lines: str) -> None:
        os.write(self._file, "".join(f"{line}\n" for line in lines).encode())


async def _device(journal: Journal, notes: Notes, device: str, count: int) -> None:
    number = int(journal.memory(device) or b"0")
    for turn in range(count):
        events = [sealed(device, number + n) for n in range(1, turn % 3 + 2)]
        number += len(events)
        last = await journal.append(events, (device, b"%d" % number))
        first = last - len(events) + 1
        notes.add(
            *(f"ack {told(journal.origin(first + n), first + n, e)}" for n, e in enumerate(events))
        )


async def _destination(journal: Journal, notes: Notes) -> None:
    cursor = journal.position(DESTINATION).cursor
    while True:
        await journal.changed(cursor)
        for event in await journal.read(cursor, 25):
            notes.add(f"got {told(journal.origin(event.sequence), event.sequence, event)}")
            cursor = event.sequence
            if cursor % REFUSED_EVERY == 0:
                await journal.park(DESTINATION, [(cursor, "refused")], Position(cursor))
        journal.advance(DESTINATION, Position(cursor))


async def _serve(journal: Journal, notes: Notes, count: int) -> None:
    try:
        async with asyncio.TaskGroup() as group:
            taking = group.create_task(_destination(journal, notes))
            async with asyncio.TaskGroup() as devices:
                for device in DEVICES:
                    devices.create_task(_device(journal, notes, device, count))
            taking.cancel()
    except* JournalFailed as failures:
        raise _first(failures) from failures


def _first(group: BaseExceptionGroup[JournalFailed]) -> JournalFailed:
    found: BaseException = group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    assert isinstance(found, JournalFailed)
    return found


async def _run(given: argparse.Namespace) -> None:
    journal = await Journal.open(given.journal)
    try:
        if given.prune:
            journal.retain(History(days=1), [DESTINATION], lambda: LATER)
            await journal.watch()
        await _serve(journal, Notes(given.notes), given.count)
        if given.abrupt:
            os._exit(0)
    finally:
        await journal.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("journal", type=Path)
    parser.add_argument("notes", type=Path)
    parser.add_argument("count", type=int, help="appends of each device")
    parser.add_argument("--synchronous", type=int, help="another level than the journal's own")
    parser.add_argument("--largest", type=int, help="bytes: no file may grow beyond")
    parser.add_argument("--prune", action="store_true", help="only drop what was delivered")
    parser.add_argument("--abrupt", action="store_true", help="end without closing the journal")
    return parser.parse_args()


def main() -> int:
    given = _arguments()
    if given.synchronous is not None:
        connecting.FULL = given.synchronous
    if given.largest is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (given.largest, given.largest))
    try:
        asyncio.run(_run(given))
    except JournalFailed as error:
        sys.stderr.write(f"failed: {error}\n")
        return FAILED
    except JournalUnusable as error:
        sys.stderr.write(f"unusable: {error}\n")
        return UNUSABLE
    return 0


if __name__ == "__main__":
    sys.exit(main())
