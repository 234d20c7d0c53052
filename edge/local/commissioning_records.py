"""The report of a commissioning: which line was tested, with which call, by whom and when."""

from datetime import datetime

from msgspec import Struct


class LineTested(Struct, frozen=True, kw_only=True):
    """One line of a device. call_id: the call that proved it. by: the user who said so."""

    device: str
    line: str
    call_id: str
    at: datetime
    by: str


class Commissioning(Struct, frozen=True, kw_only=True):
    """finished_at, finished_by: when and by whom the setup was said to be complete."""

    lines: tuple[LineTested, ...] = ()
    finished_at: datetime | None = None
    finished_by: str = ""


class Testing(Struct, frozen=True):
    """From now on calls that begin are marked as a test, for so many seconds at most."""

    seconds: float


class ProvedBy(Struct, frozen=True):
    """call_id: of a call that was seen as it should be."""

    call_id: str
