"""Whether bytes of an unknown device are the log of an exchange, and of which.

    28/11/26 20:13     109 04 <I>02144556677            0'06 00:00'12
    ^^ above 12: the day comes first

The columns tell the layout, and the dates their order as far as days above 12 do. Models of one
family print alike, so the model stays a choice; so does KX-T1232 beside the TA family, which this
driver must not read at all.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from drivers.evidence import Evidence
from drivers.panasonic.layouts import LAYOUTS, heading
from drivers.panasonic.models import MODELS, TA, TDA, Family, LayoutName, Order
from drivers.panasonic.printed_time import PrintedTime, possible_orders
from drivers.panasonic.record import Line, LineReader

SAMPLES = 3
_ENDS = re.compile(rb"[\r\n\f]+")
_RULE = re.compile(r"\s*-{10,}\s*")
_STRIPPED = b"\x00\x11\x13"
_LIKELIEST = {id(TA): "KX-TES824", id(TDA): "KX-TDA100"}
_TA_BEWARE = "A KX-T1232 prints the same lines and would be misread: make sure that it is not one."


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one layout makes of the lines: bytes read and unread, and the records in order."""

    layout: LayoutName
    read: int
    unread: int
    records: tuple[Line, ...]


def evidence(data: bytes) -> Sequence[Evidence]:
    """See DriverSpec.evidence."""
    lines = tuple(_whole_lines(data))
    found = [each for family in (TDA, TA) if (each := _of_family(family, lines))]
    return sorted(found, key=lambda each: (-each.records, each.unread))


def _whole_lines(data: bytes) -> Iterator[tuple[str, int, bool]]:
    """Each line that has ended: its text, its bytes with the line end, and whether it is the first.

    The first may lack its beginning.
    """
    start = 0
    for end in _ENDS.finditer(data):
        text = data[start : end.start()].translate(None, _STRIPPED).decode("latin-1")
        yield text, end.end() - start, start == 0
        start = end.end()


def _of_family(family: Family, lines: Sequence[tuple[str, int, bool]]) -> Evidence | None:
    readings = [_read(family, layout, lines) for layout in family.layouts]
    most = max(len(reading.records) for reading in readings)
    best = max(readings, key=lambda reading: (len(reading.records), reading.read))
    if not best.records and not best.read:
        return None
    alike = [each.layout for each in readings if most and len(each.records) == most]
    orders = _orders(best.records, family)
    models = [name for name, model in MODELS.items() if model.family is family]
    models.sort(key=lambda name: name != _LIKELIEST[id(family)])
    choices: dict[str, Sequence[object]] = {"model": models}
    if len(alike) > 1:
        choices["layout"] = sorted(alike, key=lambda name: name != best.layout)
    if len(orders) > 1:
        choices["date_order"] = orders
    return Evidence(
        settings={"model": models[0], "date_order": orders[0], "layout": best.layout},
        choices=choices,
        records=len(best.records),
        read=best.read,
        unread=best.unread,
        sample=tuple(_in_words(line) for line in best.records[-SAMPLES:]),
        beware=(_TA_BEWARE,) if family is TA else (),
    )


def _read(family: Family, layout: LayoutName, lines: Sequence[tuple[str, int, bool]]) -> _Reading:
    reader = LineReader((layout,), PrintedTime(family.order, order_is_set=False, clock="auto"))
    records = []
    read = unread = 0
    for text, size, first in lines:
        line = reader.read(text) if _in_columns(text, layout) else False
        if isinstance(line, Line) and (line.printed is not None or "*" in line.device_time):
            records.append(line)
            read += size
        elif heading(text) == layout or _RULE.fullmatch(text) or not text.strip():
            read += size if text.strip() or records else 0
        elif not first:
            unread += size
    known = records or any(heading(text) == layout for text, _, _ in lines)
    return _Reading(layout, read if known else 0, unread, tuple(records))


def _in_columns(text: str, layout: LayoutName) -> bool:
    """Read by its columns alone: a line whose blanks were lost tells no layout."""
    columns, width = LAYOUTS[layout].columns, LAYOUTS[layout].width
    padded = " " + text if layout == "ta" and text[1:2] == "/" else text
    return len(padded) <= width and columns.match(padded.ljust(width)) is not None


def _orders(records: Sequence[Line], family: Family) -> list[str]:
    """The orders that every date allows, the likeliest first.

    While day and month may be exchanged only the box's clock tells them apart: `auto` then.
    """
    left: set[Order] = {"dmy", "mdy", "ymd"}
    for line in records:
        left &= possible_orders(line.device_time) or left
    usual: tuple[Order, ...] = ("dmy", "mdy", "ymd") if family is TDA else ("mdy", "dmy", "ymd")
    orders: list[str] = [order for order in usual if order in left]
    return ["auto", *orders] if {"dmy", "mdy"} <= left or not orders else orders


def _in_words(line: Line) -> str:
    parts = [line.device_time, line.direction or "a service line"]
    if line.number_text:
        parts.append(line.number_text)
    if line.line:
        parts.append(f"line {line.line}")
    if line.extension:
        parts.append(f"extension {line.extension}")
    return ", ".join(parts)
