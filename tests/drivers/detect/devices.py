"""What devices of each kind send for a call, written down from the reference pages by hand.

No code of the drivers' own simulators lays these out: what both had wrong would look right. Each
maker gives the calls of one device, each a list of what it sends at which second of the call.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random
from zoneinfo import ZoneInfo

from drivers.detect.proposal import Proposal
from drivers.panasonic.day import Office, plan_day
from drivers.panasonic.printout import Layout, exchange_of
from drivers.panasonic.simulator import print_calls
from tests.drivers.detect.plugging import Sent

Calls = Iterator[list[Sent]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of device: its driver, the setting that names it, and what it sends."""

    name: str
    driver: str
    setting: str
    calls: Callable[[Random], Calls]

    def is_told_by(self, proposal: Proposal) -> bool:
        """Whether the proposal names it, or leaves it as a choice that bytes cannot make."""
        named = proposal.settings.get(self.setting)
        choices = proposal.choices.get(self.setting, ())
        return proposal.driver == self.driver and (named == self.name or self.name in choices)


def _panasonic(model: str, layout: Layout) -> Callable[[Random], Calls]:
    """Incoming calls with the lines that README asks for: at the ring, the answer and the end."""

    def calls(rng: Random) -> Calls:
        exchange = replace(
            exchange_of(model, ZoneInfo("Asia/Tehran")),
            layout=layout,
            received=True,
            answered=True,
            date_order=rng.choice(("dmy", "mdy")),
        )
        start = datetime(2026, 11, rng.randint(1, 28), 8, tzinfo=UTC)
        while True:
            for call in plan_day(rng, Office(), 20, start):
                printed = print_calls([call], exchange)
                if call.direction == "incoming" and len(printed) > 1:
                    begun = printed[0].at
                    yield [Sent((each.at - begun).total_seconds(), each.text) for each in printed]

    return calls


def _number(rng: Random) -> str:
    return f"0{rng.choice(('912', '935', '901'))}{rng.randrange(10**7):07d}"


def _segal(mark: str) -> Callable[[Random], Calls]:
    def calls(rng: Random) -> Calls:
        while True:
            line, number = rng.randint(1, 8), _number(rng)
            said = [f"L{line}{mark}{number}", *(f"L{line}R{n:02d}" for n in range(1, 4))]
            times = [0.0, 0.4, 5.4, 10.4]
            if rng.random() < 0.5:
                said += [f"L{line}HF", f"L{line}HND: T{rng.randint(1, 59):04d}"]
                times += [12.0, 19.0]
            yield [Sent(at, f"{text}@\r\n".encode()) for at, text in zip(times, said, strict=True)]

    return calls


def _danjeh(rng: Random) -> Calls:
    while True:
        line = rng.randint(1, 8)
        said = [
            (0.0, f"L{line}C{_number(rng)}@"),
            (8.0, f"L{line} hook-off"),
            (18.0, f"L{line} hook-on"),
        ]
        yield [Sent(at, f"{text}\n".encode()) for at, text in said]


def _yasna(rng: Random) -> Calls:
    while True:
        line = rng.randint(1, 8)
        said = [
            (0.0, f"L{line} CallerID:{_number(rng)} RingsCount:1 Ringing"),
            (5.0, f"L{line} RingsCount:2 Ringing"),
            (7.0, f"L{line} HookOff"),
            (17.0, f"L{line} HookOn Duration:10 "),
        ]
        yield [Sent(at, f"{text}\n".encode()) for at, text in said]


def _techno(rng: Random) -> Calls:
    while True:
        unit = f"D1:L{rng.randint(1, 8)}"
        said = [
            (0.0, f"{unit}:CallerID={_number(rng)}."),
            (0.5, f"{unit}:Ring=1."),
            (5.5, f"{unit}:Ring=2."),
            (7.0, f"{unit}:Answer."),
            (17.0, f"{unit}:HangDown,Time=0010."),
        ]
        yield [Sent(at, text.encode()) for at, text in said]


def _whozz(rng: Random) -> Calls:
    while True:
        line, number = f"{rng.randint(1, 8):02d}", _number(rng)
        when = f"11/{rng.randint(1, 28):02d} {rng.randint(1, 12):02d}:{rng.randint(0, 59):02d} PM"
        said = [
            (0.0, f"{line} R {when}"),
            (3.0, f"{line} I S 0000 G A0 {when} {number:<14} {'A CALLER':<15}"),
            (9.0, f"{line} F {when}"),
            (18.0, f"{line} N {when}"),
            (18.1, f"{line} I E 0009 G A2 {when} {number:<14} {'A CALLER':<15}"),
        ]
        yield [Sent(at, f"{text}\r\n".encode()) for at, text in said]


def _netcallerid(rng: Random) -> Calls:
    while True:
        day = f"11{rng.randint(1, 28):02d}{rng.randint(0, 23):02d}{rng.randint(0, 59):02d}"
        yield [Sent(0.0, f"###DATE{day}...NMBR{_number(rng)}...NAMEA CALLER+++\r".encode())]


def _modem(rng: Random) -> Calls:
    while True:
        said = (
            f"\r\nDATE = 11{rng.randint(1, 28):02d}\r\nTIME = 14{rng.randint(10, 59)}\r\n"
            f"NMBR = {_number(rng)}\r\n"
        )
        rings = [Sent(at, b"\r\nRING\r\n") for at in (0.0, 5.0, 10.0)]
        yield sorted([*rings, Sent(1.5, said.encode())], key=lambda each: each.at)


KINDS = (
    Kind("tda-a", "panasonic", "layout", _panasonic("KX-TDA100", "tda-a")),
    Kind("tda-b", "panasonic", "layout", _panasonic("KX-TDA100", "tda-b")),
    Kind("tda-c", "panasonic", "layout", _panasonic("KX-TDA600", "tda-c")),
    Kind("ta", "panasonic", "layout", _panasonic("KX-TES824", "ta")),
    Kind("segal-c", "callerid", "profile", _segal("C")),
    Kind("segal-plain", "callerid", "profile", _segal("")),
    Kind("danjeh-text", "callerid", "profile", _danjeh),
    Kind("yasna-text", "callerid", "profile", _yasna),
    Kind("techno-text", "callerid", "profile", _techno),
    Kind("whozz", "callerid", "profile", _whozz),
    Kind("netcallerid", "callerid", "profile", _netcallerid),
    Kind("modem-vcid", "callerid", "profile", _modem),
)
