r"""Recorded bytes as text, `.cap`: what a link carried, and when.

    # payvand capture 1
    # started: 2025-03-01T08:30:00+03:30
    # driver: panasonic
    0.502 < "01/02/07 20:12 ...\r\n"       from the device; `>` to it; seconds since the start
    12.000 ! "called line 2"               a technician's mark, UTF-8
    12.500 = 9600 8N1                      the line settings changed
    13.000 ~ framing 3, parity 0, ...      what the port counted, and the lines that are up

In quotes stand printable ASCII and the escapes \\ \" \r \n \t \xNN, nothing else. Lines of unknown
kinds are skipped, so that later versions can add some.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

_MAGIC = "# payvand capture "
_VERSION = "1"
_BOM = b"\xef\xbb\xbf"
_LINE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) (\S+)(?: (.*))?")
_BODY = re.compile(r'"((?:[ !#-\[\]-~]|\\[\\"rnt]|\\x[0-9a-fA-F]{2})*)')
_ESCAPE = re.compile(r"\\(?:x(..)|(.))")
_SHORT = {"\\": "\\", '"': '"', "r": "\r", "n": "\n", "t": "\t"}
_PRINTABLE = range(0x20, 0x7F)
_ESCAPED = {code: f"\\x{code:02x}" for code in range(256) if code not in _PRINTABLE} | {
    ord(char): f"\\{letter}" for letter, char in _SHORT.items()
}


class CaptureError(ValueError):
    """The text is no capture that can be read. The message names the line and what to do."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"line {line}: {problem}")
        self.line = line


@dataclass(frozen=True, slots=True)
class Received:
    """Bytes that came from the device, `at` seconds after the start."""

    at: float
    data: bytes


@dataclass(frozen=True, slots=True)
class Sent:
    """Bytes that went to the device."""

    at: float
    data: bytes


@dataclass(frozen=True, slots=True)
class Mark:
    """What a technician noted while recording."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class LineChange:
    """New line settings from here on, such as `9600 8N1`."""

    at: float
    settings: str


@dataclass(frozen=True, slots=True)
class PortState:
    """What the port counted up to now, and which control lines the device holds up, in words."""

    at: float
    text: str


Entry = Received | Sent | Mark | LineChange | PortState


@dataclass(frozen=True, slots=True)
class Capture:
    """A whole recording. `header` holds every `# key: value` line, in order, `started` too."""

    header: tuple[tuple[str, str], ...]
    entries: tuple[Entry, ...]

    def value(self, key: str) -> str | None:
        """Return the header's first value of this key, or None."""
        return next((value for name, value in self.header if name == key), None)

    @property
    def started(self) -> datetime | None:
        """When the recording began, aware; None when the header does not tell."""
        text = self.value("started")
        return None if text is None else datetime.fromisoformat(text)

    @property
    def received(self) -> bytes:
        """All bytes from the device, joined."""
        return b"".join(entry.data for entry in self.entries if isinstance(entry, Received))


def is_capture(data: bytes) -> bool:
    """Tell a capture from raw bytes by its first line."""
    return data.removeprefix(_BOM).startswith(_MAGIC.encode())


def read_capture(data: bytes) -> Capture:
    """Read a whole `.cap`. Raises CaptureError."""
    try:
        lines = data.removeprefix(_BOM).decode().split("\n")
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        raise CaptureError(number, "no UTF-8 text; write such bytes as \\xNN") from None
    first = lines[0].rstrip()
    if not first.startswith(_MAGIC):
        raise CaptureError(1, f"a capture begins with `{_MAGIC}{_VERSION}`")
    if first != _MAGIC + _VERSION:
        raise CaptureError(1, f"version {first[len(_MAGIC) :]} is not known; update Payvand")
    header: list[tuple[str, str]] = []
    entries: list[Entry] = []
    for number, line in enumerate(lines[1:], start=2):
        text = line.rstrip("\r")
        if text.startswith("#"):
            header += _header_field(number, text)
        elif text.strip():
            entries += _entry(number, text)
    return Capture(tuple(header), tuple(entries))


def format_header(fields: Iterable[tuple[str, str]]) -> str:
    """The first lines of a capture; `started` among the fields is RFC 3339 text."""
    flat = [(key, " ".join(value.split())) for key, value in fields]
    return f"{_MAGIC}{_VERSION}\n" + "".join(f"# {key}: {value}\n" for key, value in flat)


def format_entry(entry: Entry) -> str:
    """One line with its line end. Times are kept to the millisecond."""
    match entry:
        case Received(at, data):
            return f"{at:.3f} < {_quoted(data)}\n"
        case Sent(at, data):
            return f"{at:.3f} > {_quoted(data)}\n"
        case Mark(at, text):
            return f"{at:.3f} ! {_quoted(text.encode(errors='replace'))}\n"
        case LineChange(at, settings):
            return f"{at:.3f} = {settings}\n"
        case PortState(at, text):
            return f"{at:.3f} ~ {text}\n"


def format_capture(capture: Capture) -> str:
    """The text of a whole capture, as `read_capture` reads it."""
    return format_header(capture.header) + "".join(map(format_entry, capture.entries))


def _quoted(data: bytes) -> str:
    return f'"{data.decode("latin-1").translate(_ESCAPED)}"'


def _header_field(number: int, line: str) -> list[tuple[str, str]]:
    """A `#` line without a colon is a remark and gives nothing."""
    key, colon, value = line[1:].partition(":")
    field = (key.strip(), value.strip())
    if field[0] == "started":
        _check_started(number, field[1])
    return [field] if colon else []


def _check_started(number: int, text: str) -> None:
    try:
        aware = datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        aware = False
    if not aware:
        example = "2025-03-01T08:30:00+03:30"
        raise CaptureError(number, f"started is {text!r}; write it like {example}")


def _entry(number: int, line: str) -> list[Entry]:
    found = _LINE.fullmatch(line)
    if found is None:
        raise CaptureError(number, 'expected a time and a kind, such as `0.502 < "text"`')
    at = float(found[1])
    rest = found[3] or ""
    match found[2]:
        case "<":
            return [Received(at, _unquoted(number, rest))]
        case ">":
            return [Sent(at, _unquoted(number, rest))]
        case "!":
            return [Mark(at, _unquoted(number, rest).decode(errors="replace"))]
        case "=":
            return [LineChange(at, rest.strip())]
        case "~":
            return [PortState(at, rest.strip())]
        case _:
            return []


def _unquoted(number: int, text: str) -> bytes:
    text = text.rstrip()
    found = _BODY.match(text)
    if found is None:
        raise CaptureError(number, "the bytes must stand in double quotes")
    left = text[found.end() :]
    if left == "":
        raise CaptureError(number, "the closing quote is missing; if cut off, delete it")
    if left != '"':
        raise CaptureError(number, f"cannot read {left[:8]!r}; {_what_to_do(left)}")
    return _ESCAPE.sub(_character, found[1]).encode("latin-1")


def _what_to_do(left: str) -> str:
    if left[0] == "\\":
        return 'the escapes are \\\\ \\" \\r \\n \\t \\xNN'
    if left[0] == '"':
        return 'write a quote inside the bytes as \\"'
    return "write what is not printable ASCII as \\xNN"


def _character(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16)) if escape[1] else _SHORT[escape[2]]
