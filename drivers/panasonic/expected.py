"""What can be known of a call from the paper that its exchange prints: what a decoder must find.

what happened (`day.py`) ─▶ simulator.py ─▶ paper ─▶ decoder ─▶ calls
─▶ expected ────────────────────────── the same
"""

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from drivers.panasonic.day import Talk, TrueCall
from drivers.panasonic.dial_column import (
    cut_caller,
    cut_dialled,
    has_ring_notice,
)
from drivers.panasonic.printout import LONGEST_RING, LONGEST_TALK, Exchange, line_text


@dataclass(frozen=True, slots=True)
class ExpectedLeg:
    """One extension's part as printed; None where nothing, or the counter's limit, is printed."""

    extension: str
    talk_seconds: int | None
    transferred: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a CRM should finally know of a call, under the field names of the call events.

    Ring groups and the DISA number are taken to be listed as hidden extensions. number: as
    printed, up to the first digit keyed after it. ring_seconds: None where the paper has no ring
    time. talk_seconds: of all legs, without the time in DISA; None when one of them is unknown.
    """

    direction: Literal["incoming", "outgoing", "internal"]
    line: str | None
    extension: str | None
    number: str | None
    name: str | None = None
    did: str | None = None
    account_code: str | None = None
    ring_seconds: int | None = None
    talk_seconds: int | None = None
    outcome: Literal["answered", "missed", "unanswered", "unknown"]
    legs: tuple[ExpectedLeg, ...]
    hidden_extensions: tuple[str, ...] = ()


def expected(call: TrueCall, exchange: Exchange) -> tuple[Expected, ...]:
    """What can be known of the call: nothing, one call, or also the consultations within it.

    TA/TE print no intercom calls, and of a missed call only the ring notice, which needs caller ID.
    """
    if call.direction == "internal":
        return (_internal(call.extension, call.number),) if exchange.prints_internal else ()
    if call.direction == "outgoing":
        return (_expected_outgoing(call, exchange),)
    if not call.talks and exchange.layout == "ta" and not has_ring_notice(call, exchange):
        return ()
    consultations = tuple(
        _internal(asking.extension, asked.extension)
        for asking, asked in pairwise(call.talks)
        if call.consulted and exchange.prints_internal
    )
    return (_expected_incoming(call, exchange), *consultations)


def _internal(caller: str, called: str | None) -> Expected:
    return Expected(
        direction="internal",
        line=None,
        extension=caller,
        number=called,
        outcome="unknown",
        legs=(ExpectedLeg(caller, None, transferred=False),),
    )


def _expected_outgoing(call: TrueCall, exchange: Exchange) -> Expected:
    (talk,) = call.talks
    return Expected(
        direction="outgoing",
        line=line_text(call.line, exchange),
        extension=call.extension,
        number=re.split(r"[-*#X]", cut_dialled(call, exchange), maxsplit=1)[0] or None,
        account_code=call.account,
        talk_seconds=_talk_seconds(talk),
        outcome="unknown" if talk.seconds else "unanswered",
        legs=(ExpectedLeg(call.extension, _talk_seconds(talk), transferred=False),),
    )


def _expected_incoming(call: TrueCall, exchange: Exchange) -> Expected:
    ta = exchange.layout == "ta"
    _, number, name = cut_caller(call, exchange)
    legs = _expected_legs(call, exchange)
    talks = [leg.talk_seconds for leg in legs if leg.talk_seconds is not None]
    return Expected(
        direction="incoming",
        line=line_text(call.line, exchange),
        extension=legs[0].extension if legs else None,
        number=number,
        name=name,
        did=None if ta or not exchange.did else call.did,
        ring_seconds=min(call.ring_seconds, LONGEST_RING) if exchange.prints_ring else None,
        talk_seconds=sum(talks) if len(talks) == len(legs) else None,
        outcome="answered" if call.talks else "missed",
        legs=legs,
        hidden_extensions=() if ta or call.way == "extension" else (call.extension,),
    )


def _expected_legs(call: TrueCall, exchange: Exchange) -> tuple[ExpectedLeg, ...]:
    if not call.talks:
        direct = exchange.layout != "ta" and call.way == "extension"
        return (ExpectedLeg(call.extension, 0, transferred=False),) if direct else ()
    handed_over = call.way == "disa" and exchange.layout != "ta"
    return tuple(
        ExpectedLeg(talk.extension, _talk_seconds(talk), transferred=handed_over or position > 0)
        for position, talk in enumerate(call.talks)
    )


def _talk_seconds(talk: Talk) -> int | None:
    return talk.seconds if talk.seconds < LONGEST_TALK else None
