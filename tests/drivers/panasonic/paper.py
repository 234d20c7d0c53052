"""Lines laid out by hand, and a box that listens to them: what the tests of the decoder share.

    09/03/26 08:05     104 02 <I>09120000011            0'05 00:00'42               tda_a
    09/03/26 08:05    104 02 <I>09120000011       00:00'42   00000.00               tda_b
     3/ 9/26   8:05AM 104  02   <    incoming    >0511000   00:00'42" ....          ta

The columns are those of the exchanges' manuals, written down here a second time: a column that the
decoder has wrong must not be wrong here too.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from drivers.contract import Moment, Surroundings
from drivers.events import Call, Fact
from drivers.panasonic.decoder import SmdrDecoder
from drivers.panasonic.driver import SPEC
from drivers.panasonic.record import Record
from drivers.panasonic.settings import PanasonicSettings

ZONE = ZoneInfo("Asia/Tehran")
MIDNIGHT = datetime(2026, 3, 9, tzinfo=ZONE).astimezone(UTC)


def tda_a(
    time: str, extension: str, line: str, dial: str, ring: str = "", talk: str = "",
    code: str = "", account: str = "", date: str = "09/03/26",
) -> str:  # fmt: skip
    return (
        f"{date} {time:<7} {extension:>5} {line:>2} {dial:<25} {ring:>4} {talk:>8}"
        f" {account:<10} {code:<3}"
    )


def tda_b(
    time: str, extension: str, line: str, dial: str, talk: str = "", code: str = "",
    date: str = "09/03/26",
) -> str:  # fmt: skip
    cost = "00000.00" if talk else ""
    return f"{date} {time:<7}{extension:>5} {line:>2} {dial:<20} {talk:>8} {cost:>10} {code:>13} "


def tda_c(
    time: str, extension: str, line: str, dial: str, ring: str = "", talk: str = "",
    code: str = "", date: str = "09/03/26",
) -> str:  # fmt: skip
    cost = "00000.00" if talk else ""
    return (
        f"{date} {time:<7} {extension:>5} {line:>4} {dial:<50} {ring:>4} {talk:>8}"
        f" {cost:>11} {'':10} {code:<4}"
    )


def ta(
    time: str, extension: str, line: str, dial: str, talk: str = "", mark: str = "",
    account: str = "", disa: str = "", date: str = " 3/ 9/26",
) -> str:  # fmt: skip
    seconds = f'{talk}"' if talk else ""
    return (
        f"{date:>8} {mark:1}{time:>7} {extension:>3}".ljust(23)
        + f"{line:>2} {dial:<37} {seconds:>9} {account:.>4} {disa:1}"
    )


def ta_in(
    time: str, extension: str, line: str, number: str, talk: str = "", mark: str = "",
    date: str = " 3/ 9/26",
) -> str:  # fmt: skip
    """An incoming line of a TA exchange; without extension and duration a ring notice."""
    return ta(time, extension, line, f"  <    incoming    >{number}", talk, mark, date=date)


def clock(text: str) -> datetime:
    """`08:05:30` on the day of all tests, the site's own time, as aware UTC."""
    hours, minutes, seconds = map(int, text.split(":"))
    return MIDNIGHT + timedelta(hours=hours, minutes=minutes, seconds=seconds)


def told(facts: Sequence[Fact]) -> list[str]:
    """The stages of the calls among the facts, in order."""
    return [fact.stage for fact in facts if isinstance(fact, Call)]


def only(facts: Sequence[Fact]) -> Call:
    """The one call that was told."""
    (call,) = [fact for fact in facts if isinstance(fact, Call)]
    return call


def read(*lines: str | bytes, model: str = "KX-TDA100", **settings: str) -> list[Record]:
    checked = msgspec.convert({"model": model, **settings}, PanasonicSettings)
    read_on = SPEC.reader(checked, Path())
    raw = [line if isinstance(line, bytes) else line.encode("latin-1") for line in lines]
    records = read_on(b"\r\n" + b"\r\n".join(raw) + b"\r\n")
    return [record for record in records if isinstance(record, Record)]


def one(line: str | bytes, model: str = "KX-TDA100", **settings: str) -> Record:
    (record,) = read(line, model=model, **settings)
    return record


class Listener:
    """A decoder with a clock that the test sets; remembers the last word on each call."""

    def __init__(
        self,
        model: str = "KX-TDA100",
        *,
        hidden: Sequence[str] = (),
        live: bool = True,
        trusted: bool = True,
        memory: bytes = b"",
        **settings: object,
    ) -> None:
        table = {"model": model, "hidden_extensions": tuple(hidden), **settings}
        made = msgspec.convert(table, PanasonicSettings)
        self.decoder = SmdrDecoder(made, Surroundings(ZONE, "t"), memory)
        self.live = live
        self.trusted = trusted
        self.facts: list[Fact] = []
        self.now = 0.0

    def at(self, time: str | float) -> list[Fact]:
        """Let time pass until a clock text or a second of the day; what that alone decided."""
        if isinstance(time, str):
            time = (clock(time) - MIDNIGHT).total_seconds()
        self.now = time
        utc = MIDNIGHT + timedelta(seconds=time)
        facts = self.decoder.tick(Moment(utc, time, trusted=self.trusted, live=self.live))
        self.facts += facts
        return list(facts)

    def hear(self, time: str | float, *lines: str) -> list[Fact]:
        """Take whole lines that come in at a time; what they decided, with the time itself."""
        facts = self.at(time)
        new = self.decoder.feed("".join(f"{line}\r\n" for line in lines).encode("latin-1"))
        self.facts += new
        return facts + new

    def run_out(self) -> list[Fact]:
        """Let time pass until nothing is pending."""
        facts: list[Fact] = []
        while (due := self.decoder.due()) is not None:
            facts += self.at(max(due, self.now))
        return facts

    @property
    def calls(self) -> list[Call]:
        """The last word on each call, in the order of their first."""
        last = {fact.call_id: fact for fact in self.facts if isinstance(fact, Call)}
        return list(last.values())
