"""A Panasonic exchange that prints the calls it is given, each line at its moment.

    TDA family  RC at the ring, AN and the group's leg at the answer, a member's leg at its end,
                NA when ringing ends, D0 when DISA hands over, TR for a leg that got a transfer,
                EXT for an intercom call; a line shows the time at which it is printed
    TA/TE       ring notice at arrival (with caller ID only), a line at the end of each leg that
                shows the time of its answer, * for a transfer; no intercom calls; a missed call
                leaves nothing but its ring notice

`expected.py` says what can be known of a call from that paper. By hand:

    python -m drivers.panasonic.simulator --model KX-TDA100 --pty /tmp/pbx --speed 60
"""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from drivers.panasonic.day import TrueCall
from drivers.panasonic.dial_column import (
    before_caller,
    cut_caller,
    cut_dialled,
    has_ring_notice,
)
from drivers.panasonic.printout import Entry, Exchange, Printed, lay_out

_DISA_MARKER = "< DISA  incoming >"
_DISA_CODE = "0"


def print_calls(calls: Iterable[TrueCall], exchange: Exchange) -> list[Printed]:
    """Every line, in the order in which the exchange prints them; page headings come later."""
    entries = [entry for call in calls for entry in _entries(call, exchange)]
    entries.sort(key=lambda entry: entry.at)
    return [Printed(entry.at, lay_out(entry, exchange)) for entry in entries]


def _entries(call: TrueCall, exchange: Exchange) -> Iterator[Entry]:
    if call.direction == "internal":
        if exchange.prints_internal:
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
        dial=cut_dialled(call, exchange),
        duration=talk.seconds,
        account=call.account,
    )


def _intercom(caller: str, called: str, at: datetime) -> Entry:
    return Entry(at=at, shows=at, extension=caller, line=None, dial=f"EXT{called}")


def _incoming_ta(call: TrueCall, exchange: Exchange) -> Iterator[Entry]:
    caller = cut_caller(call, exchange)[0]
    disa = call.way == "disa"
    if has_ring_notice(call, exchange):
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
        dial=before_caller(call, exchange) + cut_caller(call, exchange)[0],
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
        if call.consulted and position + 1 < len(call.talks) and exchange.prints_internal:
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


if __name__ == "__main__":
    from drivers.panasonic.exchange_command import main

    sys.exit(main())
