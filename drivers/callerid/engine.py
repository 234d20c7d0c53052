r"""Reads any profile: bytes in, signals out.

    bytes ─▶ LineSplitter ─▶ "L1R02" ─▶ the first rule that fits all of it ─▶ Signal
                             "\xffL1R02" ─▶ ... else one that fits its end ─▶ the rest is unread

A byte of noise before a record thus costs the byte, not the record. Never raises on any bytes;
nothing waits here but one unfinished frame.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from msgspec import Struct

from drivers.callerid.caller_text import Caller, read_caller, read_message
from drivers.callerid.profile import Event, Profile
from drivers.wire.lines import LineSplitter

_BLANKS = " \t\r\n\f"
_LONGEST_LINE_NAME = 8
_NO_KEY = re.compile(r"[^0-9*#A-D]")
"""Dashes and blanks that a unit prints into a dialled number."""


class Signal(Struct, frozen=True, gc=False):
    """What one frame said. `line` is as printed, empty from a unit that knows one line only.

    digits: keyed here. duration, printed: as the unit wrote them.
    """

    event: Event
    line: str = ""
    caller: Caller | None = None
    rings: int | None = None
    digits: str = ""
    duration: str | None = None
    printed: str | None = None


class Frame(Struct, frozen=True, gc=False):
    """One frame: its signal, if a rule fits, and of its text what no rule reads.

    fragment: it may have begun before we listened, so that its beginning may be lacking.
    """

    text: str
    signal: Signal | None
    unread: str
    fragment: bool


@dataclass(frozen=True, slots=True)
class _Reading:
    """A rule, made ready. `at_end` finds it at the end of a frame."""

    event: Event
    whole: re.Pattern[str]
    at_end: re.Pattern[str]


class Engine:
    """Reads one unit's bytes by its profile; the same frames come out under any cut."""

    def __init__(self, profile: Profile) -> None:
        framing = profile.framing
        self._splitter = LineSplitter(framing.ends.encode("latin-1"))
        self._longest = framing.longest
        self._readings = [
            _Reading(
                _swapped(rule.event, profile), re.compile(rule.regex, re.ASCII), _at_end(rule.regex)
            )
            for rule in profile.rules
        ]

    @property
    def pending(self) -> bytes:
        """The frame that has not ended yet."""
        return self._splitter.pending

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take bytes, cut anywhere; the frames that they complete."""
        texts = self._splitter.feed(data)
        fragment = self._splitter.first_may_be_fragment
        for line in texts:
            if text := line.strip(_BLANKS):
                yield self._read(text, fragment=fragment)
            fragment = False

    def _read(self, text: str, *, fragment: bool) -> Frame:
        if len(text) > self._longest:
            return Frame(text, None, text, fragment)
        for reading in self._readings:
            if found := reading.whole.fullmatch(text):
                return Frame(text, _signal(reading.event, found), "", fragment)
        for reading in self._readings:
            if found := reading.at_end.search(text, 1):
                before = text[: found.start()].rstrip(_BLANKS)
                unread = "" if self._is_known(before) else before
                return Frame(text, _signal(reading.event, found), unread, fragment)
        return Frame(text, None, text, fragment)

    def _is_known(self, text: str) -> bool:
        """A banner without an end of its own, before a record."""
        return any(each.event == "info" and each.whole.fullmatch(text) for each in self._readings)

    def forget(self) -> None:
        """The link broke: what had begun does not go on."""
        self._splitter.flush()


def _at_end(regex: str) -> re.Pattern[str]:
    """The flags at a regex's beginning must stay there."""
    flags = found[0] if (found := re.match(r"\(\?[aiLmsux]+\)", regex)) else ""
    return re.compile(rf"{flags}(?:{regex.removeprefix(flags)})\Z", re.ASCII)


def _swapped(event: Event, profile: Profile) -> Event:
    if profile.semantics.hook_off_means_lifted:
        return event
    swapped: dict[Event, Event] = {"off_hook": "on_hook", "on_hook": "off_hook"}
    return swapped.get(event, event)


def _signal(event: Event, found: re.Match[str]) -> Signal:
    groups = found.groupdict()
    rings = groups.get("rings")
    digits = groups.get("digits") or _characters(groups.get("digits_hex"))
    return Signal(
        event=event,
        line=_line(groups),
        caller=_caller(event, groups),
        rings=int(rings) if rings and rings.isdecimal() else None,
        digits=_NO_KEY.sub("", digits.upper()),
        duration=groups.get("duration") or None,
        printed=groups.get("printed") or None,
    )


def _line(groups: dict[str, str | None]) -> str:
    if counted := groups.get("line_hex"):
        return str(int(counted, 16) + 1)
    return (groups.get("line") or "")[:_LONGEST_LINE_NAME]


def _caller(event: Event, groups: dict[str, str | None]) -> Caller | None:
    """What the record says of the caller, None where it does not speak of one."""
    if message := groups.get("message"):
        return read_message(message)
    number = groups.get("number")
    if number is None and (pairs := groups.get("number_hex")) is not None:
        number = _characters(pairs)
    name = (groups.get("name") or "").strip() or None
    if number is None:
        return Caller(name=name) if event == "caller_name" else None
    caller = read_caller(number)
    if groups.get("bad"):
        return Caller(caller.number, "unreliable", name)
    return Caller(caller.number, caller.told, name)


def _characters(pairs: str | None) -> str:
    """Pairs of hex digits as text, up to the zeros that fill a report."""
    try:
        return bytes.fromhex(pairs or "").partition(b"\0")[0].decode("latin-1")
    except ValueError:
        return ""
