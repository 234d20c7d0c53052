"""Something is wrong with the box itself, as the event `box.alarm`.

When it is over, `box.health` comes with the same code and `-over`.
"""

from msgspec import Struct

from drivers.contract import Moment
from edge.intake import clock
from edge.intake.numbers import NumberPlan
from edge.intake.seal import Seal
from edge.journal.records import Recovery, Sealed
from edge.journal.retime import to_utc
from edge.journal.room import Notice


class AlarmData(Struct, frozen=True, kw_only=True):
    """`data` of `box.alarm`, and of `box.health` when that is over.

    code: for programs. concerns: `box`, or the destination that it is about. advice: what is wrong
    and what to do, for the technician.
    """

    code: str
    advice: str
    concerns: str = "box"


def recovered(recovery: Recovery) -> Sealed:
    """Tells of a damaged journal, before there is one in which a known time could be."""
    kernel = clock.read_kernel()
    now = Moment(to_utc(kernel.wall), kernel.monotonic, trusted=kernel.synchronized, live=True)
    told = AlarmData(code="journal-recovered", advice=recovery.advice)
    return Seal("box", clock.boot_id(), NumberPlan()).event("box.alarm", told, now)


def disk(notice: Notice, seal: Seal, now: Moment) -> Sealed:
    """Tells that the disk fills up, or that this is over."""
    if notice.raised:
        return seal.event("box.alarm", AlarmData(code=notice.code, advice=notice.advice), now)
    over = AlarmData(code=f"{notice.code}-over", advice=notice.advice)
    return seal.event("box.health", over, now)
