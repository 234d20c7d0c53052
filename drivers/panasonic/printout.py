"""How a Panasonic exchange lays a line out on paper: columns and page headings.

    TA/TE   12/19/06   3:17PM  16  01   <    incoming    >354441            00:00'22" ....
    tda-a   01/02/07 20:12     205 03 <I>0497097                0'00 00:02'05

Columns come from the exchanges' manuals and from lines of real sites. The printed minute is the
floor of the site's local time; what does not fit its column is cut. Counters stop at their limit:
99:59'59 for talk, 9'59 for ring.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

Layout = Literal["ta", "tda-a", "tda-b", "tda-c"]
DateOrder = Literal["dmy", "mdy", "ymd"]
Clock = Literal["12h", "24h"]
Names = Literal["none", "after", "before"]

TA_MODELS = ("KX-TA824", "KX-TES824", "KX-TEM824")
TDA_MODELS = (
    *("KX-TDA100", "KX-TDA200", "KX-TDA600"),
    *("KX-TDE100", "KX-TDE200", "KX-TDE600"),
    *("KX-NS500", "KX-NSX1000", "KX-NSX2000"),
)
MODELS = TA_MODELS + TDA_MODELS

LONGEST_TALK = 99 * 3600 + 59 * 60 + 59
LONGEST_RING = 9 * 60 + 59


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """An exchange as its installer programmed it. Start from `exchange_of` and replace fields.

    received, answered: lines RC at the ring and AN at the answer (TDA family). ring_notice: caller
    ID is printed before the answer (TA/TE). internal, did, names: printed at all, and the name
    before or after the number (TDA family only; NS and NSX put no blank between). ring_times: the
    ring column is filled. marker: the word of an incoming call. page_length: lines on a page with
    its heading; 0 prints one heading for ever. Raises ValueError for what the model cannot print.
    """

    model: str
    timezone: ZoneInfo
    layout: Layout
    date_order: DateOrder
    clock: Clock
    marker: str
    received: bool = False
    answered: bool = False
    ring_notice: bool = True
    internal: bool = True
    did: bool = False
    names: Names = "none"
    ring_times: bool = True
    page_length: int = 0
    line_end: Literal["\r\n", "\r"] = "\r\n"

    def __post_init__(self) -> None:
        if self.model not in MODELS:
            message = f"unknown model {self.model}: take one of {', '.join(MODELS)}"
            raise ValueError(message)
        if (self.model in TA_MODELS) != (self.layout == "ta"):
            message = f"{self.model} does not print layout {self.layout}"
            raise ValueError(message)
        if self.layout == "ta" and self.clock == "24h":
            message = f"{self.model} prints a 12 hour clock only"
            raise ValueError(message)

    @property
    def dial_width(self) -> int:
        """Characters that the dial column holds."""
        return 37 if self.layout == "ta" else _TDA[self.layout].dial_width

    @property
    def prints_internal(self) -> bool:
        """Whether intercom calls are printed: TA/TE never do."""
        return self.internal and self.layout != "ta"

    @property
    def prints_ring(self) -> bool:
        """Whether a ring time can be read from the paper: pattern B and TA/TE have no column."""
        return self.ring_times and self.layout in ("tda-a", "tda-c")


def exchange_of(model: str, timezone: ZoneInfo) -> Exchange:
    """The model as it leaves the factory. Raises ValueError for an unknown model."""
    if model in TA_MODELS:
        return Exchange(
            model=model,
            timezone=timezone,
            layout="ta",
            date_order="mdy",
            clock="12h",
            marker="<    incoming    >",
        )
    return Exchange(
        model=model,
        timezone=timezone,
        layout="tda-a",
        date_order="dmy",
        clock="24h",
        marker="<I>",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line before it has columns: printed at `at`, showing the time `shows`; None is blank."""

    at: datetime
    shows: datetime
    extension: str
    line: int | None
    dial: str
    ring: int | None = None
    duration: int | None = None
    account: str | None = None
    code: str = ""
    transferred: bool = False


@dataclass(frozen=True, slots=True)
class Printed:
    """Bytes that leave the exchange at a moment (aware UTC): one line, or one page heading."""

    at: datetime
    text: bytes


class Pager:
    """Counts the lines of a page. Every connection over a network has its own."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._room: int | None = 0

    def begin(self) -> bytes:
        """Start a page: its heading."""
        text = heading(self._exchange)
        length = self._exchange.page_length
        titles = text.count(self._exchange.line_end.encode())
        self._room = max(1, length - titles) if length else None
        return text

    def before_line(self) -> bytes:
        """What comes before the next line, which it counts: a page heading, or nothing."""
        titles = self.begin() if self._room == 0 else b""
        if self._room is not None:
            self._room -= 1
        return titles


def with_headings(records: Iterable[Printed], exchange: Exchange) -> Iterator[Printed]:
    """The paper of a serial printer: records with a heading at each page's start."""
    pager = Pager(exchange)
    for record in records:
        titles = pager.before_line()
        if titles:
            yield Printed(record.at, titles)
        yield record


