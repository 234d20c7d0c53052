"""What goes into the journal, what comes out of it, and how it fails."""

from datetime import datetime
from typing import Literal

from msgspec import Struct


class Sealed(Struct, frozen=True, kw_only=True):
    """An event that `seal` made of a fact; the journal gives it its sequence.

    `time` is aware UTC and kept to the microsecond; `monotonic` is seconds within `boot`; `data` is
    the JSON of the event's data.
    """

    device: str
    type: str
    subject: str | None
    time: datetime
    timequality: Literal["synced", "corrected", "estimated"]
    boot: str
    monotonic: float
    data: bytes


class Stored(Sealed, frozen=True, kw_only=True):
    """An event on disk. Its id is `<journal>-<sequence>`."""

    sequence: int


class Parked(Struct, frozen=True):
    """An event that a destination refuses for good, with the destination's own reason."""

    sequence: int
    reason: str


class JournalUnusable(Exception):
    """The file cannot serve as a journal and was left as it is. `advice` says what to do."""

    def __init__(self, advice: str) -> None:
        super().__init__(advice)
        self.advice = advice


class JournalFailed(Exception):
    """Nothing more will be written: the disk lied, or the journal is closed. End the process."""
