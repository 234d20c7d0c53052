"""Keeps the journal writable on a disk that fills up, and says in time that it does.

    80 %, 95 % used: alarms │ short of room: ballast ─▶ captures ─▶ metrics ─▶ copies of before an
                 update ─▶ delivered history ─▶ damaged files that were set aside
                                        undelivered events never: at the end the box waits

On a full disk SQLite can do nothing any more, not even delete: the log that takes a DELETE and the
checkpoint that empties the log may both have to grow. So a file beside the journal, the ballast,
keeps some room; it goes first, and everything else happens in the room it leaves. First of all the
log is written back: it may hold a log's size of pages that are new to the file. A damaged file
goes last: it may hold events that recovery could not read, and somebody else can.

Dropping history makes no file smaller. It frees pages in the journal, and there the next events go,
whoever filled the disk: the log has its size from the start, and a checkpoint that writes over old
pages asks for no new ones. With nothing left but undelivered events the writer waits and tries each
second, nobody takes what the device sends, and a link with `hold` lowers its lines.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import NoReturn

import msgspec

from edge.durable_file import sync_folder
from edge.journal.history import Retention
from edge.journal.journal import Journal
from edge.journal.records import Figures, Sealed
from edge.journal.room import (
    MARKS,
    SAMPLE_SECONDS,
    SMALL,
    Growth,
    Notice,
    Room,
    ballast_size,
    decide,
    marks_over,
)
from edge.local.status import DiskStatus

BALLAST = "ballast"
LOOK_SECONDS = 2.0

_MEMORY = "box/disk"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sacrifice:
    """What may go. `drop` blocks, and tells how many bytes it freed.

    late: only when there is no delivered history any more.
    """

    name: str
    drop: Callable[[], int]
    late: bool = False


def look(folder: Path, *, full: bool = False) -> Room:
    """The disk of a folder. Raises OSError."""
    found = os.statvfs(folder)
    free = found.f_bavail * found.f_frsize
    used = (found.f_blocks - found.f_bfree) * found.f_frsize
    ballast = folder / BALLAST
    held = ballast.stat().st_blocks * 512 if ballast.exists() else 0
    return Room(used + free, free, held, full)


def give_way(folder: Path) -> None:
    """Before the journal is opened: on a full disk not even that works. Raises OSError."""
    room = look(folder)
    if decide(room) == "release":
        release(folder, room)


def release(folder: Path, room: Room) -> None:
    """Remove the ballast. Raises OSError."""
    (folder / BALLAST).unlink()
    sync_folder(folder)
    sizes = (room.free >> 10, room.ballast >> 10)
    _log.warning("The disk is full (%d KiB free): the ballast of %d KiB is given up", *sizes)


def make(folder: Path, size: int) -> None:
    """Make the ballast. Raises OSError, and then there is none."""
    path = folder / BALLAST
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, size)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        sync_folder(folder)
    except OSError:
        path.unlink(missing_ok=True)
        raise


class Disk:
    """Watches the disk of one journal; everything belongs to the loop's thread.

    retention: what may go of delivered history on any disk. event: makes an event of a notice.
    sacrifices: what goes beside history, in this order.
    """

    def __init__(
        self,
        journal: Journal,
        folder: Path,
        retention: Retention,
        event: Callable[[Notice], Sealed],
        sacrifices: Sequence[Sacrifice] = (),
    ) -> None:
        self._room: Room | None = None
        self._raised: frozenset[int] = frozenset()
        if kept := journal.memory(_MEMORY):
            self._raised = frozenset(msgspec.msgpack.decode(kept, type=list[int]))
        self._told = self._raised
        self._news = asyncio.Event()
        self._journal = journal
        self._folder = folder
        self._retention = retention
        self._event = event
        self._sacrifices = sacrifices
        self._growth = Growth()
        self._spare = 0
        self._next_sample = 0.0
        self._oldest: int | None = None
        self._logged: set[str] = set()

    @property
    def status(self) -> DiskStatus | None:
        """How the disk was at the last look; None before the first."""
        if (room := self._room) is None:
            return None
        days = self._days_left(room)
        notice = Notice(max(self._raised, default=0), bool(self._raised), room.percent, days)
        return DiskStatus(
            percent=room.percent,
            free=room.free,
            days_left=days,
            ballast=bool(room.ballast),
            mark=notice.mark,
            small=SMALL in self._raised,
            advice=notice.advice if notice.raised else "",
        )

    def _days_left(self, room: Room) -> float | None:
        return self._growth.days_left(room.free + room.ballast + self._spare)

    def retain(self, retention: Retention) -> None:
        """From now on this is what may go of delivered history."""
        self._retention = retention
        self._oldest = None
        self._keep(retention.history.megabytes)

    async def watch(self) -> None:
        """Look, act and tell until cancelled. Raises JournalFailed, in a group."""
        self._keep(self._retention.history.megabytes)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tell())  # it may wait for room, the looking must not
            while True:
                try:
                    again = await self._look()
                except OSError as error:
                    again = False
                    self._log_once("error", "The disk of %s fails: %s", self._folder, error)
                if not again:
                    await asyncio.sleep(LOOK_SECONDS)

    async def _look(self) -> bool:
        """Look once and do what it asks for; whether to look again at once."""
        self._room = room = await asyncio.to_thread(look, self._folder, full=self._journal.full)
        if monotonic() >= self._next_sample:
            self._next_sample = monotonic() + SAMPLE_SECONDS
            self._growth.note(monotonic(), (await self._measure()).used)
        raised = marks_over(self._raised, room)
        if raised != self._raised:
            self._raised = raised
            self._news.set()
        action = decide(room)
        if action == "release":
            await asyncio.to_thread(release, self._folder, room)
            self._journal.settle()
        elif action == "make":
            await asyncio.to_thread(make, self._folder, ballast_size(room.total))
            await self._recovered()
        elif action == "sacrifice":
            return await self._sacrifice(room)
        return action is not None

    async def _sacrifice(self, room: Room) -> bool:
        """Give up one thing; whether there may be room by it at once."""
        if await self._gives(late=False):
            return True
        await self._note_cut()
        figures = await self._measure()
        lack = ballast_size(room.total) - figures.spare
        if lack > 0:
            if self._oldest is None:
                self._oldest = await self._first()
            self._keep(max(0, figures.used - lack) >> 20)
            if not await self._journal.may_drop(self._retention.destinations):
                return await self._gives(late=True)
        return False

    async def _gives(self, *, late: bool) -> bool:
        for each in self._sacrifices:
            if each.late is late and (freed := await asyncio.to_thread(each.drop)):
                self._log_once(each.name, "The disk is full: %s went (%d bytes)", each.name, freed)
                return True
        return False

    async def _measure(self) -> Figures:
        figures = await self._journal.figures()
        self._spare = figures.spare
        return figures

    async def _note_cut(self) -> None:
        if self._oldest is not None and await self._first() > self._oldest:
            self._log_once("history", "The disk is full: delivered events go, the oldest first")

    async def _first(self) -> int:
        events = await self._journal.read(0, 1)
        return events[0].sequence if events else self._journal.last + 1

    async def _recovered(self) -> None:
        await self._note_cut()
        _log.info("There is room on the disk: the ballast is in its place")
        self._logged.clear()
        if self._oldest is not None:
            self._oldest = None
            self._keep(self._retention.history.megabytes)

    def _keep(self, megabytes: int) -> None:
        kept = self._retention
        history = msgspec.structs.replace(kept.history, megabytes=megabytes)
        self._journal.retain(history, kept.destinations, kept.clock)

    async def _tell(self) -> NoReturn:
        """An event for each alarm and its end, once each over all restarts."""
        while True:
            self._news.clear()
            for mark in (SMALL, *(up for up, _ in MARKS)):
                room = self._room
                if room is None or (mark in self._raised) == (mark in self._told):
                    continue
                told = self._told ^ {mark}
                notice = Notice(mark, mark in told, room.percent, self._days_left(room))
                _log.warning("%s", notice.advice)
                memory = (_MEMORY, msgspec.msgpack.encode(sorted(told)))
                await self._journal.append([self._event(notice)], memory)
                self._told = told
            await self._news.wait()

    def _log_once(self, key: str, text: str, *given: object) -> None:
        if key not in self._logged:
            self._logged.add(key)
            _log.warning(text, *given)
