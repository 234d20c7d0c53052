"""What a destination does not have yet, as lines of a file: for a USB stick, when the line is dead.

    {"payvand": "export 1", "box": "5e1f00c0ffee", "journal": "1a2b3c4d", "destination": "crm",
     "made": "2026-11-28T08:00:00Z", "first": 901, "last": 1212}
    {"specversion": "1.0", "id": "1a2b3c4d-901", "source": "/boxes/5e1f00c0ffee/pbx1", …}
    …                                             one CloudEvent a line, in the order of the journal
    {"payvand": "end", "events": 312, "sha256": "9f86d081…"}

The file is these lines under gzip. `first` and `last` bound what was looked at: what is missing in
between was filtered, or is delivered. The digest is over the lines of the events, each with its
line feed. A file without the closing line, or with another digest, was cut short or altered, and
nothing of it may be taken in. `journal` is what the box writes now; an event of before a restore,
or of a box that this one replaced, has another one in its id, and that id is the one that counts.

Exporting delivers nothing: the events stay, and go out when the line is back. Ids make that
harmless.
"""

import gzip
import hashlib
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from edge.delivery.choosing import Choice
from edge.delivery.lanes import lanes
from edge.delivery.numbered import encoded
from edge.delivery.retimed import Times
from edge.delivery.wanted import Wanted
from edge.journal.journal import Journal, Sealed
from edge.journal.taking import Foreign

FORM = "export 1"
END = "end"
LONGEST_LINE = 1 << 20
_NOT_OURS = (OSError, EOFError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class Head(Struct, frozen=True):
    """The first line."""

    payvand: str
    box: str
    journal: str
    destination: str
    made: datetime
    first: int
    last: int


class End(Struct, frozen=True):
    """The last line."""

    payvand: str
    events: int
    sha256: str


class _Told(Struct, frozen=True):
    """An event, as its line has it."""

    id: Annotated[str, Meta(pattern=r"^[0-9a-f]{8}-[1-9][0-9]{0,17}$")]
    source: Annotated[str, Meta(pattern=r"^/boxes/[^/]+/[^/]+$")]
    type: str
    time: Annotated[datetime, Meta(tz=True)]
    timequality: Literal["synced", "corrected", "estimated"]
    data: Raw
    subject: str | None = None
    timenotbefore: datetime | None = None
    timenotafter: datetime | None = None


class NoExport(Exception):
    """The file is none, or not whole: the text says what is wrong with it, for a technician."""


@dataclass(frozen=True, slots=True)
class Undelivered:
    """What one destination still has to get, as of now. Raises JournalFailed."""

    journal: Journal
    times: Times
    destination: str
    wanted: Wanted

    async def lines(self) -> AsyncGenerator[bytes, None]:
        """All lines of the file, without their line ends."""
        position, last = self.journal.position(self.destination), self.journal.last
        stretches = [(lane.after, lane.through or last) for lane in reversed(lanes(position))]
        told = Head(
            payvand=FORM,
            box=self.journal.box,
            journal=self.journal.id,
            destination=self.destination,
            made=datetime.now(UTC).replace(microsecond=0),
            first=position.cursor + 1,
            last=last,
        )
        yield msgspec.json.encode(told)
        digest, events = hashlib.sha256(), 0
        for after, through in stretches:
            async for line in self._events(after, through):
                digest.update(line + b"\n")
                events += 1
                yield line
        yield msgspec.json.encode(End(END, events, digest.hexdigest()))

    async def _events(self, after: int, through: int) -> AsyncGenerator[bytes, None]:
        choice = Choice(self.destination, self.wanted, self.journal)
        while after < through and (found := await self.journal.read(after)):
            after = found[-1].sequence
            due = [event for event in found if event.sequence <= through]
            for event in await self.times.right(await choice.of(due)):
                yield encoded(self.journal, event)


def read_whole(path: Path) -> tuple[Head, End]:
    """Look through all of a file before anything of it is used. Raises NoExport."""
    digest, events = hashlib.sha256(), 0
    try:
        with gzip.open(path) as file:
            head = msgspec.json.decode(file.readline(LONGEST_LINE), type=Head)
            if head.payvand != FORM:
                raise NoExport(f"{path} is of another version: {head.payvand}")
            for line in _lines(file):
                if line.startswith(b'{"payvand":'):
                    end = msgspec.json.decode(line, type=End)
                    if (events, digest.hexdigest()) == (end.events, end.sha256):
                        return head, end
                    raise NoExport(f"{path} was altered or damaged: export again")
                digest.update(line)
                events += 1
    except _NOT_OURS as error:
        raise NoExport(f"{path} cannot be read as an export of payvand: {error}") from error
    raise NoExport(f"{path} was cut short: export again, and wait until the command says so")


def read_events(path: Path) -> Iterator[Foreign]:
    """Its events; `read_whole` comes first. Raises NoExport for what is no event of a box."""
    with gzip.open(path) as file:
        file.readline(LONGEST_LINE)
        for line in _lines(file):
            if not line.startswith(b'{"payvand":'):
                yield _foreign(line, path)


def _foreign(line: bytes, path: Path) -> Foreign:
    try:
        told = msgspec.json.decode(line, type=_Told)
    except _NOT_OURS as error:
        raise NoExport(f"{path} holds what is no event of a box: {error}") from error
    journal, _, sequence = told.id.partition("-")
    device = told.source.rpartition("/")[2]
    # Nobody knows the boots of that box; events whose time has the same bounds are of one.
    boot = f"{journal} {told.timenotbefore} {told.timenotafter}"
    event = Sealed(
        device=device,
        type=told.type,
        subject=told.subject,
        time=told.time,
        timequality=told.timequality,
        boot=boot,
        monotonic=0.0,
        data=bytes(told.data),
    )
    return Foreign(journal, int(sequence), event)


def _lines(file: gzip.GzipFile) -> Iterator[bytes]:
    while line := file.readline(LONGEST_LINE):
        yield line
