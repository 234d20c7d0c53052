"""How the edge and everything that it serves is doing, as one record.

Made by the service, sent over the control socket, shown by `payvand status` and the web page.
Times are aware UTC; null where it has not happened yet.
"""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from edge.local.issue import Issue, Words

DeviceWord = Literal["starting", "online", "quiet", "offline", "alarm"]
ClockSource = Literal["kernel", "crm"]
DestinationWord = Literal["starting", "delivering", "retrying", "stopped"]


class Alarm(Struct, frozen=True):
    """Something a technician must look at, with what to do in one sentence."""

    code: str
    advice: str
    since: datetime


class DeviceStatus(Struct, frozen=True, kw_only=True):
    """One device. The numbers count from the start of the process.

    title: what its driver calls itself, null where nobody told. `link` is the port's name as a
    technician calls it. `unrecognized` counts lines or frames that
    no rule read. rung: calls that were seen ringing. unrung: live incoming calls that ended since
    the last of those, and were not. clock_skew: seconds by which the device's own clock is ahead
    of ours, null where nothing tells.
    """

    key: str
    driver: str
    link: str
    state: DeviceWord
    code: str
    advice: str
    since: datetime
    calls: int = 0
    last_bytes_at: datetime | None = None
    bytes_in: int = 0
    unrecognized: int = 0
    rung: int = 0
    unrung: int = 0
    clock_skew: float | None = None
    title: Words | None = None
    alarms: tuple[Alarm, ...] = ()


class ReceiptStatus(Struct, frozen=True, kw_only=True):
    """How the last nightly comparison with a CRM went.

    at: when, null before the first. events, calls: that were compared. again: events that the CRM
    missed and that are sent once more. lost: that it misses and the box cannot send, within a week.
    refused: this CRM compares nothing.
    """

    at: datetime | None = None
    events: int = 0
    calls: int = 0
    again: int = 0
    lost: int = 0
    refused: bool = False


class DestinationStatus(Struct, frozen=True, kw_only=True):
    """One CRM.

    cursor: all up to it is stored there or parked. backlog: events that are not. behind: how many
    of these new events go ahead of, 0 while all go in order; behind_waits: seconds for which the
    line's settings hold them up, else null. parked: events that it refused for good. since: when it
    began or ceased to deliver. code: what came back last, short. advice: what is wrong and what to
    do, empty when nothing is. next_try_in: seconds, null when no attempt is being waited for.
    delivered, wire_bytes: events, and bytes on the wire both ways, from the start of the process.
    commands: why its commands cannot be fetched and what to do, empty when nothing is wrong or it
    gives none. repeats: sequences that are to go once more. receipts: of a CRM that can compare.
    title: what its kind calls itself, null where nobody told.
    """

    name: str
    kind: str
    state: DestinationWord
    code: str
    advice: str
    since: datetime
    cursor: int = 0
    backlog: int = 0
    parked: int = 0
    last_ok_at: datetime | None = None
    next_try_in: float | None = None
    behind: int = 0
    behind_waits: float | None = None
    delivered: int = 0
    wire_bytes: int = 0
    commands: str = ""
    repeats: int = 0
    title: Words | None = None
    receipts: ReceiptStatus | None = None


class ClockStatus(Struct, frozen=True, kw_only=True):
    """The box's clock.

    now: what it shows. source: who vouches for that, null when nobody does; since when.
    """

    now: datetime
    source: ClockSource | None
    since: datetime


class DiskStatus(Struct, frozen=True, kw_only=True):
    """The disk that the journal is on.

    percent: how much of it is used, the ballast counted as free. days_left: how long the room lasts
    as the journal grows, null while unknown or where it does not. ballast: the reserve is there.
    mark: the highest percentage that raised an alarm, 0 when none has. small: it has less room than
    a full disk asks for. advice: what to do, empty
    when nothing is.
    """

    percent: int
    free: int
    days_left: float | None
    ballast: bool
    mark: int = 0
    small: bool = False
    advice: str = ""


class Status(Struct, frozen=True, kw_only=True):
    """The whole box. `trouble` is what is wrong with the box itself, in one sentence, or null.

    issues: what the last round of health checks found, the longest known first. device_id: what an
    operator compares before he accepts the box's key; null until it is needed.
    """

    box: str
    journal: str
    version: str
    name: str
    started_at: datetime
    uptime_seconds: int
    last_sequence: int
    trouble: str | None = None
    device_id: str | None = None
    clock: ClockStatus | None = None
    disk: DiskStatus | None = None
    devices: tuple[DeviceStatus, ...] = ()
    destinations: tuple[DestinationStatus, ...] = ()
    issues: tuple[Issue, ...] = ()
