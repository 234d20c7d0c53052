"""What a CRM reads of its commands: events, stored and delivered as all others are."""

from typing import Literal

from msgspec import Struct

from drivers.contract import Moment
from edge.intake.numbers import NumberPlan
from edge.intake.seal import Seal
from edge.journal.records import Sealed

State = Literal["done", "failed", "expired", "refused", "unknown"]


class ResultData(Struct, frozen=True, kw_only=True):
    """`data` of `command.result`: the one final word on a command.

    done: the device acted. failed: it surely did not. expired, refused: it was never asked to.
    unknown: it may have acted, and nobody can tell; look before ordering the same again. detail:
    for a person, what is wrong and what to do; empty where nothing is to be said.
    """

    command_id: str
    state: State
    detail: str


class ProgressData(Struct, frozen=True, kw_only=True):
    """`data` of `command.progress`: how far a long command is, in a few words."""

    command_id: str
    detail: str


def result(seal: Seal, now: Moment, id_: str, state: State, detail: str) -> Sealed:
    """The event that ends a command."""
    told = ResultData(command_id=id_, state=state, detail=detail)
    return seal.event("command.result", told, now, f"command/{id_}")


def progress(seal: Seal, now: Moment, id_: str, detail: str) -> Sealed:
    told = ProgressData(command_id=id_, detail=detail)
    return seal.event("command.progress", told, now, f"command/{id_}")


def box_seal(boot: str) -> Seal:
    """The box itself, where no device can speak."""
    return Seal("box", boot, NumberPlan())
