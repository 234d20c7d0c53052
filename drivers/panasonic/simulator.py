"""A Panasonic exchange that prints the calls it is given, each line at its moment.

    TDA family  RC at the ring, AN and the group's leg at the answer, a member's leg at its end,
                NA when ringing ends, D0 when DISA hands over, TR for a leg that got a transfer,
                EXT for an intercom call; a line shows the time at which it is printed
    TA/TE       ring notice at arrival (with caller ID only), a line at the end of each leg that
                shows the time of its answer, * for a transfer; no intercom calls; a missed call
                leaves nothing but its ring notice

`expected` says what can be known of a call from that paper. By hand:

    python -m drivers.panasonic.simulator --model KX-TDA100 --pty /tmp/pbx --speed 60
"""

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal

from drivers.panasonic.day import Talk, TrueCall
from drivers.panasonic.printout import (
    LONGEST_RING,
    LONGEST_TALK,
    Entry,
    Exchange,
    Printed,
    lay_out,
    line_text,
)

_DISA_MARKER = "< DISA  incoming >"
_DISA_CODE = "0"
_TA_LONGEST_CALLER = 16
_LONGEST_DIALLED = 32
_SHORTEST_NUMBER = 3


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


def print_calls(calls: Iterable[TrueCall], exchange: Exchange) -> list[Printed]:
    """Every line, in the order in which the exchange prints them; page headings come later."""
    entries = [entry for call in calls for entry in _entries(call, exchange)]
    entries.sort(key=lambda entry: entry.at)
    return [Printed(entry.at, lay_out(entry, exchange)) for entry in entries]


def expected(call: TrueCall, exchange: Exchange) -> tuple[Expected, ...]:
    """What can be known of the call: nothing, one call, or also the consultations within it.

    TA/TE print no intercom calls, and of a missed call only the ring notice, which needs caller ID.
    """
    if call.direction == "internal":
        return (_internal(call.extension, call.number),) if _prints_internal(exchange) else ()
    if call.direction == "outgoing":
        return (_expected_outgoing(call, exchange),)
    if not call.talks and exchange.layout == "ta" and not _has_ring_notice(call, exchange):
        return ()
    consultations = tuple(
        _internal(asking.extension, asked.extension)
        for asking, asked in pairwise(call.talks)
        if call.consulted and _prints_internal(exchange)
    )
    return (_expected_incoming(call, exchange), *consultations)


# What is printed


def _entries(call: TrueCall, exchange: Exchange) -> Iterator[Entry]:
    if call.direction == "internal":
        if _prints_internal(exchange):
            yield _intercom(call.extension, call.number or "", call.end)
    elif call.direction == "outgoing":
        yield _outgoing(call, exchange)
    elif exchange.layout == "ta":
        yield from _incoming_ta(call, exchange)
    else:
        yield from _incoming_tda(call, exchange)


def _outgoing(call: TrueCall, exchange: Exchange) -> Entry:
    (talk,) = call.talks
    return Entry(
        at=talk.end,
        shows=talk.start if exchange.layout == "ta" else talk.end,
        extension=call.extension,
        line=call.line,
        dial=_dialled(call, exchange),
        duration=talk.seconds,
        account=call.account,
    )


def _intercom(caller: str, called: str, at: datetime) -> Entry:
    return Entry(at=at, shows=at, extension=caller, line=None, dial=f"EXT{called}")


def _incoming_ta(call: TrueCall, exchange: Exchange) -> Iterator[Entry]:
    caller = (call.number or "")[:_TA_LONGEST_CALLER]
    disa = call.way == "disa"
    if _has_ring_notice(call, exchange):
        yield Entry(
            at=call.start,
            shows=call.start,
            extension="",
            line=call.line,
            dial=f"  {exchange.marker}{caller}",
        )
    for position, talk in enumerate(call.talks):
        yield Entry(
            at=talk.end,
            shows=talk.start,
            extension=talk.extension,
            line=call.line,
            dial=f"  {_DISA_MARKER if disa else exchange.marker}{caller}",
            duration=talk.seconds,
            code=_DISA_CODE if disa else "",
            transferred=position > 0,
        )


