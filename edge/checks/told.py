"""An issue as events: one when it begins, one with `-over` behind its code when it ended.

box, destination   box.alarm      … box.health
device             device.alarm   … device.online        (as drivers tell theirs)
                   device.quiet   … device.online
"""

from drivers.contract import Moment
from drivers.events import DeviceState
from edge.box_alarm import AlarmData
from edge.checks.check import BOX, Check
from edge.intake.intake import OVER
from edge.intake.numbers import NumberPlan
from edge.intake.seal import Seal
from edge.journal.records import Sealed
from edge.local.issue import Issue


def began(issue: Issue, check: Check, boot: str, now: Moment) -> Sealed:
    """The event of an issue that is raised now."""
    advice = f"{issue.cause.en} {issue.advice.en}"
    if check.event == "box.alarm":
        told = AlarmData(code=issue.code, concerns=issue.concerns, advice=advice)
        return Seal(BOX, boot, NumberPlan()).event("box.alarm", told, now)
    state = DeviceState("quiet" if check.event == "device.quiet" else "alarm", issue.code, advice)
    return Seal(issue.concerns, boot, NumberPlan()).fact(state, now)


def ended(issue: Issue, check: Check, boot: str, now: Moment) -> Sealed:
    """The event of its end."""
    code, advice = issue.code + OVER, f"Over: {issue.cause.en}"
    if check.event == "box.alarm":
        told = AlarmData(code=code, concerns=issue.concerns, advice=advice)
        return Seal(BOX, boot, NumberPlan()).event("box.health", told, now)
    state = DeviceState("online", code, advice)
    return Seal(issue.concerns, boot, NumberPlan()).fact(state, now)
