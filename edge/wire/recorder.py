"""Writes a capture while it is being made: every chunk is in the file at once.

At the end remarks say what was heard: how much of the bytes at each speed is printable, and what
the drivers make of them.
"""

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from drivers.detect.framing import framing
from drivers.wire.capture import Entry, LineChange, Mark, Received, format_entry, format_header
from edge.errors import CommandFailed

_PRINTABLE = frozenset(range(0x20, 0x7F)) | {0x0A, 0x0C, 0x0D}


class Recorder:
    """One capture file, 0600, which must not be there yet.

    chunks, bytes, marks: of it up to now. Raises CommandFailed when it cannot be made.
    """

    def __init__(self, path: Path, header: Iterable[tuple[str, str]]) -> None:
        self.chunks = self.bytes = self.marks = 0
        self._path = path
        self._line = ""
        self._heard: Counter[str] = Counter()
        self._readable: Counter[str] = Counter()
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise CommandFailed(
                f"cannot make {path} ({error.strerror}): name a new file in a folder that you may"
                " write to"
            ) from error
        self._file = os.fdopen(handle, "w", encoding="utf-8")
        self._write(format_header(header))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_reason: object) -> None:
        self._file.close()

    def note(self, entry: Entry) -> None:
        """Write one entry. Raises CommandFailed when the disk takes no more."""
        if isinstance(entry, LineChange):
            self._line = entry.settings
        elif isinstance(entry, Mark):
            self.marks += 1
        elif isinstance(entry, Received):
            self.chunks += 1
            self.bytes += len(entry.data)
            self._heard[self._line] += len(entry.data)
            text = framing(entry.data)[1]
            self._readable[self._line] += sum(byte in _PRINTABLE for byte in text)
        self._write(format_entry(entry))

    def remark(self, key: str, text: str) -> None:
        """A line of the header, wherever it stands."""
        self._write(f"# {key}: {' '.join(text.split())}\n")

    @property
    def scores(self) -> list[str]:
        """For each setting of the line how much was heard, and how much of it is printable."""
        return [
            f"{line or 'as set'}: {count} bytes, {100 * self._readable[line] // count} % printable"
            for line, count in self._heard.items()
        ]

    def _write(self, text: str) -> None:
        try:
            self._file.write(text)
            self._file.flush()
        except OSError as error:
            raise CommandFailed(
                f"{self._path} cannot be written ({error.strerror}): make room there"
            ) from error