def _incoming_tda(call: TrueCall, exchange: Exchange) -> Iterator[Entry]:
    ringing = Entry(
        at=call.start,
        shows=call.start,
        extension=call.extension,
        line=call.line,
        dial=_prefix(call, exchange) + _caller(call, exchange)[0],
    )
    if exchange.received:
        yield replace(ringing, code="RC")
    rung = _at(ringing, call.start + timedelta(seconds=call.ring_seconds))
    rung = replace(rung, ring=call.ring_seconds)
    disa = call.way == "disa"
    if not call.talks:
        yield replace(rung, duration=0, code="NA")
        return
    if exchange.answered:
        first = call.extension if disa else call.talks[0].extension
        yield replace(rung, extension=first, code="AN")
    if disa:
        handed_over = _at(rung, rung.at + timedelta(seconds=call.disa_seconds))
        yield replace(handed_over, duration=call.disa_seconds, code="D0")
    if call.way == "group":
        yield replace(rung, duration=0)
    for position, talk in enumerate(call.talks):
        if call.consulted and position + 1 < len(call.talks) and _prints_internal(exchange):
            yield _intercom(talk.extension, call.talks[position + 1].extension, talk.end)
        yield replace(
            _at(ringing, talk.end),
            extension=talk.extension,
            ring=call.ring_seconds if call.way == "extension" and position == 0 else 0,
            duration=talk.seconds,
            code="TR" if disa or position else "",
        )


def _at(entry: Entry, moment: datetime) -> Entry:
    return replace(entry, at=moment, shows=moment)


# What both sides need: texts as cut by their column


def _prints_internal(exchange: Exchange) -> bool:
    return exchange.internal and exchange.layout != "ta"


def _has_ring_notice(call: TrueCall, exchange: Exchange) -> bool:
    return exchange.layout == "ta" and exchange.ring_notice and call.number is not None


def _dialled(call: TrueCall, exchange: Exchange) -> str:
    width = _LONGEST_DIALLED if exchange.layout == "ta" else exchange.dial_width
    return ((call.number or "") + call.keyed)[:width]


def _prefix(call: TrueCall, exchange: Exchange) -> str:
    did = f"<D>{call.did}" if exchange.did and call.did else ""
    return did + exchange.marker


def _caller(call: TrueCall, exchange: Exchange) -> tuple[str, str | None, str | None]:
    """What is left of the caller in the column of the TDA family: the text, its number, its name.

    A number cut to one or two digits behind a name can no longer be told from the name.
    """
    room = exchange.dial_width - len(_prefix(call, exchange))
    number = call.number or ""
    name = call.name or ""
    if exchange.names == "none" or not name:
        return number[:room], number[:room] or None, None
    blank = "" if exchange.model.startswith("KX-NS") else " "
    if exchange.names == "after":
        text = (number + blank + name)[:room]
        return text, text[: len(number)] or None, text[len(number) :].strip() or None
    text = (name + blank + number)[:room]
    digits = text[len(name + blank) :]
    if len(digits) < _SHORTEST_NUMBER:
        return text, None, text.strip() or None
    return text, digits, name


# What can be known


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
        number=re.split(r"[-*#X]", _dialled(call, exchange), maxsplit=1)[0] or None,
        account_code=call.account,
        talk_seconds=_talk_seconds(talk),
        outcome="unknown" if talk.seconds else "unanswered",
        legs=(ExpectedLeg(call.extension, _talk_seconds(talk), transferred=False),),
    )


def _expected_incoming(call: TrueCall, exchange: Exchange) -> Expected:
    ta = exchange.layout == "ta"
    if ta:
        number, name = (call.number or "")[:_TA_LONGEST_CALLER] or None, None
    else:
        _, number, name = _caller(call, exchange)
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


if __name__ == "__main__":
    from drivers.panasonic.exchange_command import main

    sys.exit(main())
