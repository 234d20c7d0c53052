r"""Bytes to lines, cut anywhere.

    ...345  0'12\r\n\f  01/02/07 ...     CR, LF and FF each end a line; empty lines are dropped
    \x00 \x11 \x13                       NUL, XON and XOFF are stripped: no line contains them

A line longer than LONGEST cannot be a record: it is given out in pieces of LONGEST + 1 characters
as they fill, and what remains before its end is dropped. So `len(line) > LONGEST` is the mark of an
overlong piece, to be counted as unread, and never more than LONGEST characters wait here.
"""

LONGEST = 512
LINE_ENDS = b"\r\n\f"

_STRIPPED = b"\x00\x11\x13"


class LineSplitter:
    """Collects bytes and gives out complete lines, the same under any cut of the bytes.

    Where other bytes than LINE_ENDS end a line, those count as blanks in it.
    first_may_be_fragment: of the last answer, the first line began before we listened; only then
    can it lack its beginning. False again from the next answer on.
    """

    __slots__ = ("_overlong", "_seen_end", "_table", "_waiting", "first_may_be_fragment")

    def __init__(self, ends: bytes = LINE_ENDS) -> None:
        blanks = bytes(byte for byte in LINE_ENDS if byte not in ends)
        self._table = bytes.maketrans(blanks + ends, b" " * len(blanks) + b"\n" * len(ends))
        self._waiting = b""
        self._overlong = False
        self._seen_end = False
        self.first_may_be_fragment = False

    @property
    def pending(self) -> bytes:
        """The line that has not ended yet, at most LONGEST bytes, without stripped bytes."""
        return self._waiting

    def feed(self, data: bytes) -> list[str]:
        """Take bytes; return the lines that they complete, as Latin-1 text without line ends."""
        data = self._waiting + data.translate(self._table, _STRIPPED)
        if b"\n" not in data and len(data) <= LONGEST and self._seen_end and not self._overlong:
            self._waiting = data  # a part of a line, as most reads of a serial port are
            self.first_may_be_fragment = False
            return []
        text = data.decode("latin-1")
        parts = text.split("\n")
        rest = parts.pop()
        if self._overlong or len(text) > LONGEST:
            lines, rest = self._bounded(parts, rest)
        else:
            lines = [part for part in parts if part]
        self._waiting = rest.encode("latin-1")
        if self._seen_end:
            self.first_may_be_fragment = False
        else:
            self._tell_fragment(parts, lines)
        return lines

    def flush(self) -> list[str]:
        """End of input: return the unfinished line, if there is one, and begin anew."""
        rest = [] if self._overlong else [self._waiting.decode("latin-1")]
        lines = [line for line in rest if line]
        self.first_may_be_fragment = not self._seen_end and bool(lines)
        self._waiting = b""
        self._overlong = False
        self._seen_end = False
        return lines

    def _bounded(self, parts: list[str], rest: str) -> tuple[list[str], str]:
        """Cut overlong lines into pieces; most often there is none."""
        if not self._overlong and max(map(len, parts), default=0) <= LONGEST >= len(rest):
            return [part for part in parts if part], rest
        lines: list[str] = []
        for part in parts:
            pieces, tail = _cut(part)
            lines += pieces
            if tail and not pieces and not self._overlong:
                lines.append(tail)
            self._overlong = False
        pieces, rest = _cut(rest)
        self._overlong = self._overlong or bool(pieces)
        return lines + pieces, rest

    def _tell_fragment(self, parts: list[str], lines: list[str]) -> None:
        """Until a line end was seen. An empty first part ended a line that we heard nothing of."""
        self._seen_end = bool(parts)
        self.first_may_be_fragment = bool(lines) and (not parts or bool(parts[0]))


def _cut(part: str) -> tuple[list[str], str]:
    """Full pieces of LONGEST + 1 characters, and the remainder."""
    size = LONGEST + 1
    full = len(part) // size * size
    return [part[start : start + size] for start in range(0, full, size)], part[full:]
