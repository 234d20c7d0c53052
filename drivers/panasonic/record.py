"""One printed line, read into fields: what the exchange said, before calls are joined.

The dial column tells the direction:

    <I>04220000050   <    incoming    >354000   <D>359000<I>MARY WARD   incoming
    EXT102                                                              internal, to 102
    09120001122   F/0970000000   9=2200000   8PP8310000000   123......   outgoing
    LOG IN   Timed Reminder/Start                                       a service line
"""

import re
from datetime import datetime
from functools import lru_cache

from msgspec import Struct

from drivers.events import Direction
from drivers.panasonic.layouts import LAYOUTS, LOOSE, heading, is_noise
from drivers.panasonic.models import LayoutName
from drivers.panasonic.printed_time import PrintedTime

LIMIT = 99 * 3600 + 59 * 60 + 59
"""`99:59'59` in seconds: the counter's limit, not a talk time."""


class Record(Struct, frozen=True, kw_only=True, gc=False):
    """A call line as `decode --records` prints it. Seconds are whole; a blank column is None."""

    layout: LayoutName
    time: str | None
    direction: Direction | None
    extension: str | None
    line: str | None
    number: str | None
    did: str | None
    name: str | None
    ring_seconds: int | None
    talk_seconds: int | None
    condition: str | None
    account_code: str | None
    transferred: bool
    masked: bool
    raw: str


class Line(Struct, frozen=True, kw_only=True, gc=False):
    """A record with what only the joining of calls needs.

    printed: the local time without zone, None where the exchange printed stars. number_text: the
    number as printed, ending where it was cut. waiting: the caller is in a queue (UCD).
    """

    layout: LayoutName
    printed: datetime | None
    device_time: str
    direction: Direction | None
    extension: str | None
    line: str | None
    number: str | None
    number_text: str | None
    did: str | None
    name: str | None
    ring_seconds: int | None
    talk_seconds: int | None
    condition: str | None
    account_code: str | None
    transferred: bool
    masked: bool
    waiting: bool
    raw: str

    def record(self) -> Record:
        """The public part."""
        return Record(
            layout=self.layout,
            time=self.printed.isoformat(timespec="minutes") if self.printed else None,
            direction=self.direction,
            extension=self.extension,
            line=self.line,
            number=self.number,
            did=self.did,
            name=self.name,
            ring_seconds=self.ring_seconds,
            talk_seconds=self.talk_seconds,
            condition=self.condition,
            account_code=self.account_code,
            transferred=self.transferred,
            masked=self.masked,
            raw=self.raw,
        )


class Dialled(Struct, frozen=True, gc=False):
    """The dial column, cut into its parts."""

    direction: Direction | None
    number: str | None = None
    number_text: str | None = None
    did: str | None = None
    name: str | None = None
    masked: bool = False
    waiting: bool = False


_INTERNAL = re.compile(r"EXT\s*(\d+)|(\d+)\s*EXT")
_KEYED = re.compile(r"(?<=\d)(?:(X+)(?![A-WYZ])( +[^\W\d_].*)?)|[*#]|-(?=X*\d)", re.DOTALL)
"""What follows a number and is none of it: hidden digits, or digits that were keyed after it."""
_NUMBER_FIRST = re.compile(r"(\+?\d{3,}|\+?\d+$)\s*(.*)", re.DOTALL)
_NUMBER_LAST = re.compile(r"(.*?[^\d\s+])\s*(\+?\d{3,})", re.DOTALL)
_OUTGOING = re.compile(
    r"(?P<lead>\.*F?/?\.*(?:\d{0,4}[=P]+)?)(?P<digits>[\d.]*)(?P<rest>.*)", re.DOTALL
)
_DIALLABLE = re.compile(r"[\dA-D*#.\-=PFX/ ]*")


def dialled(text: str) -> Dialled | None:
    """Read the dial column, its blanks trimmed. None: no rule reads it."""
    if text.isdecimal():
        return Dialled("outgoing", number=text, number_text=text)
    if text[:1] == "<":
        return _incoming(text)
    if match := _INTERNAL.fullmatch(text):
        called = match[1] or match[2]
        return Dialled("internal", number=called, number_text=called)
    if _DIALLABLE.fullmatch(text):
        return _outgoing(text)
    return Dialled(None) if text[:1].isalpha() else None


