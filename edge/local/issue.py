"""An issue, and the report of a round of health checks, as both cross the control socket."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from msgspec import Struct

Severity = Literal["alarm", "warning"]
"""alarm: calls are late, lost or wrong. warning: they will be, or something is missing of them; it
is told as a recommendation, not as a failure."""

BOX = "box"
"""What concerns the box itself, and no device or destination, concerns this."""


class Words(Struct, frozen=True):
    """A sentence or two in each language."""

    en: str
    fa: str


def titled(titles: Mapping[str, str]) -> Words:
    """What a driver or a kind of CRM calls itself, by language."""
    return Words(titles.get("en", ""), titles.get("fa", titles.get("en", "")))


class Issue(Struct, frozen=True, kw_only=True):
    """Something that a health check found, until it finds that it is over.

    code: its name, for programs and for good. concerns: `box`, a device's key or a destination's
    name. since: when it was first found. cause: what is wrong. advice: what to do.
    """

    code: str
    concerns: str
    severity: Severity
    since: datetime
    cause: Words
    advice: Words


class Unsure(Struct, frozen=True):
    """What a check cannot judge now, and why; an issue raised before stays meanwhile."""

    concerns: str
    why: Words


class Answer(Struct, frozen=True, kw_only=True):
    """What one check says: all is well where both lists are empty."""

    name: str
    title: Words
    issues: tuple[Issue, ...] = ()
    unsure: tuple[Unsure, ...] = ()

    @property
    def word(self) -> Literal["failed", "advice", "unsure", "ok"]:
        """The worst of it."""
        if self.issues:
            alarms = any(issue.severity == "alarm" for issue in self.issues)
            return "failed" if alarms else "advice"
        return "unsure" if self.unsure else "ok"


class Report(Struct, frozen=True, kw_only=True):
    """All checks, run at one moment. site: the branch's name."""

    site: str
    now: datetime
    answers: tuple[Answer, ...]


class Asks(Struct, frozen=True, kw_only=True):
    """What somebody must set in the device itself for its calls to be read well."""

    device: str
    settings: tuple[Words, ...]


class Diagnosis(Struct, frozen=True, kw_only=True):
    """What `payvand doctor` found. running: whether the edge ran and gave the report itself."""

    running: bool
    report: Report
    asks: tuple[Asks, ...] = ()