def heading(exchange: Exchange) -> bytes:
    """Title and dashes of a page, after an empty line (TA/TE) or a form feed (TDA family)."""
    end = exchange.line_end
    title = _TA_TITLE if exchange.layout == "ta" else _TDA[exchange.layout].title
    start = end if exchange.layout == "ta" else "\f"
    return f"{start}{title}{end}{'-' * len(title)}{end}".encode("latin-1")


def line_text(line: int | None, exchange: Exchange) -> str:
    """A line's number as printed. Two columns have no room for line 100: it prints 00."""
    if line is None:
        return ""
    if exchange.layout == "tda-c":
        return f"{line:04d}"
    return f"{line:02d}" if line < 100 else "00"


def lay_out(entry: Entry, exchange: Exchange) -> bytes:
    """The line as it leaves the exchange, with its line end."""
    row = _lay_out_ta(entry, exchange) if exchange.layout == "ta" else _lay_out_tda(entry, exchange)
    return (row + exchange.line_end).encode("latin-1", "replace")


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where a pattern of the TDA family starts its columns; an extension ends before `line`."""

    title: str
    line: int
    dial: int
    dial_width: int
    ring: int | None
    duration: int
    cost_end: int | None
    account: int
    code: int


_TA_TITLE = "  Date      Time  Ext. CO      Dial number                      Duration  Code  "
_TDA = {
    "tda-a": _Columns(
        "  Date     Time    Ext CO        Dial Number        Ring Duration  Acc code  CD ",
        *(23, 26, 25, 52, 57, None, 66, 77),
    ),
    "tda-b": _Columns(
        "  Date     Time   Ext CO Dial Number          Duration Cost       Acc code   CD ",
        *(22, 25, 20, None, 46, 65, 66, 77),
    ),
    "tda-c": _Columns(
        "Date     Time    Ext   CO   Dial Number                            "
        "            Ring Duration Cost        Acc code   CD  ",
        *(23, 28, 50, 79, 84, 104, 105, 116),
    ),
}


def _lay_out_tda(entry: Entry, exchange: Exchange) -> str:
    columns = _TDA[exchange.layout]
    row = [" "] * len(columns.title)
    local = entry.shows.astimezone(exchange.timezone)
    _put(row, 0, _date(local, exchange.date_order, "{:02d}/{:02d}/{:02d}"))
    _put(row, 9, local.strftime("%H:%M" if exchange.clock == "24h" else "%I:%M%p"))
    _put(row, columns.line - 1 - len(entry.extension), entry.extension)
    _put(row, columns.line, line_text(entry.line, exchange))
    _put(row, columns.dial, entry.dial[: columns.dial_width])
    if columns.ring is not None and entry.ring is not None and exchange.ring_times:
        _put(row, columns.ring, _ring(entry.ring))
    if entry.duration is not None:
        _put(row, columns.duration, _duration(entry.duration))
        if columns.cost_end is not None:
            _put(row, columns.cost_end - 8, "00000.00")
    _put(row, columns.account, (entry.account or "")[:10])
    _put(row, columns.code, entry.code)
    return "".join(row)


def _lay_out_ta(entry: Entry, exchange: Exchange) -> str:
    row = [" "] * len(_TA_TITLE)
    local = entry.shows.astimezone(exchange.timezone)
    _put(row, 0, _date(local, exchange.date_order, _TA_DATES[exchange.date_order]))
    _put(row, 9, "*" if entry.transferred else "")
    _put(row, 10, f"{local.hour % 12 or 12:2d}:{local.minute:02d}{local:%p}")
    _put(row, 21 - len(entry.extension), entry.extension)
    _put(row, 23, line_text(entry.line, exchange))
    _put(row, 26, entry.dial[:37])
    if entry.duration is not None:
        _put(row, 64, _duration(entry.duration) + '"')
    _put(row, 74, (entry.account or "")[-4:].rjust(4, "."))
    _put(row, 79, entry.code)
    return "".join(row)


_TA_DATES = {
    "mdy": "{:2d}/{:2d}/{:02d}",
    "dmy": "{:2d}/{:2d}/{:02d}",
    "ymd": "{:02d}/{:2d}/{:2d}",
}


def _date(local: datetime, order: DateOrder, form: str) -> str:
    parts = {"d": local.day, "m": local.month, "y": local.year % 100}
    return form.format(*(parts[letter] for letter in order))


def _duration(seconds: int) -> str:
    seconds = min(seconds, LONGEST_TALK)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}'{seconds % 60:02d}"


def _ring(seconds: int) -> str:
    seconds = min(seconds, LONGEST_RING)
    return f"{seconds // 60}'{seconds % 60:02d}"


def _put(row: list[str], start: int, text: str) -> None:
    row[start : start + len(text)] = text