def _incoming(text: str) -> Dialled | None:
    marker, closed, rest = text[1:].partition(">")
    did = ""
    if marker in ("D", "d"):
        did, _, rest = rest.partition("<")
        marker, closed, rest = rest.partition(">")
    if not closed:
        return None
    number, hidden, name = _caller(rest.strip())
    return Dialled(
        "incoming",
        number=number,
        number_text=number + hidden if number else None,
        did=did.strip() or None,
        name=name,
        masked=bool(hidden),
        waiting="UCD" in marker.upper(),
    )


def _caller(text: str) -> tuple[str | None, str, str | None]:
    """Number, the X that hide its last digits, and name, in whatever order they are printed."""
    if text.isdecimal():
        return text, "", None
    hidden = ""
    if keyed := _KEYED.search(text):
        hidden = keyed[1] or ""
        text = text[: keyed.start()] + (keyed[2] or "")
    if found := _NUMBER_FIRST.fullmatch(text):
        return found[1], hidden, found[2] or None
    if found := _NUMBER_LAST.fullmatch(text):
        return found[2], hidden, found[1]
    return None, hidden, text or None


def _outgoing(text: str) -> Dialled:
    """Digits keyed after `*`, `#`, `-`, `X` or a pause stay on the wire: they may be secret."""
    match = _OUTGOING.fullmatch(text)
    if match is None:
        return Dialled("outgoing")
    digits = match["digits"]
    masked = "." in text or "X" in text
    return Dialled(
        "outgoing",
        number=digits.replace(".", "") or None,
        number_text=(match["lead"] + digits).strip() or None,
        masked=masked,
    )


class LineReader:
    """Reads lines as one exchange prints them; learns the layout from headings and columns."""

    def __init__(self, layouts: tuple[LayoutName, ...], time: PrintedTime) -> None:
        self._names = layouts
        self._layouts = [LAYOUTS[name] for name in layouts]
        self.time = time

    @property
    def layout(self) -> LayoutName:
        """The layout of the stream as known now."""
        return self._layouts[0].name

    @layout.setter
    def layout(self, name: LayoutName) -> None:
        if name in self._names:
            self._layouts.sort(key=lambda layout: layout.name != name)

    def read(self, text: str) -> Line | bool:
        """A line as a record; True when it is known to be none; False when no rule reads it."""
        for layout in self._layouts:
            match = layout.columns.match(text.ljust(layout.width))
            if match is None and layout.name == "ta" and text[1:2] == "/":
                match = layout.columns.match((" " + text).ljust(layout.width))
            if match:
                if layout is not self._layouts[0] and match["talk"].strip():
                    self.layout = layout.name
                return self._line(match, layout.name, text)
        if found := heading(text):
            self.layout = found
            return True
        if match := LOOSE.fullmatch(text):
            return self._line(match, self.layout, text)
        return is_noise(text)

    def _line(self, match: re.Match[str], layout: LayoutName, raw: str) -> Line | bool:
        date, mark, time, extension, line, dial, ring, talk, account, condition = match.groups()
        called = dialled(dial.strip())
        if called is None:
            return False
        extension = extension.strip() if extension else None
        line = line.strip() if line else None
        if called.direction == "outgoing" and not (line or called.number_text):
            return False
        if called.direction == "incoming" and not (line or extension):
            return True
        if extension and extension[0] in "*C":
            extension = None
        condition = condition.strip() if condition else None
        return Line(
            layout=layout,
            printed=self.time.read(date, time),
            device_time=f"{date.strip()} {time.strip()}",
            direction=called.direction,
            extension=extension or None,
            line=line or None,
            number=called.number,
            number_text=called.number_text,
            did=called.did,
            name=called.name,
            ring_seconds=ring_seconds(ring),
            talk_seconds=talk_seconds(talk),
            condition=condition if condition and layout != "ta" else None,
            account_code=account.strip(" .") or None if account else None,
            transferred=mark == "*" or condition == "TR",
            masked=called.masked,
            waiting=called.waiting,
            raw=raw,
        )


@lru_cache(maxsize=1024)
def ring_seconds(text: str | None) -> int | None:
    """`m'ss` in seconds; None where blank or stars."""
    if not text or not text[-1].isdecimal():
        return None
    minutes, seconds = text.split("'")
    return int(minutes) * 60 + int(seconds) if minutes.strip().isdecimal() else None


@lru_cache(maxsize=256)
def talk_seconds(text: str | None) -> int | None:
    """`hh:mm'ss`, with or without the closing quote, in seconds; None where blank or stars."""
    if not text or not text[7:8].isdecimal() or "*" in text:
        return None
    return int(text[:2]) * 3600 + int(text[3:5]) * 60 + int(text[6:8])
