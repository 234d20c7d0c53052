"""The paper of the demo's exchange: a day of made-up calls, and what is known of it so far.

    plan_day ─▶ lines in the order of their time ─▶ serve_pty ─▶ the box
                    └─ how many have gone ─▶ what the CRM must know by now

The truth comes from what the exchange was given to print, never from what the box read.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random
from zoneinfo import ZoneInfo

from drivers.panasonic.day import Office, plan_day
from drivers.panasonic.exchange_port import Pace
from drivers.panasonic.expected import expected
from drivers.panasonic.printout import TDA_MODELS, Pager, Printed, exchange_of
from drivers.panasonic.simulator import print_calls

TIMEZONE = "Asia/Tehran"
OFFICE = Office()
PACE = Pace(speed=30.0, longest_wait=2.0)
"""About one line a second."""
CALLS = 5000
"""More than an hour of lines."""
_SEED = 1
_SURE_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Sight:
    """What both sides know of a call for certain: make it with `sight`."""

    direction: str
    line: str | None
    number: str | None
    extension: str | None
    talk_seconds: int

    @property
    def early(self) -> "Sight":
        """The same while the call lasts: who answers, and for how long, is not known yet."""
        return replace(self, extension=None, talk_seconds=0)

    def text(self) -> str:
        """For the person who must find it in the log."""
        return (
            f"{self.direction}, line {self.line or '-'}, number {self.number or '-'},"
            f" extension {self.extension or '-'}, talked for {self.talk_seconds} s"
        )


def sight(
    direction: str,
    line: str | None,
    number: str | None,
    extension: str | None,
    talk_seconds: int | None,
) -> Sight:
    """Of a dialled number only the first digits: where those keyed later begin is not printed."""
    if direction == "outgoing" and number is not None:
        number = number[:_SURE_DIGITS]
    return Sight(direction, line, number, extension, talk_seconds or 0)


@dataclass(frozen=True, slots=True)
class Printout:
    """The calls whose lines have all been printed, and those with lines still to come.

    asked: consultations within calls under way, printed or still to come.
    """

    finished: "Counter[Sight]"
    under_way: "Counter[Sight]"
    asked: "Counter[Sight]"


class Paper:
    """The lines of one exchange. `printed` and `printed_bytes` count what the wire has carried."""

    def __init__(self, model: str) -> None:
        exchange = exchange_of(model, ZoneInfo(TIMEZONE))
        if model in TDA_MODELS:
            exchange = replace(exchange, received=True, answered=True)
        self.exchange = exchange
        self.printed = 0
        self.printed_bytes = 0
        self._ended = False
        now = datetime.now(UTC).replace(microsecond=0)
        self._calls = plan_day(Random(_SEED), OFFICE, CALLS, now)
        lines = [
            (line, number)
            for number, call in enumerate(self._calls)
            for line in print_calls([call], exchange)
        ]
        self._lines = sorted(lines, key=lambda entry: entry[0].at)

    def lines(self) -> Iterator[Printed]:
        """Each line, with the heading before it where a page begins, until `end`."""
        pager = Pager(self.exchange)
        for line, _ in self._lines:
            if self._ended:
                return
            text = pager.before_line() + line.text
            yield Printed(line.at, text)
            # Whoever takes lines comes back when this one has gone over the wire.
            self.printed += 1
            self.printed_bytes += len(text)

    def end(self) -> None:
        """Let the line that is on its way be the last."""
        self._ended = True

    def printout(self) -> Printout:
        """What can be known from the lines that have gone."""
        begun = {number for _, number in self._lines[: self.printed]}
        unfinished = {number for _, number in self._lines[self.printed :]}
        lasting = [self._sights(number) for number in begun & unfinished]
        return Printout(
            Counter(seen for number in begun - unfinished for seen in self._sights(number)),
            Counter(call.early for call, *_ in lasting),
            Counter(seen.early for _, *rest in lasting for seen in rest),
        )

    def _sights(self, number: int) -> list[Sight]:
        return [
            sight(one.direction, one.line, one.number, one.extension, one.talk_seconds)
            for one in expected(self._calls[number], self.exchange)
        ]
