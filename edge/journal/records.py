"""What goes into the journal, what comes out of it, and how it fails."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

TimeQuality = Literal["synced", "corrected", "estimated"]


class Sealed(Struct, frozen=True, kw_only=True):
    """An event that `seal` made of a fact; the journal gives it its sequence.

    `time` is aware UTC and kept to the microsecond; `monotonic` is seconds within `boot`; `data` is
    the JSON of the event's data.
    """

    device: str
    type: str
    subject: str | None
    time: datetime
    timequality: TimeQuality
    boot: str
    monotonic: float
    data: bytes


class Stored(Sealed, frozen=True, kw_only=True):
    """An event on disk. Its id is `<journal>-<sequence>`: see `Journal.origin`.

    not_before, not_after: between which times it happened, where its own is only estimated and
    these are known (edge/journal/retime.py finds them when the event is read for somebody).
    """

    sequence: int
    not_before: datetime | None = None
    not_after: datetime | None = None


class TakenIn(Struct, frozen=True):
    """The events of one epoch, from `first` on, come from another box.

    shift: so much higher are their sequences here than in their ids. destination: for which they
    are; the others have them from that box, or never will.
    """

    first: int
    shift: int
    destination: str


class Parked(Struct, frozen=True):
    """An event that a destination refuses for good, with the destination's own reason."""

    sequence: int
    reason: str


class Position(Struct, frozen=True):
    """How far a destination is: all up to `cursor` is settled there, stored or parked.

    live: the one range ahead of the cursor that is settled too, as (first, last); None without one.
    It may still be empty: then `last` is one less than `first`. Between the cursor and `first` lies
    the backlog.
    """

    cursor: int = 0
    live: tuple[int, int] | None = None

    def pending(self, last: int) -> int:
        """How many sequences up to `last` are not settled."""
        settled = 0 if self.live is None else self.live[1] - self.live[0] + 1
        return last - self.cursor - settled


class History(Struct, frozen=True, kw_only=True):
    """How long events stay that every destination has settled.

    They go, oldest first, when they are older than `days`, or while the file holds more than
    `megabytes`. Undelivered and parked events never go.
    """

    days: Annotated[
        int,
        Meta(
            ge=1,
            le=3650,
            title="Days to keep delivered events",
            extra={"fa": "روزهای نگهداری رویدادهای تحویل‌شده"},
        ),
    ] = 90
    megabytes: Annotated[
        int,
        Meta(
            ge=10,
            le=1_000_000,
            title="Most megabytes of the journal",
            extra={"fa": "بیشترین حجم آن‌ها (مگابایت)"},
        ),
    ] = 1000


class Figures(Struct, frozen=True, kw_only=True):
    """Bytes of the journal's file: `used` hold something, `spare` are free for the next events."""

    used: int
    spare: int


class Recovery(Struct, frozen=True):
    """A damaged file was put aside, and what could be read of it was carried on.

    events: how many were read. lost: how many are known to be missing, at least. quarantined: the
    file's name now. damage: what was found, in SQLite's words.
    """

    events: int
    lost: int
    quarantined: str
    damage: str

    @property
    def advice(self) -> str:
        """One sentence for the technician."""
        return (
            f"The journal was damaged ({self.damage}): {self.events} events were recovered and at"
            f" least {self.lost} are lost; the damaged file is kept as {self.quarantined}, and the"
            " disk should be replaced."
        )


class JournalUnusable(Exception):
    """The file cannot serve as a journal and was left as it is. `advice` says what to do."""

    def __init__(self, advice: str) -> None:
        super().__init__(advice)
        self.advice = advice


class JournalFailed(Exception):
    """Nothing more will be written: the disk lied, or the journal is closed. End the process."""
