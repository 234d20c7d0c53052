"""What a test of a device or CRM found, step by step."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from edge.local.issue import Words

StepWord = Literal["ok", "failed", "unsure", "skipped"]


class Step(Struct, frozen=True, kw_only=True):
    """One thing that was looked at. unsure: it cannot be told yet. raw: for support."""

    name: str
    title: Words
    state: StepWord
    detail: Words
    raw: str = ""


class Trial(Struct, frozen=True, kw_only=True):
    """concerns: the device's key or the CRM's name. Steps that follow a failed one are skipped."""

    concerns: str
    at: datetime
    steps: tuple[Step, ...]


class TrialOrder(Struct, frozen=True):
    """seconds: how long to wait for bytes of a device, or for an answer of a CRM; 60 at most."""

    seconds: float = 10.0
